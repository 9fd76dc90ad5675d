import type { Query } from '@stoa/runtime'
import type { Records } from './recorder.ts'

/** Adds what was counted, in one statement. Rows are taken in the order of their keys, so that two replicas never wait in a circle. */
export async function writeRecords(query: Query, records: Records): Promise<void> {
  await query(WRITE, [
    JSON.stringify(
      records.queries.map(({ day, query, testId, variant, searches, zeroResults, clicks }) => ({
        day,
        query,
        test_id: testId,
        variant,
        searches,
        zero_results: zeroResults,
        clicks,
      })),
    ),
    JSON.stringify(records.positions),
    JSON.stringify(
      records.reformulations.map(({ day, from, to, times }) => ({ day, f: from, t: to, times })),
    ),
    JSON.stringify(
      records.marks.map(({ cartKey, productId, skus, query, testId, variant }) => ({
        cart_key: cartKey,
        product_id: productId,
        skus,
        query,
        test_id: testId,
        variant,
      })),
    ),
  ])
}

const WRITE = `
with entry as (
  select * from jsonb_to_recordset($1::jsonb) as e (day date, query text, test_id uuid, variant text,
    searches int, zero_results int, clicks int)
),
by_query as (
  insert into search.query_days as d (day, query, searches, zero_results, clicks)
  select day, query, sum(searches), sum(zero_results), sum(clicks) from entry where query is not null
  group by day, query order by day, query
  on conflict (day, query) do update set searches = d.searches + excluded.searches,
    zero_results = d.zero_results + excluded.zero_results, clicks = d.clicks + excluded.clicks
),
by_day as (
  insert into search.days as d (day, searches, zero_results, clicks)
  select day, sum(searches), sum(zero_results), sum(clicks) from entry group by day order by day
  on conflict (day) do update set searches = d.searches + excluded.searches,
    zero_results = d.zero_results + excluded.zero_results, clicks = d.clicks + excluded.clicks
),
by_test as (
  insert into search.test_results as r (test_id, variant, searches, zero_results, clicks)
  select e.test_id, e.variant, sum(e.searches), sum(e.zero_results), sum(e.clicks)
  from entry e join search.tests t using (test_id)
  group by e.test_id, e.variant order by e.test_id, e.variant
  on conflict (test_id, variant) do update set searches = r.searches + excluded.searches,
    zero_results = r.zero_results + excluded.zero_results, clicks = r.clicks + excluded.clicks
),
by_position as (
  insert into search.position_days as p (day, position, clicks)
  select day, position, sum(clicks) from jsonb_to_recordset($2::jsonb) as e (day date, position int, clicks int)
  group by day, position order by day, position
  on conflict (day, position) do update set clicks = p.clicks + excluded.clicks
),
by_reformulation as (
  insert into search.reformulation_days as d (day, from_query, to_query, times)
  select day, f, t, sum(times) from jsonb_to_recordset($3::jsonb) as e (day date, f text, t text, times int)
  group by day, f, t order by day, f, t
  on conflict (day, from_query, to_query) do update set times = d.times + excluded.times
)
insert into search.marks as m (cart_key, product_id, skus, query, test_id, variant)
select cart_key, product_id, array(select jsonb_array_elements_text(skus)), query, test_id, variant
from jsonb_to_recordset($4::jsonb) as e (cart_key text, product_id uuid, skus jsonb, query text, test_id uuid, variant text)
order by cart_key, product_id
on conflict (cart_key, product_id) do update set skus = excluded.skus, query = excluded.query, test_id = excluded.test_id,
  variant = excluded.variant, marked_at = now()`

/** A line of a confirmed order. */
export type SoldLine = {
  readonly orderId: string
  readonly cartKey: string
  readonly sku: string
  readonly quantity: number
  /** UTC, `2026-05-01`. */
  readonly day: string
}

/** Days that sales are kept. What is older is passed over: nobody would know that it was told before. */
export const SOLD_DAYS = 90

/** Remembers what was sold, and counts the searches that led to it; both once, however often they are told. One statement. */
export async function recordSales(query: Query, lines: readonly SoldLine[]): Promise<void> {
  await query(SELL, [
    JSON.stringify(
      lines.map(({ orderId, cartKey, sku, quantity, day }) => ({
        order_id: orderId,
        cart_key: cartKey,
        sku,
        units: quantity,
        day,
      })),
    ),
  ])
}

const SELL = `
with line as materialized (
  select * from jsonb_to_recordset($1::jsonb) as l (order_id uuid, cart_key text, sku text, units int, day date)
  where day >= (now() at time zone 'utc')::date - ${SOLD_DAYS}
),
sale as (
  insert into search.sold (order_id, sku, day, units)
  select order_id, sku, min(day), sum(units) from line group by order_id, sku order by order_id, sku
  on conflict (order_id, sku) do nothing
),
converted as (
  delete from search.marks m
  using (select cart_key, min(day) as day, array_agg(sku) as skus from line group by cart_key) o
  where m.cart_key = o.cart_key and m.skus && o.skus
  returning m.query, m.test_id, m.variant, o.day
),
by_query as (
  insert into search.query_days as d (day, query, conversions)
  select day, query, count(*) from converted where query is not null group by day, query order by day, query
  on conflict (day, query) do update set conversions = d.conversions + excluded.conversions
),
by_test as (
  insert into search.test_results as r (test_id, variant, conversions)
  select c.test_id, c.variant, count(*) from converted c join search.tests t using (test_id)
  group by c.test_id, c.variant order by c.test_id, c.variant
  on conflict (test_id, variant) do update set conversions = r.conversions + excluded.conversions
)
insert into search.days as d (day, conversions)
select day, count(*) from converted group by day order by day
on conflict (day) do update set conversions = d.conversions + excluded.conversions`

/** Days of sales that count for ranking: long enough for slow articles, short enough for seasons. */
const SALES_DAYS = 30

/** Units sold lately, by SKU. */
export async function readSales(query: Query, skus?: readonly string[]): Promise<Map<string, number>> {
  const rows = await query<{ sku: string; units: number }>(
    skus ? SALES_OF : SALES,
    skus ? [[...new Set(skus)]] : [],
  )
  return new Map(rows.map(({ sku, units }) => [sku, units]))
}

const SALES = `select sku, sum(units)::int as units from search.sold
  where day > (now() at time zone 'utc')::date - ${SALES_DAYS} group by sku`
const SALES_OF = `select sku, sum(units)::int as units from search.sold
  where day > (now() at time zone 'utc')::date - ${SALES_DAYS} and sku = any($1::text[]) group by sku`
