import { Rejection } from '@stoa/contract'
import { ReviewChanged, type ReviewStatus, type reviewOperations } from '@stoa/contracts/product-reviews'
import type { Tx } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { customerOf } from './own-review.ts'

type Operations = typeof reviewOperations
type Voted = {
  reviewId: string
  productId: string
  status: ReviewStatus
  helpful: number
  revision: number
}

// Behind the review's row, so that what is said of it holds. The vote's row decides: whoever comes second finds it there, and counts
// nothing.
const VOTE = `
  with review as (
    select review_id from product.reviews
    where review_id = $1 and status = 'published' and customer_id is distinct from $2
    for no key update
  ), vote as (
    insert into product.review_votes (review_id, customer_id) select review_id, $2 from review
    on conflict do nothing
    returning review_id
  )
  update product.reviews r set helpful = helpful + 1, revision = revision + 1
  from vote where r.review_id = vote.review_id
  returning r.review_id as "reviewId", r.product_id as "productId", r.status, r.helpful, r.revision`

const UNVOTE = `
  with review as (
    select review_id from product.reviews where review_id = $1 for no key update
  ), vote as (
    delete from product.review_votes v using review
    where v.review_id = review.review_id and v.customer_id = $2
    returning v.review_id
  )
  update product.reviews r set helpful = helpful - 1, revision = revision + 1
  from vote where r.review_id = vote.review_id
  returning r.review_id as "reviewId", r.product_id as "productId", r.status, r.helpful, r.revision`

export const voteHelpful: Handles<Operations['voteHelpful']> = async ({ reviewId }, ctx) => {
  const customerId = customerOf(ctx.actor)
  const voted = await ctx.transaction(async (tx) =>
    announce(tx, await tx.query(VOTE, [reviewId, customerId])),
  )
  if (voted) return { helpful: voted.helpful }
  const [review] = await ctx.query<{ helpful: number; isOwn: boolean }>(
    `select helpful, customer_id is not distinct from $2 as "isOwn" from product.reviews
     where review_id = $1 and (status = 'published' or customer_id = $2)`,
    [reviewId, customerId],
  )
  if (!review) throw new Rejection('REVIEW_NOT_FOUND')
  if (review.isOwn) throw new Rejection('OWN_REVIEW')
  return { helpful: review.helpful }
}

export const unvoteHelpful: Handles<Operations['unvoteHelpful']> = async ({ reviewId }, ctx) => {
  const customerId = customerOf(ctx.actor)
  await ctx.transaction(async (tx) => announce(tx, await tx.query(UNVOTE, [reviewId, customerId])))
  return null
}

function announce(tx: Tx, [voted]: readonly Voted[]): Voted | undefined {
  if (voted) {
    const { reviewId, productId, status, revision } = voted
    tx.emit(ReviewChanged, { reviewId, productId, status }, { version: revision })
  }
  return voted
}
