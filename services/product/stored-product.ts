import { isDeepStrictEqual } from 'node:util'
import type { ProductStatus } from '@stoa/contracts/product'
import type { AttributeValue } from '@stoa/contracts/search-document'
import type { z } from 'zod'
import type { Option, PriceInput, VariantInput } from './variant-rules.ts'

/** What is the truth about a product, as staff may change it. Categories, brand and pictures by their names or ids. */
export type ProductState = {
  readonly slug: string
  readonly name: string
  /** Its name. */
  readonly brand: string | null
  readonly description: string
  readonly status: z.output<typeof ProductStatus>
  readonly categoryIds: readonly string[]
  readonly options: readonly Option[]
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly seo: { readonly title: string | null; readonly description: string | null }
  /** ISO 8601 in UTC, to the millisecond. */
  readonly publishAt: string | null
  readonly unpublishAt: string | null
  /** By position. */
  readonly variants: readonly VariantState[]
  readonly media: readonly MediaState[]
}

export type VariantState = {
  readonly variantId: string
  readonly sku: string
  readonly barcode: string | null
  readonly options: Readonly<Record<string, string>>
  readonly prices: readonly PriceState[]
  readonly cost: { readonly amountMinor: number; readonly currency: string } | null
  readonly weightGrams: number | null
  readonly archived: boolean
}

/** By currency. */
export type PriceState = {
  readonly currency: string
  readonly amountMinor: number
  readonly compareAtMinor: number | null
}

export type MediaState = {
  readonly mediaId: string
  readonly alt: string | null
  readonly variantIds: readonly string[]
}

export type StoredProduct = ProductState & {
  readonly productId: string
  readonly version: number
  readonly brandId: string | null
}

/** Which fields differ, by their names in the contract. `after` is an `overlay`. */
export const changedFields = (before: ProductState, after: ProductState): (keyof ProductState)[] =>
  FIELDS.filter((field) => before[field] !== after[field])

const FIELDS = [
  'slug',
  'name',
  'brand',
  'description',
  'status',
  'categoryIds',
  'options',
  'attributes',
  'seo',
  'publishAt',
  'unpublishAt',
  'variants',
  'media',
] as const satisfies (keyof ProductState)[]

/** The same state, with `before`'s own values wherever they are equal: what is another object was changed. */
export function overlay(before: ProductState | undefined, after: ProductState): ProductState {
  if (!before) return after
  const variants = new Map(before.variants.map((variant) => [variant.variantId, variant]))
  const result: Record<string, unknown> = { ...after }
  for (const field of FIELDS)
    if (isDeepStrictEqual(before[field], after[field])) result[field] = before[field]
    else if (field === 'variants')
      result.variants = after.variants.map((variant) => {
        const old = variants.get(variant.variantId)
        return isDeepStrictEqual(old, variant) ? old : variant
      })
  return result as ProductState
}

/** Of a change: only what differs. */
export const pick = (state: ProductState, fields: readonly (keyof ProductState)[]): Partial<ProductState> =>
  Object.fromEntries(fields.map((field) => [field, state[field]]))

export const priceStates = (prices: readonly PriceInput[]): PriceState[] =>
  prices
    .map(({ currency, amountMinor, compareAtMinor }) => ({
      currency,
      amountMinor,
      compareAtMinor: compareAtMinor ?? null,
    }))
    .sort((a, b) => (a.currency < b.currency ? -1 : 1))

/** A variant as it is said to be; with one that is there, of which barcode, cost and weight stay when they are not said. */
export const variantState = (
  variant: VariantInput & { readonly archived?: boolean | undefined },
  old: VariantState | string,
): VariantState => {
  const known = typeof old === 'string' ? undefined : old
  return {
    variantId: typeof old === 'string' ? old : old.variantId,
    sku: variant.sku,
    barcode: variant.barcode ?? known?.barcode ?? null,
    options: variant.options,
    prices: priceStates(variant.prices),
    cost: variant.cost
      ? { amountMinor: variant.cost.amountMinor, currency: variant.cost.currency }
      : (known?.cost ?? null),
    weightGrams: variant.weightGrams ?? known?.weightGrams ?? null,
    archived: variant.archived ?? false,
  }
}

/** As the rules of variants take it. */
export const variantInput = (variant: VariantState): VariantInput => ({
  sku: variant.sku,
  barcode: variant.barcode ?? undefined,
  options: variant.options,
  prices: variant.prices.map(({ currency, amountMinor, compareAtMinor }) => ({
    currency,
    amountMinor,
    ...(compareAtMinor === null ? {} : { compareAtMinor }),
  })),
  cost: variant.cost ?? undefined,
  weightGrams: variant.weightGrams ?? undefined,
})

/** Whether a product may be published: someone must be able to buy it. */
export const isSellable = (variants: readonly { readonly archived: boolean }[]): boolean =>
  variants.some(({ archived }) => !archived)

/** Each id once, in the order of their first mention. */
export const distinctIds = (ids: readonly string[]): string[] => [
  ...new Set(ids.map((id) => id.toLowerCase())),
]

/** The same moment in one writing. Null: none. */
export const moment = (iso: string | null): string | null =>
  iso === null ? null : new Date(iso).toISOString()

/** A change of status by hand ends the plan that would lead there, and archiving every plan. */
export function plan(
  { publishAt, unpublishAt }: Pick<ProductState, 'publishAt' | 'unpublishAt'>,
  status: { readonly from: ProductState['status']; readonly to: ProductState['status'] },
): Pick<ProductState, 'publishAt' | 'unpublishAt'> {
  if (status.from === status.to) return { publishAt, unpublishAt }
  switch (status.to) {
    case 'published':
      return { publishAt: null, unpublishAt }
    case 'draft':
      return { publishAt, unpublishAt: null }
    case 'archived':
      return { publishAt: null, unpublishAt: null }
  }
}
