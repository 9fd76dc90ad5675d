import type { Query } from '@stoa/runtime'
import {
  type CandidateColumns,
  CLOCK,
  entriesJson,
  IN_PERIOD,
  OWN_PRICES_JSON,
  toCandidates,
} from './candidates.ts'
import { effectivePrices } from './effective-prices.ts'

/**
 * Makes the effective prices of some products from what is stored of their variants and of price lists now. Runs in the transaction
 * of the change, behind the products' locks, and before `relist`. Writes only rows that change; answers the products that have such
 * rows. One statement, and one more when a price list bears on the products.
 *
 * By the clock at its run, not at the transaction's begin: who has waited for the lock on a product that was repriced at the begin of
 * a list must not take the list back.
 */
export async function reprice(query: Query, productIds: readonly string[]): Promise<string[]> {
  const rows = await query<Row>(REPRICE_UNLISTED, [productIds])
  const changed = new Set(rows.flatMap(({ variantId, productId }) => (variantId === null ? [productId] : [])))
  const listed = rows.flatMap((row) => (row.variantId === null ? [] : [row]))
  if (listed.length > 0) {
    const written = await query<{ productId: string }>(WRITE_LISTED, [
      JSON.stringify(listed.map(({ variantId, productId }) => ({ variantId, productId }))),
      JSON.stringify(
        listed.flatMap(({ variantId, at, ...columns }) =>
          effectivePrices(toCandidates(columns), at).map((price) => ({ variantId, ...price })),
        ),
      ),
    ])
    for (const { productId } of written) changed.add(productId)
  }
  return [...changed]
}

/** A product with changed rows, or a variant that a list bears on, with what its price is made from. */
type Row = { readonly productId: string } & (
  | { readonly variantId: null }
  | ({ readonly variantId: string; readonly at: number } & CandidateColumns)
)

const CHANGED = `
  (e.amount_minor, e.compare_at_minor, e.price_list_id, e.tiers) is distinct from
  (excluded.amount_minor, excluded.compare_at_minor, excluded.price_list_id, excluded.tiers)`

/** Writes the variants on which no list bears now: most, in most shops. Answers the others as they are. */
const REPRICE_UNLISTED = `
  with ${CLOCK},
  subject as materialized (
    select v.variant_id, v.product_id, exists (
      select from product.price_list_entries e
      join product.price_lists l on l.price_list_id = e.price_list_id and l.deleted_at is null
      where e.variant_id = v.variant_id and ${IN_PERIOD}) as listed
    from product.variants v, clock
    where v.product_id = any ($1::uuid[])
  ), fresh as (
    select vp.variant_id, vp.currency, vp.amount_minor, vp.compare_at_minor
    from subject join product.variant_prices vp on vp.variant_id = subject.variant_id and not subject.listed
  ), removed as (
    delete from product.effective_prices e using subject
    where e.variant_id = subject.variant_id and not subject.listed and not (e.customer_group = '' and exists (
      select from fresh f where f.variant_id = e.variant_id and f.currency = e.currency))
    returning e.variant_id
  ), written as (
    insert into product.effective_prices as e (variant_id, currency, amount_minor, compare_at_minor)
    select variant_id, currency, amount_minor, compare_at_minor from fresh
    on conflict (variant_id, currency, customer_group) do update set amount_minor = excluded.amount_minor,
      compare_at_minor = excluded.compare_at_minor, price_list_id = excluded.price_list_id, tiers = excluded.tiers
      where ${CHANGED}
    returning e.variant_id
  )
  select distinct on (subject.product_id) subject.product_id as "productId", null::uuid as "variantId", null::bigint as at,
    null::json as own, null::json as entries
  from (select variant_id from removed union all select variant_id from written) changed
  join subject on subject.variant_id = changed.variant_id
  union all
  select v.product_id, v.variant_id, clock.at, ${OWN_PRICES_JSON}, ${entriesJson(IN_PERIOD)}
  from subject v, clock where v.listed`

const WRITE_LISTED = `
  with subject as (
    select * from jsonb_to_recordset($1::jsonb) as s ("variantId" uuid, "productId" uuid)
  ), fresh as (
    select * from jsonb_to_recordset($2::jsonb) as f ("variantId" uuid, currency text, "customerGroup" text,
      "amountMinor" bigint, "compareAtMinor" bigint, "priceListId" uuid, tiers jsonb)
  ), removed as (
    delete from product.effective_prices e using subject
    where e.variant_id = subject."variantId" and not exists (
      select from fresh f where f."variantId" = e.variant_id and f.currency = e.currency
        and f."customerGroup" = e.customer_group)
    returning e.variant_id
  ), written as (
    insert into product.effective_prices as e (variant_id, currency, customer_group, amount_minor, compare_at_minor,
      price_list_id, tiers)
    select "variantId", currency, "customerGroup", "amountMinor", "compareAtMinor", "priceListId", tiers from fresh
    on conflict (variant_id, currency, customer_group) do update set amount_minor = excluded.amount_minor,
      compare_at_minor = excluded.compare_at_minor, price_list_id = excluded.price_list_id, tiers = excluded.tiers
      where ${CHANGED}
    returning e.variant_id
  )
  select distinct subject."productId"
  from (select variant_id from removed union all select variant_id from written) changed
  join subject on subject."variantId" = changed.variant_id`
