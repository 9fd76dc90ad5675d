import { invalidInput, Rejection } from '@stoa/contract'
import type { reviewOperations } from '@stoa/contracts/product-reviews'
import { changedSince, JsonText, type Query } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { readReviewCursor } from './review-cursor.ts'
import { adminReviewJson } from './review-json.ts'
import { loadReview, lockReviewed, updateReview } from './write-reviews.ts'

type Operations = typeof reviewOperations

// $1 status, $2 and $3 where the page before ended, $4 limit, $5 product.
const page = (direction: 'oldest' | 'newest') => {
  const [comparison, order, first, lastId] =
    direction === 'oldest'
      ? ['>', 'asc', '-infinity', '00000000-0000-0000-0000-000000000000']
      : ['<', 'desc', 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff']
  return `
    with page as (
      select ${adminReviewJson} as json, (extract(epoch from written_at) * 1000000)::bigint as place, review_id,
        row_number() over (order by written_at ${order}, review_id ${order}) as rank
      from (
        select * from product.reviews
        where status = $1 and ($5::uuid is null or product_id = $5) and (written_at, review_id) ${comparison} (
          coalesce(timestamptz 'epoch' + $2::bigint * interval '1 microsecond', '${first}'),
          coalesce($3::uuid, '${lastId}'))
        order by written_at ${order}, review_id ${order}
        limit $4 + 1) r
      join product.products p using (product_id))
    select json_build_object(
      'items', coalesce((select json_agg(json order by rank) from page where rank <= $4), '[]'),
      'next', (select '${direction}.' || place || '.' || review_id from page
        where rank = $4 and exists (select from page where rank > $4)))::text as json`
}

const PAGES = { oldest: page('oldest'), newest: page('newest') }

export const listReviewsForStaff: Handles<Operations['listReviewsForStaff']> = async (input, { query }) => {
  const direction = input.status === 'pending' ? 'oldest' : 'newest'
  const cursor = readReviewCursor(direction, input.after)
  const [row] = await query<{ json: string }>(PAGES[direction], [
    input.status,
    cursor?.place ?? null,
    cursor?.reviewId ?? null,
    input.limit,
    input.productId ?? null,
  ])
  return new JsonText(row!.json)
}

export const getReviewForStaff: Handles<Operations['getReviewForStaff']> = async ({ reviewId }, ctx) => {
  const found = await adminReview(ctx.query, reviewId)
  if (!found) throw new Rejection('REVIEW_NOT_FOUND')
  ctx.setHeader('etag', `"${found.version}"`)
  return new JsonText(found.json)
}

export const moderateReview: Handles<Operations['moderateReview']> = async (input, ctx) => {
  const { reviewId, version, decision } = input
  if (decision === 'rejected' && input.reason === undefined)
    throw invalidInput({ field: 'reason', message: 'is needed to reject a review' })
  const reason = decision === 'rejected' ? input.reason! : null
  // A repetition after a lost answer, whose version is naturally the old one (RFC 9110, 13.1.1).
  const alreadySo = async () => {
    const found = await adminReview(ctx.query, reviewId)
    return found?.status === decision && found.reason === reason ? found : undefined
  }
  const moderate = () =>
    ctx.transaction(async (tx) => {
      await lockReviewed(tx.query, { reviewId })
      const before = await loadReview(tx.query, { reviewId })
      if (!before) throw new Rejection('REVIEW_NOT_FOUND')
      if (before.version !== version) {
        if (before.status !== decision || before.reason !== reason)
          throw new Rejection('STALE', {
            version: before.version,
            changed: await changedSince(tx.query, {
              schema: 'product',
              subject: `review:${reviewId}`,
              version,
            }),
          })
        // Another moderator has just said the same.
        tx.audit({ subject: `review:${reviewId}`, version: before.version, before: {}, after: {} })
      } else await updateReview(tx, before, { ...before, status: decision, reason }, 'moderator')
      return (await adminReview(tx.query, reviewId))!
    })
  const found = (await alreadySo()) ?? (await moderate())
  ctx.setHeader('etag', `"${found.version}"`)
  return new JsonText(found.json)
}

type Found = { version: number; status: string; reason: string | null; json: string }

async function adminReview(query: Query, reviewId: string): Promise<Found | undefined> {
  const [row] = await query<Found>(
    `select r.version, r.status, r.reason, ${adminReviewJson}::text as json
     from product.reviews r join product.products p using (product_id) where r.review_id = $1`,
    [reviewId],
  )
  return row
}
