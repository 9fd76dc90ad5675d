import { Rejection } from '@stoa/contract'
import type { reviewOperations } from '@stoa/contracts/product-reviews'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { readReviewCursor } from './review-cursor.ts'
import { reviewJson } from './review-json.ts'

type Sort = 'newest' | 'helpful'

const ORDERS = {
  newest: {
    column: 'written_at',
    first: `coalesce(timestamptz 'epoch' + $2::bigint * interval '1 microsecond', 'infinity')`,
    place: '(extract(epoch from written_at) * 1000000)::bigint',
  },
  helpful: { column: 'helpful', first: 'coalesce($2::bigint, 2147483648)', place: 'helpful' },
} as const

// $1 product, $2 and $3 where the page before ended, $4 limit, $5 stars.
const page = (sort: Sort, where: string) => {
  const { column, first, place } = ORDERS[sort]
  return `
    with page as (
      select ${reviewJson} as json, ${place} as place, review_id,
        row_number() over (order by ${column} desc, review_id desc) as rank
      from (
        select * from product.reviews
        where product_id = $1 and status = 'published' ${where}
          and (${column}, review_id) < (${first}, coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
        order by ${column} desc, review_id desc
        limit $4 + 1) r)
    select exists (select from product.products where product_id = $1 and status = 'published') as found,
      json_build_object(
        'items', coalesce((select json_agg(json order by rank) from page where rank <= $4), '[]'),
        'next', (select '${sort}.' || place || '.' || review_id from page
          where rank = $4 and exists (select from page where rank > $4)),
        'rating', coalesce(
          (select json_build_object('count', count, 'average', average, 'histogram', histogram)
            from product.product_ratings where product_id = $1),
          '{"count":0,"average":null,"histogram":[0,0,0,0,0]}'))::text as json`
}

const PAGES = {
  newest: { all: page('newest', ''), ofStars: page('newest', 'and stars = $5') },
  helpful: { all: page('helpful', ''), ofStars: page('helpful', 'and stars = $5') },
}

export const reviews: Handles<typeof reviewOperations.reviews> = async (input, { query }) => {
  const { productId, sort, stars, limit } = input
  const cursor = readReviewCursor(sort, input.after)
  const values = [productId, cursor?.place ?? null, cursor?.reviewId ?? null, limit]
  const [row] =
    stars === undefined
      ? await query<{ found: boolean; json: string }>(PAGES[sort].all, values)
      : await query<{ found: boolean; json: string }>(PAGES[sort].ofStars, [...values, stars])
  if (!row!.found) throw new Rejection('PRODUCT_NOT_FOUND')
  return new JsonText(row!.json)
}
