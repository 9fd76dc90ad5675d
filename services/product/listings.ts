import type { Query } from '@stoa/runtime'

/**
 * Makes the public list's rows of some products from what is stored of them now: none unless published, one per currency in
 * which a variant that is not archived has a price. Runs in the transaction of the change, behind the product's lock.
 */
export async function relist(query: Query, productIds: readonly string[]): Promise<void> {
  await query(
    `with fresh as (
       select p.product_id, vp.currency, p.published_at, p.slug, p.name, p.brand,
         min(vp.amount_minor) as price_from_minor, max(vp.amount_minor) as price_to_minor,
         (array_agg(vp.compare_at_minor order by vp.amount_minor, v.position))[1] as compare_at_minor,
         count(*)::int as variant_count
       from product.products p
       join product.variants v on v.product_id = p.product_id and not v.archived
       join product.variant_prices vp on vp.variant_id = v.variant_id
       where p.product_id = any ($1::uuid[]) and p.status = 'published'
       group by p.product_id, vp.currency
     ), fresh_place as (
       select pc.category_id, f.currency, f.published_at, f.product_id
       from fresh f join product.product_categories pc on pc.product_id = f.product_id
     ), unlisted as (
       delete from product.listings l
       where l.product_id = any ($1::uuid[])
         and not exists (select from fresh f where f.product_id = l.product_id and f.currency = l.currency)
     ), listed as (
       insert into product.listings (product_id, currency, published_at, slug, name, brand, price_from_minor,
         price_to_minor, compare_at_minor, variant_count)
       select product_id, currency, published_at, slug, name, brand, price_from_minor, price_to_minor,
         compare_at_minor, variant_count
       from fresh
       on conflict (product_id, currency) do update set published_at = excluded.published_at, slug = excluded.slug,
         name = excluded.name, brand = excluded.brand, price_from_minor = excluded.price_from_minor,
         price_to_minor = excluded.price_to_minor, compare_at_minor = excluded.compare_at_minor,
         variant_count = excluded.variant_count
     ), taken_away as (
       delete from product.category_listings l
       where l.product_id = any ($1::uuid[])
         and not exists (select from fresh_place f where f.category_id = l.category_id and f.currency = l.currency
           and f.published_at = l.published_at and f.product_id = l.product_id)
     )
     insert into product.category_listings (category_id, currency, published_at, product_id)
     select category_id, currency, published_at, product_id from fresh_place
     on conflict do nothing`,
    [productIds],
  )
}
