import { Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { readCursor } from '../cursor.ts'

// One statement with one text each, so that it is prepared once; PostgreSQL writes the answer. $1 currency, $2 and $3 where the
// page before ended, $4 limit. One item more than the limit is read, to know whether there is a next page.

const BEFORE_CURSOR = `(l.published_at, l.product_id) < (
  coalesce(timestamptz 'epoch' + $2::bigint * interval '1 microsecond', 'infinity'),
  coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))`

const NEWEST_FIRST = 'l.published_at desc, l.product_id desc'

const PAGE_JSON = `
  json_build_object(
    'items', coalesce(json_agg(json_build_object(
      'productId', product_id, 'slug', slug, 'name', name, 'brand', brand,
      'priceFrom', json_build_object('amountMinor', price_from_minor, 'currency', currency),
      'priceTo', json_build_object('amountMinor', price_to_minor, 'currency', currency),
      'compareAtMinor', compare_at_minor, 'variantCount', variant_count) order by place) filter (where place <= $4), '[]'),
    'next', case when count(*) > $4 then
      max((extract(epoch from published_at) * 1000000)::bigint) filter (where place = $4) || '.' ||
      max(product_id::text) filter (where place = $4) end)::text`

// The largest page is a constant inside, so that PostgreSQL knows how little it reads and keeps one plan; planning anew
// each time took a third of the whole.
const ALL = `
  select true as found, ${PAGE_JSON} as json
  from (
    select l.*, row_number() over (order by ${NEWEST_FIRST}) as place
    from (
      select * from product.listings l
      where l.currency = $1 and ${BEFORE_CURSOR}
      order by ${NEWEST_FIRST}
      limit 101) l
    order by ${NEWEST_FIRST}
    limit $4 + 1) page`

// The newest of each category at and below $5, merged: each is a range of category_listings' primary key.
const OF_CATEGORY = `
  with shelf as (select category_id from product.categories where slug = $5),
  found as (
    select l.published_at, l.product_id
    from shelf
    join product.categories c on c.path @> array[shelf.category_id]
    cross join lateral (
      select l.published_at, l.product_id
      from product.category_listings l
      where l.category_id = c.category_id and l.currency = $1 and ${BEFORE_CURSOR}
      order by ${NEWEST_FIRST}
      limit $4 + 1) l
    group by l.published_at, l.product_id
    order by ${NEWEST_FIRST}
    limit $4 + 1),
  page as (
    select l.*, row_number() over (order by ${NEWEST_FIRST}) as place
    from found join product.listings l on l.product_id = found.product_id and l.currency = $1)
  select exists (select from shelf) as found, ${PAGE_JSON} as json
  from page`

export const list: Handles<typeof product.operations.list> = async (input, { query, config }) => {
  const cursor = input.after === undefined ? undefined : readCursor(input.after)
  const values = [
    input.currency ?? config.shopCurrency,
    cursor?.publishedAtMicros ?? null,
    cursor?.productId ?? null,
    input.limit,
  ]
  const [page] =
    input.category === undefined
      ? await query<Page>(ALL, values)
      : await query<Page>(OF_CATEGORY, [...values, input.category])
  if (!page!.found) throw new Rejection('CATEGORY_NOT_FOUND')
  return new JsonText(page!.json)
}

type Page = { found: boolean; json: string }
