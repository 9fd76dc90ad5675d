import type { Query } from '@stoa/runtime'

/**
 * Makes the effective prices of some products from what is stored of their variants now. Runs in the transaction of the change,
 * behind the products' locks, and before `relist`. Writes only rows that change; answers the products that have such rows.
 */
export async function reprice(query: Query, productIds: readonly string[]): Promise<string[]> {
  const rows = await query<{ productId: string }>(
    `with subject as (
       select variant_id, product_id from product.variants where product_id = any ($1::uuid[])
     ), fresh as (
       select vp.variant_id, vp.currency, vp.amount_minor, vp.compare_at_minor
       from subject join product.variant_prices vp on vp.variant_id = subject.variant_id
     ), removed as (
       delete from product.effective_prices e using subject
       where e.variant_id = subject.variant_id and not exists (
         select from fresh f where f.variant_id = e.variant_id and f.currency = e.currency and e.customer_group = '')
       returning e.variant_id
     ), written as (
       insert into product.effective_prices as e (variant_id, currency, amount_minor, compare_at_minor)
       select variant_id, currency, amount_minor, compare_at_minor from fresh
       on conflict (variant_id, currency, customer_group) do update
         set amount_minor = excluded.amount_minor, compare_at_minor = excluded.compare_at_minor, price_list_id = null
         where (e.amount_minor, e.compare_at_minor, e.price_list_id)
           is distinct from (excluded.amount_minor, excluded.compare_at_minor, null)
       returning e.variant_id
     )
     select distinct subject.product_id as "productId"
     from (select variant_id from removed union all select variant_id from written) changed
     join subject on subject.variant_id = changed.variant_id`,
    [productIds],
  )
  return rows.map(({ productId }) => productId)
}
