import { ProductChanged } from '@stoa/contracts/product'
import { ReviewChanged, type ReviewStatus } from '@stoa/contracts/product-reviews'
import type { Query, Tx } from '@stoa/runtime'
import { relist } from '../listings.ts'

export type StoredReview = {
  readonly reviewId: string
  readonly productId: string
  readonly customerId: string | null
  readonly stars: number
  readonly title: string
  readonly text: string
  readonly author: string
  readonly status: ReviewStatus
  readonly reason: string | null
  readonly version: number
  readonly revision: number
}

const STORED = `review_id as "reviewId", product_id as "productId", customer_id as "customerId", stars, title, text, author,
  status, reason, version, revision`

/**
 * Holds a product against other writers until the transaction ends, as every writer of reviews does first: what is read of its
 * reviews afterwards stays so. Answers its status; undefined when there is no such product.
 */
export async function lockReviewed(
  query: Query,
  by: { productId: string } | { reviewId: string },
): Promise<string | undefined> {
  const [row] =
    'productId' in by
      ? await query<{ status: string }>(
          'select status from product.products where product_id = $1 for no key update',
          [by.productId],
        )
      : await query<{ status: string }>(
          `select status from product.products
           where product_id = (select product_id from product.reviews where review_id = $1) for no key update`,
          [by.reviewId],
        )
  return row?.status
}

/** Held against votes and buyers' marks, too, until the transaction ends: its revision stays the one that was read. */
export async function loadReview(
  query: Query,
  by: { reviewId: string } | { productId: string; customerId: string },
): Promise<StoredReview | undefined> {
  const [row] =
    'reviewId' in by
      ? await query<StoredReview>(
          `select ${STORED} from product.reviews where review_id = $1 for no key update`,
          [by.reviewId],
        )
      : await query<StoredReview>(
          `select ${STORED} from product.reviews where product_id = $1 and customer_id = $2 for no key update`,
          [by.productId, by.customerId],
        )
  return row
}

/**
 * The rest of a statement whose `written (review_id, product_id, stars, status)` are the reviews that it wrote: counts what the
 * products of $1 are given now, which is a new revision of each.
 */
const RERATED = `
  counted as (
    select product_id, stars from product.reviews
    where product_id = any ($1::uuid[]) and status = 'published' and review_id not in (select review_id from written)
    union all
    select product_id, stars from written where status = 'published'
  ), rating as (
    select product_id, count(*)::int as count, round(avg(stars), 2) as average,
      array[count(*) filter (where stars = 1), count(*) filter (where stars = 2), count(*) filter (where stars = 3),
        count(*) filter (where stars = 4), count(*) filter (where stars = 5)]::int[] as histogram
    from counted where product_id = any ($1::uuid[]) group by product_id
  ), rated as (
    insert into product.product_ratings (product_id, count, average, histogram)
    select product_id, count, average, histogram from rating
    on conflict (product_id) do update
      set count = excluded.count, average = excluded.average, histogram = excluded.histogram
  ), unrated as (
    delete from product.product_ratings
    where product_id = any ($1::uuid[]) and product_id not in (select product_id from rating)
  ), changed as (
    update product.products set revision = revision + 1
    where product_id = any ($1::uuid[])
    returning product_id, revision, status
  )
  select c.product_id as "productId", c.revision, c.status,
    coalesce((select json_agg(sku order by position) from product.variants v where v.product_id = c.product_id), '[]') as skus
  from changed c`

type Rerated = {
  readonly productId: string
  readonly revision: number
  readonly status: 'draft' | 'published' | 'archived'
  readonly skus: string[]
}

const INSERT = `
  with written as (
    insert into product.reviews (review_id, product_id, customer_id, stars, title, text, author, status)
    values ($2, $3, $4, $5, $6, $7, $8, 'pending')
    returning review_id, product_id, stars, status
  ), ${RERATED}`

const UPDATE = `
  with written as (
    update product.reviews set stars = $3, title = $4, text = $5, author = $6, status = $7, reason = $8,
      version = version + 1, revision = revision + 1,
      written_at = case when $9 then now() else written_at end,
      moderated_at = case when $9 then null else now() end
    where review_id = $2
    returning review_id, product_id, stars, status
  ), ${RERATED}`

const DELETE = `
  with written as (
    delete from product.reviews where review_id = $2 returning review_id, product_id, stars, 'deleted' as status
  ), ${RERATED}`

const INSERT_IMPORTED = `
  with written as (
    insert into product.reviews (review_id, product_id, import_key, stars, title, text, author, verified, status, written_at)
    select "reviewId", "productId", "importKey", stars, title, text, author, verified, 'published',
      least(now(), greatest('epoch', coalesce("createdAt", now())))
    from jsonb_to_recordset($2::jsonb) as r ("reviewId" uuid, "productId" uuid, "importKey" text, stars int, title text,
      text text, author text, verified boolean, "createdAt" timestamptz)
    on conflict (product_id, import_key) do nothing
    returning review_id, product_id, stars, status
  ), ${RERATED}`

export type ReviewContent = Pick<StoredReview, 'stars' | 'title' | 'text' | 'author'>

/** A new review waits for the moderators. */
export async function insertReview(
  tx: Tx,
  { reviewId, productId, customerId }: { reviewId: string; productId: string; customerId: string },
  { stars, title, text, author }: ReviewContent,
): Promise<void> {
  await tx.query(INSERT, [[], reviewId, productId, customerId, stars, title, text, author])
  tx.emit(ReviewChanged, { reviewId, productId, status: 'pending' }, { version: 1 })
}

/** Writes a review anew: by its author, or by a moderator. Behind the product's lock. */
export async function updateReview(
  tx: Tx,
  before: StoredReview,
  after: ReviewContent & Pick<StoredReview, 'status' | 'reason'>,
  by: 'author' | 'moderator',
): Promise<void> {
  const { reviewId, productId } = before
  const isRated = before.status === 'published' || after.status === 'published'
  await announceRating(
    tx,
    await tx.query<Rerated>(UPDATE, [
      isRated ? [productId] : [],
      reviewId,
      after.stars,
      after.title,
      after.text,
      after.author,
      after.status,
      after.reason,
      by === 'author',
    ]),
  )
  tx.audit({
    subject: `review:${reviewId}`,
    version: before.version + 1,
    before: visible(before),
    after: visible(after),
  })
  tx.emit(ReviewChanged, { reviewId, productId, status: after.status }, { version: before.revision + 1 })
}

/** Behind the product's lock. */
export async function removeReview(tx: Tx, review: StoredReview): Promise<void> {
  const { reviewId, productId, revision } = review
  await announceRating(
    tx,
    await tx.query<Rerated>(DELETE, [review.status === 'published' ? [productId] : [], reviewId]),
  )
  tx.emit(ReviewChanged, { reviewId, productId, status: 'deleted' }, { version: revision + 1 })
}

export type ImportedReview = ReviewContent & {
  readonly reviewId: string
  readonly productId: string
  readonly importKey: string
  readonly verified: boolean
  readonly createdAt: string | undefined
}

/** Reviews that are not there yet, published. Behind the products' locks. */
export async function insertImported(tx: Tx, imported: readonly ImportedReview[]): Promise<void> {
  if (imported.length === 0) return
  const productIds = [...new Set(imported.map(({ productId }) => productId))]
  await announceRating(tx, await tx.query<Rerated>(INSERT_IMPORTED, [productIds, JSON.stringify(imported)]))
  for (const { reviewId, productId } of imported)
    tx.emit(ReviewChanged, { reviewId, productId, status: 'published' }, { version: 1 })
}

/** The rating stands in the public lists, too. */
async function announceRating(tx: Tx, rerated: readonly Rerated[]): Promise<void> {
  if (rerated.length === 0) return
  await relist(
    tx.query,
    rerated.map(({ productId }) => productId),
  )
  for (const { productId, revision, status, skus } of rerated)
    tx.emit(ProductChanged, { productId, status, skus, only: 'rating' }, { version: revision })
}

const visible = ({
  stars,
  title,
  text,
  author,
  status,
  reason,
}: Omit<ReviewContent, never> & Pick<StoredReview, 'status' | 'reason'>) => ({
  stars,
  title,
  text,
  author,
  status,
  reason,
})
