import type { Query, Tx } from '@stoa/runtime'
import { announce } from './announce.ts'
import { brandKey, ensureBrands } from './brands.ts'
import { schedulePublication } from './jobs/publication.ts'
import { relist } from './listings.ts'
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
export async function writeBatch(
  tx: Tx,
  changes: readonly BatchChange[],
  brandIds: ReadonlyMap<string, { readonly brandId: string }>,
): Promise<void> {
  if (changes.length === 0) return
  const rows = changes.map(({ productId, before, after }) => ({
    productId,
    version: before?.version ?? 0,
    brandId: after.brand === null ? null : brandIds.get(brandKey(after.brand))!.brandId,
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
    const version = versions.get(productId)!
    announce(tx, { ...after, productId, version })
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

type Brands = ReadonlyMap<string, { readonly brandId: string; readonly name: string }>

/** By `brandKey`, made where they are not there. */
export const brandsOf = (query: Query, brands: readonly (string | null | undefined)[]): Promise<Brands> =>
  ensureBrands(
    query,
    brands.filter((brand) => typeof brand === 'string'),
  )

/** The brands that the products will have: those that were read, and those of products whose brand stays. */
export async function brandIdsOf(
  query: Query,
  changes: readonly BatchChange[],
  brands: Brands,
): Promise<Brands> {
  const others = changes.flatMap(({ after }) =>
    after.brand !== null && !brands.has(brandKey(after.brand)) ? [after.brand] : [],
  )
  return others.length === 0 ? brands : new Map([...brands, ...(await ensureBrands(query, others))])
}
