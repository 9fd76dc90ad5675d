import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '@stoa/contract'
import { MAX_ATTRIBUTES, MAX_VARIANTS } from '@stoa/contracts/product'
import { MAX_PRODUCT_MEDIA } from '@stoa/contracts/product-media'
import { type AttributeRule, attributeFaults } from './attribute-rules.ts'
import { looksLikeId } from './slug.ts'
import { isSellable, type ProductState, variantInput } from './stored-product.ts'
import { gtin14, type Surroundings } from './surroundings.ts'
import { productFaults } from './variant-rules.ts'

export type Refusal = {
  readonly code:
    | 'INVALID_INPUT'
    | 'SKU_TAKEN'
    | 'SLUG_TAKEN'
    | 'CATEGORY_NOT_FOUND'
    | 'NOT_SELLABLE'
    | 'EXISTS'
    | 'PRODUCT_NOT_FOUND'
    | 'STALE'
  readonly fields: readonly FieldError[]
}

/** More would only make the answer longer. */
const MAX_FAULTS = 20

export const invalid = (...fields: FieldError[]): Refusal => ({
  code: 'INVALID_INPUT',
  fields: fields.slice(0, MAX_FAULTS),
})

/** What is wrong with a plan. */
export const planFaults = ({
  publishAt,
  unpublishAt,
}: Pick<ProductState, 'publishAt' | 'unpublishAt'>): FieldError[] =>
  publishAt !== null && unpublishAt !== null && unpublishAt <= publishAt
    ? [{ field: 'unpublishAt', message: 'must be after publishAt' }]
    : []

/** What has grown too large, by changes that were each small enough. */
export const sizeFaults = ({ variants, attributes, media }: ProductState): FieldError[] => [
  ...(variants.length > MAX_VARIANTS
    ? [{ field: 'variants', message: `would be more than ${MAX_VARIANTS}, archived ones included` }]
    : []),
  ...(Object.keys(attributes).length > MAX_ATTRIBUTES
    ? [{ field: 'attributes', message: `would be more than ${MAX_ATTRIBUTES}` }]
    : []),
  ...(media.length > MAX_PRODUCT_MEDIA
    ? [{ field: 'media', message: `would be more than ${MAX_PRODUCT_MEDIA}` }]
    : []),
]

/** Which of the attributes that a published product must have are missing. */
export const missingAttributes = (
  attributes: ProductState['attributes'],
  required: readonly string[],
): FieldError[] =>
  required
    .filter((code) => !Object.hasOwn(attributes, code))
    .map((code) => ({ field: `attributes.${code}`, message: 'is required by a category of the product' }))

/**
 * Why a product cannot become what it shall be; undefined when it can. Of a change only what differs is looked at, so that what was
 * right once may stay. `after` is an `overlay` of `before`.
 */
export function refuse(
  { productId, before, after }: { productId: string; before: ProductState | undefined; after: ProductState },
  rules: ReadonlyMap<string, AttributeRule>,
  around: Surroundings,
): Refusal | undefined {
  const faults: FieldError[] = []
  if (looksLikeId(after.slug)) faults.push({ field: 'slug', message: 'must not look like an id' })
  if (before?.variants !== after.variants || before.options !== after.options) {
    const current = after.variants.filter(({ archived }) => !archived)
    faults.push(...productFaults({ options: after.options, variants: current.map(variantInput) }))
  }
  if (before?.attributes !== after.attributes)
    faults.push(
      ...attributeFaults(
        Object.fromEntries(
          Object.entries(after.attributes).filter(
            ([code, value]) => !isDeepStrictEqual(before?.attributes[code], value),
          ),
        ),
        rules,
      ),
    )
  faults.push(...planFaults(after), ...sizeFaults(after))
  if (before?.media !== after.media)
    after.media.forEach(({ mediaId }, index) => {
      if (!around.media.has(mediaId))
        faults.push({ field: `media.${index}.mediaId`, message: 'is not a picture' })
    })
  if (faults.length > 0) return invalid(...faults)

  const slugOwner = around.slugs.get(after.slug)
  if (slugOwner !== undefined && slugOwner !== productId) return { code: 'SLUG_TAKEN', fields: [] }
  const taken = after.variants.filter(({ sku, barcode }) => {
    const owner = around.skus.get(sku)
    const holder = barcode === null ? undefined : around.barcodes.get(gtin14(barcode))
    return (owner !== undefined && owner !== productId) || (holder !== undefined && holder !== sku)
  })
  if (taken.length > 0)
    return {
      code: 'SKU_TAKEN',
      fields: taken
        .slice(0, MAX_FAULTS)
        .map(({ sku }) => ({ field: 'variants', message: `${sku} or its barcode is another's` })),
    }
  if (before?.categoryIds !== after.categoryIds && after.categoryIds.some((id) => !around.categories.has(id)))
    return { code: 'CATEGORY_NOT_FOUND', fields: [] }
  if (after.status === 'published') {
    if (!isSellable(after.variants)) return { code: 'NOT_SELLABLE', fields: [] }
    const asked =
      before?.status !== after.status ||
      before.categoryIds !== after.categoryIds ||
      before.attributes !== after.attributes
    if (!asked) return undefined
    const required = after.categoryIds.flatMap((id) => around.categories.get(id) ?? [])
    const missing = missingAttributes(after.attributes, [...new Set(required)])
    if (missing.length > 0) return invalid(...missing)
  }
  return undefined
}

/** Makes the slug, SKUs and barcodes of a product known as its own to those that come after it. */
export function claim(productId: string, { slug, variants }: ProductState, around: Surroundings): void {
  around.slugs.set(slug, productId)
  for (const { sku, barcode } of variants) {
    around.skus.set(sku, productId)
    if (barcode !== null) around.barcodes.set(gtin14(barcode), sku)
  }
}
