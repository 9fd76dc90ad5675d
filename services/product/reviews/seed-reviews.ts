import { createHash } from 'node:crypto'
import { type InputOf, invalidInput } from '@stoa/contract'
import type { reviewOperations } from '@stoa/contracts/product-reviews'
import type { Tx } from '@stoa/runtime'
import { v7 } from 'uuid'
import type { Handles } from '../context.ts'
import { type ImportedReview, insertImported } from './write-reviews.ts'

export type SeededReview = InputOf<typeof reviewOperations.seedReviews>['items'][number]

export const seedReviewsOperation: Handles<typeof reviewOperations.seedReviews> = async ({ items }, ctx) => {
  const faults = items.flatMap(({ productSlug, sku }, index) =>
    (productSlug === undefined) === (sku === undefined)
      ? [{ field: `items.${index}.productSlug`, message: 'or sku must be named, and not both' }]
      : [],
  )
  if (faults.length > 0) throw invalidInput(...faults.slice(0, 20))
  return ctx.transaction((tx) => seedReviews(tx, items))
}

/**
 * Publishes reviews that were written elsewhere, in four statements however many. Those that are there already (same product,
 * author, title and text) stay as they are. `unknown` are the indexes of those whose product is not there. At most
 * `MAX_SEEDED_REVIEWS` at once: each is announced, and each product once.
 */
export async function seedReviews(
  tx: Tx,
  items: readonly SeededReview[],
): Promise<{ inserted: number; unknown: number[] }> {
  const productIds = await lockProducts(tx, items)
  const unknown: number[] = []
  const wanted = new Map<string, ImportedReview>()
  items.forEach(({ productSlug, sku, ...review }, index) => {
    const productId = productIds.get(productSlug === undefined ? `sku:${sku}` : `slug:${productSlug}`)
    if (productId === undefined) {
      unknown.push(index)
      return
    }
    const importKey = digest(review)
    const key = `${productId}:${importKey}`
    if (!wanted.has(key))
      wanted.set(key, { ...review, reviewId: v7(), productId, importKey, createdAt: review.createdAt })
  })
  const present = new Set(
    (
      await tx.query<{ key: string }>(
        `select r.product_id || ':' || r.import_key as key
         from product.reviews r
         join jsonb_to_recordset($1::jsonb) as w ("productId" uuid, "importKey" text)
           on r.product_id = w."productId" and r.import_key = w."importKey"`,
        [JSON.stringify([...wanted.values()].map(({ productId, importKey }) => ({ productId, importKey })))],
      )
    ).map(({ key }) => key),
  )
  const added = [...wanted].flatMap(([key, review]) => (present.has(key) ? [] : [review]))
  await insertImported(tx, added)
  return { inserted: added.length, unknown }
}

/** The products that the items name, held against other writers, by `slug:...` and `sku:...`. */
async function lockProducts(tx: Tx, items: readonly SeededReview[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ productId: string; slug: string; skus: string[] }>(
    `with named as (
       select product_id from product.products where slug = any ($1::text[])
       union
       select product_id from product.variants where sku = any ($2::text[])
     )
     select p.product_id as "productId", p.slug,
       array(select sku from product.variants v where v.product_id = p.product_id and v.sku = any ($2::text[])) as skus
     from product.products p
     where p.product_id in (select product_id from named)
     -- In one order, so that two who name the same products wait for each other instead of in a circle.
     order by p.product_id
     for no key update of p`,
    [
      items.flatMap(({ productSlug }) => productSlug ?? []),
      items.flatMap(({ productSlug, sku }) => (productSlug === undefined && sku !== undefined ? [sku] : [])),
    ],
  )
  return new Map(
    rows.flatMap(({ productId, slug, skus }) => [
      [`slug:${slug}`, productId] as const,
      ...skus.map((sku) => [`sku:${sku}`, productId] as const),
    ]),
  )
}

const digest = ({ author, title, text }: { author: string; title: string; text: string }): string =>
  createHash('sha256')
    .update(JSON.stringify([author, title, text]))
    .digest('hex')
    .slice(0, 32)
