import type { FieldError } from '@stoa/contract'
import type { ProductStatus } from '@stoa/contracts/product'
import type { AttributeValue } from '@stoa/contracts/search-document'
import type { Tx } from '@stoa/runtime'
import type { z } from 'zod'
import type { Option, VariantInput } from './variant-rules.ts'

/** Products in one call: a transaction of some 100 ms. */
export const MAX_WRITE = 500

/** A picture of a product, stored already: `ensureSources` answers the ids of those that are known by address. */
export type WriteMedia = {
  readonly mediaId: string
  /** Of this use of it; null: the picture's own. */
  readonly alt: string | null
  /** The variants that it shows; none: all. */
  readonly variantSkus: readonly string[]
}

/** A complete product. What is `undefined` stays as it is, or begins empty. */
export type WriteProduct = {
  /** Which product this is: the one of this slug, or the one that has a variant of this SKU. When there is none, it is created. */
  readonly by: { readonly slug: string } | { readonly sku: string }
  readonly name: string
  /** Absent: as it is; of a new product the slug of `by`, or made from the name and numbered when that is taken. */
  readonly slug?: string | undefined
  readonly brand?: string | null | undefined
  readonly description?: string | undefined
  /** The main one first. */
  readonly categoryIds?: readonly string[] | undefined
  /** All of them, by code. */
  readonly attributes?: Readonly<Record<string, AttributeValue>> | undefined
  /** Default: as they are; of a new product none. */
  readonly options?: readonly Option[] | undefined
  /** Those of a SKU that the product has are changed, the others added. In order. */
  readonly variants: readonly VariantInput[]
  /** What becomes of variants that are not named. */
  readonly missingVariants: 'keep' | 'archive'
  readonly seo?: { readonly title: string | null; readonly description: string | null } | undefined
  readonly media?: readonly WriteMedia[] | undefined
  /** Default: as it is; of a new product `draft`. */
  readonly status?: z.output<typeof ProductStatus> | undefined
  /** ISO 8601. */
  readonly publishAt?: string | null | undefined
  readonly unpublishAt?: string | null | undefined
}

/** In the order of the input. */
export type WriteOutcome =
  | {
      readonly outcome: 'created' | 'changed' | 'unchanged'
      readonly productId: string
      /** Which of its fields changed. */
      readonly changed: readonly string[]
    }
  | {
      readonly outcome: 'refused'
      readonly code:
        | 'INVALID_INPUT'
        | 'SKU_TAKEN'
        | 'SLUG_TAKEN'
        | 'CATEGORY_NOT_FOUND'
        | 'NOT_SELLABLE'
        | 'EXISTS'
      readonly fields: readonly FieldError[]
    }

export type WriteOptions = {
  /** Refuses what is there already (`EXISTS`), instead of changing it. */
  readonly createOnly?: boolean
  /** Answers what would be done, and writes nothing. */
  readonly dryRun?: boolean
}

/**
 * Creates and changes products with all that belongs to them, in a constant number of statements however many they are. Takes part in
 * the caller's transaction. What is not as it should be is refused item by item and leaves the others alone; what is there already as
 * it is said writes and announces nothing. Values are trusted to have the shapes and bounds of the contract; rules between them
 * (options, attributes, prices, uniqueness) are checked here.
 */
export async function writeProducts(
  _tx: Tx,
  _items: readonly WriteProduct[],
  _options: WriteOptions = {},
): Promise<WriteOutcome[]> {
  throw new Error('not yet')
}
