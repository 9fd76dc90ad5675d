import type { Query, Tx } from '@stoa/runtime'
import { announce } from './announce.ts'
import { type BrandName, brandKey, ensureBrands } from './brands.ts'
import { schedulePublication } from './jobs/publication.ts'
import { relist } from './listings.ts'
import { onlyPricesDiffer } from './only-prices.ts'
import { reprice } from './pricing/reprice.ts'
import { saveMedia, saveProducts } from './products.ts'
import {
  changedFields,
  type ProductState,
  pick,
  type StoredProduct,
  type VariantState,
} from './stored-product.ts'

/** One product that becomes another, or comes to be. All rules were kept. */
export type BatchChange = {
  readonly productId: string
  readonly before: StoredProduct | undefined
  readonly after: ProductState
}

/**
 * Writes changes of products that are locked, or are at the version that was read (else `Overtaken`): rows, prices, listings, announcements, audit records and plans, in at most five statements however
 * many they are. What does not differ is not in here.
 */
export async function writeBatch(tx: Tx, changes: readonly BatchChange[], brands: Brands): Promise<void> {
  if (changes.length === 0) return
  const rows = changes.map(({ productId, before, after }) => ({
    productId,
    version: before?.version ?? 0,
    brandId: brandIdOf(before, after, brands),
    after,
    variants: changedVariants(before, after),
  }))
  const versions = await saveProducts(tx.query, rows)
  if (versions.size < rows.length) throw new Overtaken()
  await saveMedia(
    tx.query,
    changes
      .filter(
        ({ before, after }) =>
          before?.media !== after.media && (before !== undefined || after.media.length > 0),
      )
      .map(({ productId, after }) => ({ productId, media: after.media })),
  )
  const repriced = rows.filter(({ variants }) => variants.length > 0)
  if (repriced.length > 0)
    await reprice(
      tx.query,
      repriced.map(({ productId }) => productId),
    )
  await relistThose(tx.query, changes)

  for (const { productId, before, after } of changes) {
    const { version, revision } = versions.get(productId)!
    announce(
      tx,
      { ...after, productId, revision },
      before && onlyPricesDiffer(before, after) ? 'prices' : undefined,
    )
    const fields = before ? changedFields(before, after) : CREATED
    tx.audit({
      subject: `product:${productId}`,
      version,
      before: before ? pick(before, fields) : null,
      after: pick(after, fields),
    })
    if (before?.publishAt !== after.publishAt || before?.unpublishAt !== after.unpublishAt)
      schedulePublication(tx, productId, after)
  }
}

/** Somebody else changed a product between the reading and the writing. */
export class Overtaken extends Error {}

/** What the record of a creation keeps: the rest stands in the product, and what it was stands in the first change of it. */
const CREATED = ['slug', 'name', 'brand', 'status', 'categoryIds'] as const satisfies (keyof ProductState)[]

const relistThose = async (query: Query, changes: readonly BatchChange[]): Promise<void> => {
  const listed = changes.filter(
    ({ before, after }) => before?.status === 'published' || after.status === 'published',
  )
  if (listed.length > 0)
    await relist(
      query,
      listed.map(({ productId }) => productId),
    )
}

/** Those whose values or place differ. */
function changedVariants(before: StoredProduct | undefined, after: ProductState): VariantState[] {
  if (!before) return [...after.variants]
  if (before.variants === after.variants) return []
  return after.variants.filter((variant, index) => before.variants[index] !== variant)
}

type Brands = ReadonlyMap<string, BrandName>

/** A brand that stays is the same also when somebody gives it another name in this moment. */
function brandIdOf(
  before: StoredProduct | undefined,
  { brand }: ProductState,
  brands: Brands,
): string | null {
  if (brand === null) return null
  if (before?.brandId && before.brand === brand) return before.brandId
  const found = brands.get(brandKey(brand))
  if (!found) throw new Error(`The brand ${brand} was not made`)
  return found.brandId
}

/** Those that products will have and do not have now, made where they are not there. By `brandKey`. */
export const newBrands = (tx: Tx, changes: readonly BatchChange[]): Promise<Brands> =>
  ensureBrands(
    tx,
    changes.flatMap(({ before, after }) =>
      after.brand !== null && before?.brand !== after.brand ? [after.brand] : [],
    ),
  )

/** What belongs to no brand, or stays with its own. */
export const NO_BRANDS: Brands = new Map()
