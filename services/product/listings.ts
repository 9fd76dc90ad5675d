import type { Query } from '@stoa/runtime'
import { mainPictureOfProduct } from './media/media-json.ts'

/** `Rating` of the product `p`. */
export const ratingOfProduct = `
  coalesce((select json_build_object('average', r.average, 'count', r.count)
    from product.product_ratings r where r.product_id = p.product_id), '{"average":null,"count":0}')`

/**
 * Makes the public list's rows of some products from what is stored of them now: none unless published, one per currency in
 * which a variant that is not archived has a price for everyone. Runs in the transaction of the change, behind the products' locks
 * and after `reprice`.
 */
export async function relist(query: Query, productIds: readonly string[]): Promise<void> {
  await query(RELIST, [productIds])
}

const RELIST = `
  with priced as (
    select v.product_id, e.currency, min(e.amount_minor) as price_from, max(e.amount_minor) as price_to, count(*) as count,
      (array_agg(e.compare_at_minor order by e.amount_minor, v.position))[1] as compare_at
    from product.variants v
    -- Cut off from the planner, who thinks little of a young table and would read all of it once it is old.
    cross join lateral (
      select * from product.effective_prices e
      where e.variant_id = v.variant_id and e.customer_group = '' offset 0) e
    where v.product_id = any ($1::uuid[]) and not v.archived
    group by v.product_id, e.currency
  ), shown as materialized (
    select p.product_id, p.published_at, p.brand_id, p.slug, p.name, b.name as brand, b.slug as brand_slug,
      ${mainPictureOfProduct} as image, ${ratingOfProduct} as rating
    from product.products p
    left join product.brands b on b.brand_id = p.brand_id
    where p.product_id = any ($1::uuid[]) and p.status = 'published'
  ), fresh as materialized (
    select p.product_id, v.currency, p.published_at, p.brand_id, json_build_object(
      'productId', p.product_id, 'slug', p.slug, 'name', p.name, 'brand', p.brand, 'brandSlug', p.brand_slug,
      'priceFrom', json_build_object('amountMinor', v.price_from, 'currency', v.currency),
      'priceTo', json_build_object('amountMinor', v.price_to, 'currency', v.currency),
      'compareAtMinor', v.compare_at, 'variantCount', v.count, 'image', p.image, 'rating', p.rating) as summary
    from shown p join priced v on v.product_id = p.product_id
  ), fresh_place as (
    select pc.category_id, f.currency, f.published_at, f.product_id
    from fresh f join product.product_categories pc on pc.product_id = f.product_id
  ), unlisted as (
    delete from product.listings l
    where l.product_id = any ($1::uuid[])
      and not exists (select from fresh f where f.product_id = l.product_id and f.currency = l.currency)
  ), listed as (
    insert into product.listings as l (product_id, currency, published_at, brand_id, summary)
    select product_id, currency, published_at, brand_id, summary
    from fresh
    on conflict (product_id, currency) do update set published_at = excluded.published_at,
      brand_id = excluded.brand_id, summary = excluded.summary
    where l.published_at <> excluded.published_at or l.summary::text <> excluded.summary::text
      or l.brand_id is distinct from excluded.brand_id
  ), taken_away as (
    delete from product.category_listings l
    where l.product_id = any ($1::uuid[])
      and not exists (select from fresh_place f where f.category_id = l.category_id and f.currency = l.currency
        and f.published_at = l.published_at and f.product_id = l.product_id)
  )
  insert into product.category_listings (category_id, currency, published_at, product_id)
  select category_id, currency, published_at, product_id from fresh_place
  on conflict do nothing`
