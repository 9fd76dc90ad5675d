import type { InputOf } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { AttributeValue } from '@stoa/contracts/search-document'
import {
  distinctIds,
  moment,
  overlay,
  type ProductState,
  plan,
  priceStates,
  type VariantState,
} from './stored-product.ts'

type Patch<Input, Fields> = { readonly [K in keyof Input & keyof Fields]?: Input[K] | undefined }
export type ProductPatch = Patch<InputOf<typeof product.operations.change>, ProductState>
export type VariantPatch = Patch<InputOf<typeof product.operations.changeVariant>, VariantState>

/** A product after a change: what the patch does not name stays. An `overlay` of the product. */
export function changedProduct(before: ProductState, patch: ProductPatch): ProductState {
  const status = patch.status ?? before.status
  const wanted = {
    publishAt: patch.publishAt === undefined ? before.publishAt : moment(patch.publishAt),
    unpublishAt: patch.unpublishAt === undefined ? before.unpublishAt : moment(patch.unpublishAt),
  }
  return overlay(before, {
    ...before,
    name: patch.name ?? before.name,
    slug: patch.slug ?? before.slug,
    brand: patch.brand === undefined ? before.brand : patch.brand,
    description: patch.description ?? before.description,
    categoryIds: patch.categoryIds ? distinctIds(patch.categoryIds) : before.categoryIds,
    options: patch.options ?? before.options,
    attributes: patch.attributes ? patched(before.attributes, patch.attributes) : before.attributes,
    seo: {
      title: patch.seo?.title === undefined ? before.seo.title : patch.seo.title,
      description: patch.seo?.description === undefined ? before.seo.description : patch.seo.description,
    },
    status,
    ...plan(wanted, { from: before.status, to: status }),
  })
}

/** Null takes a value away. */
export const patched = (
  before: Readonly<Record<string, AttributeValue>>,
  patch: Readonly<Record<string, AttributeValue | null>>,
): Record<string, AttributeValue> =>
  Object.fromEntries(
    Object.entries<AttributeValue | null>({ ...before, ...patch }).filter(
      (entry): entry is [string, AttributeValue] => entry[1] !== null,
    ),
  )

/** A variant after a change; prices are replaced as a whole. */
export const changedVariant = (before: VariantState, patch: VariantPatch): VariantState => ({
  ...before,
  barcode: patch.barcode === undefined ? before.barcode : patch.barcode,
  prices: patch.prices ? priceStates(patch.prices) : before.prices,
  cost: patch.cost === undefined ? before.cost : patch.cost,
  weightGrams: patch.weightGrams === undefined ? before.weightGrams : patch.weightGrams,
  archived: patch.archived ?? before.archived,
})
