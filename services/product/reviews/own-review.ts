import { Rejection } from '@stoa/contract'
import type { reviewOperations } from '@stoa/contracts/product-reviews'
import { type Actor, JsonText, type Query } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { readReviewCursor } from './review-cursor.ts'
import { ownReviewJson } from './review-json.ts'
import { insertReview, loadReview, lockReviewed, removeReview, updateReview } from './write-reviews.ts'

type Operations = typeof reviewOperations

export const ownReview: Handles<Operations['ownReview']> = async ({ productId }, { query, actor }) => {
  const json = await ownJson(query, { productId, customerId: customerOf(actor) })
  if (json === undefined) throw new Rejection('REVIEW_NOT_FOUND')
  return new JsonText(json)
}

// $1 customer, $2 and $3 where the page before ended, $4 limit.
const OWN_REVIEWS = `
  with page as (
    select ${ownReviewJson} as json, (extract(epoch from written_at) * 1000000)::bigint as place, review_id,
      row_number() over (order by written_at desc, review_id desc) as rank
    from product.reviews r
    where customer_id = $1 and (written_at, review_id) < (
      coalesce(timestamptz 'epoch' + $2::bigint * interval '1 microsecond', 'infinity'),
      coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
    order by written_at desc, review_id desc
    limit $4 + 1)
  select json_build_object(
    'items', coalesce((select json_agg(json order by rank) from page where rank <= $4), '[]'),
    'next', (select 'own.' || place || '.' || review_id from page
      where rank = $4 and exists (select from page where rank > $4)))::text as json`

export const ownReviews: Handles<Operations['ownReviews']> = async ({ limit, after }, { query, actor }) => {
  const cursor = readReviewCursor('own', after)
  const [row] = await query<{ json: string }>(OWN_REVIEWS, [
    customerOf(actor),
    cursor?.place ?? null,
    cursor?.reviewId ?? null,
    limit,
  ])
  return new JsonText(row!.json)
}

export const putReview: Handles<Operations['putReview']> = async ({ productId, ...content }, ctx) => {
  const own = { productId, customerId: customerOf(ctx.actor) }
  await ctx.transaction(async (tx) => {
    if ((await lockReviewed(tx.query, { productId })) !== 'published')
      throw new Rejection('PRODUCT_NOT_FOUND')
    const before = await loadReview(tx.query, own)
    if (!before) return insertReview(tx, { ...own, reviewId: ctx.newId }, content)
    const isSame = (['stars', 'title', 'text', 'author'] as const).every(
      (field) => before[field] === content[field],
    )
    if (!isSame) await updateReview(tx, before, { ...content, status: 'pending', reason: null }, 'author')
  })
  const json = await ownJson(ctx.query, own)
  // Deleted by another request of the same customer right after.
  if (json === undefined) throw new Rejection('IN_PROGRESS')
  return new JsonText(json)
}

export const deleteReview: Handles<Operations['deleteReview']> = async ({ productId }, ctx) => {
  const own = { productId, customerId: customerOf(ctx.actor) }
  await ctx.transaction(async (tx) => {
    // Of a product that was taken back as well: what one wrote, one may delete.
    await lockReviewed(tx.query, { productId })
    const review = await loadReview(tx.query, own)
    if (review) await removeReview(tx, review)
  })
  return null
}

async function ownJson(
  query: Query,
  { productId, customerId }: { productId: string; customerId: string },
): Promise<string | undefined> {
  const [row] = await query<{ json: string }>(
    `select ${ownReviewJson}::text as json from product.reviews r where product_id = $1 and customer_id = $2`,
    [productId, customerId],
  )
  return row?.json
}

/** The dispatcher lets nobody else come here. */
export function customerOf(actor: Actor): string {
  if (actor.kind !== 'customer') throw new Rejection('FORBIDDEN')
  return actor.id
}
