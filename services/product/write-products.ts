import type { FieldError } from '@stoa/contract'
import type { ProductStatus } from '@stoa/contracts/product'
import type { AttributeValue } from '@stoa/contracts/search-document'
import type { Query, Tx } from '@stoa/runtime'
import { v7 } from 'uuid'
import type { z } from 'zod'
import { brandKey, knownBrands } from './brands.ts'
import { claim, invalid, type Refusal, refuse } from './product-rules.ts'
import { loadProducts } from './products.ts'
import { freeSlug, slugify } from './slug.ts'
import {
  changedFields,
  distinctIds,
  moment,
  overlay,
  type ProductState,
  plan,
  type StoredProduct,
  type VariantState,
  variantState,
} from './stored-product.ts'
import { gtin14, loadAttributeRules, loadSurroundings, type Surroundings } from './surroundings.ts'
import type { Option, VariantInput } from './variant-rules.ts'
import { violatedConstraint } from './violation.ts'
import { type BatchChange, newBrands, writeBatch } from './write-batch.ts'

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
  /** Those of a SKU that the product has are changed (barcode, cost and weight stay when absent), the others added. In order. */
  readonly variants: readonly (VariantInput & { readonly archived?: boolean | undefined })[]
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
  tx: Tx,
  items: readonly WriteProduct[],
  options: WriteOptions = {},
): Promise<WriteOutcome[]> {
  if (items.length > MAX_WRITE) throw new RangeError(`at most ${MAX_WRITE} products at once`)
  const bySlug = items.flatMap(({ by }) => ('slug' in by ? [by.slug] : []))
  const bySku = items.flatMap(({ by }) => ('sku' in by ? [by.sku] : []))
  const productIds = await lockNamed(tx.query, { slugs: bySlug, skus: bySku })
  const stored = new Map((await loadProducts(tx.query, productIds)).map((one) => [one.productId, one]))
  const named = new Map<string, StoredProduct>()
  for (const product of stored.values()) {
    named.set(`slug:${product.slug}`, product)
    for (const { sku } of product.variants) named.set(`sku:${sku}`, product)
  }
  const around = await loadSurroundings(tx.query, {
    slugs: items.flatMap(({ by, slug }) => [...('slug' in by ? [by.slug] : []), ...(slug ? [slug] : [])]),
    stems: items.flatMap(({ by, slug, name }) =>
      'sku' in by && slug === undefined && !named.has(nameOf(by)) ? [slugify(name, 'product')] : [],
    ),
    skus: items.flatMap(({ variants }) => variants.map(({ sku }) => sku)),
    barcodes: items.flatMap(({ variants }) =>
      variants.flatMap(({ barcode }) => (barcode === undefined ? [] : [gtin14(barcode)])),
    ),
    categoryIds: [
      ...new Set([
        ...items.flatMap(({ categoryIds }) => categoryIds ?? []),
        ...[...stored.values()].flatMap(({ categoryIds }) => categoryIds),
      ]),
    ],
    mediaIds: items.flatMap(({ media }) => media?.map(({ mediaId }) => mediaId) ?? []),
  })
  const rules = await loadAttributeRules(
    tx.query,
    items.flatMap(({ attributes }) => Object.keys(attributes ?? {})),
  )
  const brands = await knownBrands(
    tx.query,
    items.map(({ brand }) => brand),
  )

  const changes: BatchChange[] = []
  const seen = new Set<string>()
  const outcomes = items.map((item): WriteOutcome => {
    const before = named.get(nameOf(item.by))
    const key = before ? before.productId : nameOf(item.by)
    if (seen.has(key))
      return refused(invalid({ field: 'slug' in item.by ? 'slug' : 'sku', message: 'was named before' }))
    if (before && options.createOnly) return refused({ code: 'EXISTS', fields: [] })
    const productId = before?.productId ?? v7()
    const after = overlay(before, desiredState(item, before, around, brands))
    const refusal = unknownSkus(item, after) ?? refuse({ productId, before, after }, rules, around)
    if (refusal) return refused(refusal)
    seen.add(key)
    claim(productId, after, around)
    const changed = before ? changedFields(before, after) : []
    if (before && changed.length === 0) return { outcome: 'unchanged', productId, changed }
    changes.push({ productId, before, after })
    return { outcome: before ? 'changed' : 'created', productId, changed }
  })
  if (!options.dryRun) await writeBatch(tx, changes, await newBrands(tx, changes))
  return outcomes
}

const nameOf = (by: WriteProduct['by']): string => ('slug' in by ? `slug:${by.slug}` : `sku:${by.sku}`)

const refused = ({ code, fields }: Refusal): WriteOutcome => ({
  outcome: 'refused',
  code: code as Extract<WriteOutcome, { outcome: 'refused' }>['code'],
  fields,
})

/** What the product shall be after this. */
function desiredState(
  item: WriteProduct,
  before: StoredProduct | undefined,
  around: Surroundings,
  brands: ReadonlyMap<string, { readonly name: string }>,
): ProductState {
  const variants = desiredVariants(item, before)
  const ids = new Map(variants.map(({ sku, variantId }) => [sku, variantId]))
  const status = item.status ?? before?.status ?? 'draft'
  const brand = item.brand === undefined ? (before?.brand ?? null) : item.brand
  const wanted = {
    publishAt: item.publishAt === undefined ? (before?.publishAt ?? null) : moment(item.publishAt),
    unpublishAt: item.unpublishAt === undefined ? (before?.unpublishAt ?? null) : moment(item.unpublishAt),
  }
  return {
    slug: item.slug ?? before?.slug ?? newSlug(item, around),
    name: item.name,
    brand: brand === null ? null : (brands.get(brandKey(brand))?.name ?? brand),
    description: item.description ?? before?.description ?? '',
    status,
    categoryIds: item.categoryIds ? distinctIds(item.categoryIds) : (before?.categoryIds ?? []),
    options: item.options ?? before?.options ?? [],
    attributes: item.attributes ?? before?.attributes ?? {},
    seo: item.seo ?? before?.seo ?? { title: null, description: null },
    ...plan(wanted, { from: before?.status ?? status, to: status }),
    variants,
    media: item.media
      ? item.media.map(({ mediaId, alt, variantSkus }) => ({
          mediaId,
          alt,
          variantIds: variantSkus.flatMap((sku) => ids.get(sku) ?? []),
        }))
      : (before?.media ?? []),
  }
}

function desiredVariants(item: WriteProduct, before: StoredProduct | undefined): VariantState[] {
  const old = new Map(before?.variants.map((variant) => [variant.sku, variant]))
  const wanted = item.variants.map((variant) => variantState(variant, old.get(variant.sku) ?? v7()))
  const skus = new Set(wanted.map(({ sku }) => sku))
  const others = [...old.values()].filter(({ sku }) => !skus.has(sku))
  return [
    ...wanted,
    ...(item.missingVariants === 'keep' ? others : others.map((one) => ({ ...one, archived: true }))),
  ]
}

const newSlug = ({ by, name }: WriteProduct, { slugs }: Surroundings): string =>
  'slug' in by ? by.slug : freeSlug(slugify(name, 'product'), slugs)

function unknownSkus({ media }: WriteProduct, { variants }: ProductState): Refusal | undefined {
  const skus = new Set(variants.map(({ sku }) => sku))
  const faults = (media ?? []).flatMap(({ variantSkus }, index) =>
    variantSkus.some((sku) => !skus.has(sku))
      ? [{ field: `media.${index}.variantSkus`, message: 'is not a variant of the product' }]
      : [],
  )
  return faults.length > 0 ? invalid(...faults) : undefined
}

/** The products of these names, held against other writers. In key order, so that two who write many never wait in a circle. */
export async function lockNamed(
  query: Query,
  { slugs, skus, ids = [] }: { slugs: readonly string[]; skus: readonly string[]; ids?: readonly string[] },
): Promise<string[]> {
  const rows = await query<{ productId: string }>(
    `select product_id as "productId" from product.products
     where product_id in (
       select product_id from product.products where slug = any ($1::text[])
       union all
       select product_id from product.variants where sku = any ($2::text[])
       union all
       select unnest($3::uuid[]))
     order by product_id for no key update`,
    [slugs, skus, ids],
  )
  return rows.map(({ productId }) => productId)
}

/** Tries when somebody else brings the same slugs or SKUs at the same moment: the next one sees theirs. */
const MAX_TRIES = 3

/** Runs a transaction with `writeProducts` again when it met somebody else's. */
export async function whileOthersWrite<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run()
    } catch (error) {
      if (violatedConstraint(error) === undefined || tries === MAX_TRIES) throw error
    }
  }
}
