import { Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { readCursor } from '../cursor.ts'
import { customerGroupOf, summaryFor } from '../shop-prices.ts'

// One statement with one text for each way to ask, so that each is prepared once; PostgreSQL writes the answer. $1 currency, $2 and $3
// where the page before ended, $4 limit, $5 group, then the slugs. One item more than the limit is read, to know whether there is a
// next page.

const BEFORE_CURSOR = `(l.published_at, l.product_id) < (
  coalesce(timestamptz 'epoch' + $2::bigint * interval '1 microsecond', 'infinity'),
  coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))`

const NEWEST_FIRST = 'l.published_at desc, l.product_id desc'

const pageJson = (at: string) => `
  json_build_object(
    'items', coalesce(json_agg(summary order by place) filter (where place <= $4), '[]'),
    'next', case when count(*) > $4 then
      max(${at}) filter (where place = $4) || '.' ||
      max(product_id::text) filter (where place = $4) end)::text`

const PAGE_BY_TIME = pageJson('(extract(epoch from published_at) * 1000000)::bigint')

// The largest page is a constant inside, so that PostgreSQL knows how little it reads and keeps one plan; planning anew
// each time took a third of the whole.
const all = (summary: string) => `
  select null as missing, ${PAGE_BY_TIME} as json
  from (
    select l.product_id, l.published_at, ${summary} as summary, row_number() over (order by ${NEWEST_FIRST}) as place
    from (
      select * from product.listings l
      where l.currency = $1 and ${BEFORE_CURSOR} and $5::text is not null
      order by ${NEWEST_FIRST}
      limit 101) l
    order by ${NEWEST_FIRST}
    limit $4 + 1) page`

/** A thing by its slug or by one that it had; as `shelf`. */
const shelf = (table: string, kind: string, id: string, slug: string) => `
  select ${id} from product.${table} where slug = ${slug}
  union all
  select t.${id} from product.slug_redirects r join product.${table} t on t.${id} = r.target_id
  where r.kind = '${kind}' and r.slug = ${slug} and not exists (select from product.${table} where slug = ${slug})`

// The newest of each category at and below $6, merged: each is a range of category_listings' primary key.
const ofCategory = (summary: string) => `
  with shelf as (${shelf('categories', 'category', 'category_id', '$6')}),
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
    where $5::text is not null
    group by l.published_at, l.product_id
    order by ${NEWEST_FIRST}
    limit $4 + 1),
  page as (
    select l.product_id, l.published_at, ${summary} as summary, row_number() over (order by ${NEWEST_FIRST}) as place
    from found join product.listings l on l.product_id = found.product_id and l.currency = $1)
  select case when not exists (select from shelf) then 'category' end as missing, ${PAGE_BY_TIME} as json
  from page`

/** Whether the listing `l` stands in the category `aisle` or below it; true when none is asked for. */
const IN_AISLE = `
  ($6::text is null or exists (
    select from product.product_categories pc
    join product.categories c on c.category_id = pc.category_id
    where pc.product_id = l.product_id and c.path @> array[(select category_id from aisle)]))`

const AISLE = `aisle as (${shelf('categories', 'category', 'category_id', '$6')})`
const MAKER = `maker as (${shelf('brands', 'brand', 'brand_id', '$7')})`

const MISSING = `
  case when $6::text is not null and not exists (select from aisle) then 'category'
    when $7::text is not null and not exists (select from maker) then 'brand'`

// A brand's own range, of which a category is a part.
const ofBrand = (summary: string) => `
  with ${AISLE}, ${MAKER},
  page as (
    select l.product_id, l.published_at, ${summary} as summary, row_number() over (order by ${NEWEST_FIRST}) as place
    from (
      select l.* from product.listings l
      where l.brand_id = (select brand_id from maker) and l.currency = $1 and ${BEFORE_CURSOR} and ${IN_AISLE}
        and $5::text is not null
      order by ${NEWEST_FIRST}
      limit $4 + 1) l)
  select ${MISSING} end as missing, ${PAGE_BY_TIME} as json
  from page`

// In the order in which staff put them. At most MAX_COLLECTION_PRODUCTS are looked at.
const ofCollection = (summary: string) => `
  with ${AISLE}, ${MAKER}, pick as (${shelf('collections', 'collection', 'collection_id', '$8')}),
  page as (
    select l.product_id, l.position, ${summary} as summary, row_number() over (order by l.position, l.product_id) as place
    from (
      select l.*, cp.position from product.collection_products cp
      join product.listings l on l.product_id = cp.product_id and l.currency = $1
      where cp.collection_id = (select collection_id from pick)
        and (cp.position, cp.product_id) > (coalesce($2::bigint, -1), coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
        and ($7::text is null or l.brand_id = (select brand_id from maker)) and ${IN_AISLE} and $5::text is not null
      order by cp.position, cp.product_id
      limit $4 + 1) l)
  select ${MISSING} when not exists (select from pick) then 'collection' end as missing, ${pageJson('position')} as json
  from page`

const statements = (summary: string) => ({
  all: all(summary),
  ofCategory: ofCategory(summary),
  ofBrand: ofBrand(summary),
  ofCollection: ofCollection(summary),
})
const FOR_EVERYONE = statements('l.summary')
const FOR_A_GROUP = statements(summaryFor('$1', '$5'))

const NOT_FOUND = {
  category: 'CATEGORY_NOT_FOUND',
  brand: 'BRAND_NOT_FOUND',
  collection: 'COLLECTION_NOT_FOUND',
} as const

/** What has no price for everyone is in no list, also when a group has one: what is listed does not depend on who asks. */
export const list: Handles<typeof product.operations.list> = async (input, { query, config, actor }) => {
  const { category, brand, collection } = input
  const cursor = input.after === undefined ? undefined : readCursor(input.after)
  const group = customerGroupOf(actor)
  const { all, ofCategory, ofBrand, ofCollection } = group === '' ? FOR_EVERYONE : FOR_A_GROUP
  const values: unknown[] = [
    input.currency ?? config.shopCurrency,
    cursor?.publishedAtMicros ?? null,
    cursor?.productId ?? null,
    input.limit,
    group,
  ]
  const slugs = [category ?? null, brand ?? null]
  const [page] =
    collection !== undefined
      ? await query<Page>(ofCollection, [...values, ...slugs, collection])
      : brand !== undefined
        ? await query<Page>(ofBrand, [...values, ...slugs])
        : category !== undefined
          ? await query<Page>(ofCategory, [...values, category])
          : await query<Page>(all, values)
  if (page!.missing) throw new Rejection(NOT_FOUND[page!.missing])
  return new JsonText(page!.json)
}

type Page = { missing: keyof typeof NOT_FOUND | null; json: string }
