import type { InputOf } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { AdminProduct, VariantFields } from './products.ts'
import type { Option } from './variant-rules.ts'

export type ProductFields = {
  readonly name: string
  readonly slug: string
  readonly brand: string | null
  readonly description: string
  readonly categoryIds: readonly string[]
  readonly options: readonly Option[]
  readonly status: AdminProduct['status']
}

type Patch<Input, Fields> = { readonly [K in keyof Input & keyof Fields]?: Input[K] }
export type ProductPatch = Patch<InputOf<typeof product.operations.change>, ProductFields>
export type VariantPatch = Patch<InputOf<typeof product.operations.changeVariant>, VariantFields>

/** The fields after a change: what the patch does not name stays. */
export const changedProduct = (before: AdminProduct, patch: ProductPatch): ProductFields => {
  const fields = productFields(before)
  return {
    name: patch.name ?? fields.name,
    slug: patch.slug ?? fields.slug,
    brand: patch.brand === undefined ? fields.brand : patch.brand,
    description: patch.description ?? fields.description,
    categoryIds: patch.categoryIds ? distinctIds(patch.categoryIds) : fields.categoryIds,
    options: patch.options ?? fields.options,
    status: patch.status ?? fields.status,
  }
}

export const productFields = (product: AdminProduct): ProductFields => ({
  name: product.name,
  slug: product.slug,
  brand: product.brand,
  description: product.description,
  categoryIds: product.categories.map(({ categoryId }) => categoryId),
  options: product.options,
  status: product.status,
})

type AdminVariant = AdminProduct['variants'][number]

/** The fields after a change; prices are replaced as a whole. */
export const changedVariant = (before: AdminVariant, patch: VariantPatch): VariantFields => {
  const fields = variantFields(before)
  return {
    barcode: patch.barcode === undefined ? fields.barcode : patch.barcode,
    prices: patch.prices ? sortedPrices(patch.prices) : fields.prices,
    cost: patch.cost === undefined ? fields.cost : patch.cost,
    weightGrams: patch.weightGrams === undefined ? fields.weightGrams : patch.weightGrams,
    archived: patch.archived ?? fields.archived,
  }
}

export const variantFields = ({
  barcode,
  prices,
  cost,
  weightGrams,
  archived,
}: AdminVariant): VariantFields => ({
  barcode,
  prices: sortedPrices(prices),
  cost,
  weightGrams,
  archived,
})

/** Whether a product may be published: someone must be able to buy it. */
export const isSellable = (variants: readonly { readonly archived: boolean }[]): boolean =>
  variants.some(({ archived }) => !archived)

/** Each id once, in the order of their first mention. */
export const distinctIds = (ids: readonly string[]): string[] => [
  ...new Set(ids.map((id) => id.toLowerCase())),
]

type AnyPrice = {
  readonly amountMinor: number
  readonly currency: string
  readonly compareAtMinor?: number | null | undefined
}

const sortedPrices = (prices: readonly AnyPrice[]): VariantFields['prices'] =>
  prices
    .map(({ amountMinor, currency, compareAtMinor }) => ({
      amountMinor,
      currency,
      ...(typeof compareAtMinor === 'number' ? { compareAtMinor } : {}),
    }))
    .sort((a, b) => (a.currency < b.currency ? -1 : 1))
