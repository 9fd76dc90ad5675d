import type { cacheOperations } from '@stoa/contracts/product-cache'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'

// $1 products, $2 currency, $3 customer group. '' is everyone and sorts before any group.
const CARDS = `
  select json_build_object('items', coalesce(json_agg(json_build_object(
    'productId', p.product_id,
    'priceFrom', case when c.count > 0 then json_build_object('amountMinor', c.lowest, 'currency', $2::text) end,
    'priceTo', case when c.count > 0 then json_build_object('amountMinor', c.highest, 'currency', $2::text) end,
    'compareAtMinor', c.compare_at, 'variantCount', c.count, 'skus', c.skus)), '[]'))::text as json
  from product.products p
  cross join lateral (
    select count(*)::int as count, min(e.amount_minor) as lowest, max(e.amount_minor) as highest,
      (array_agg(e.compare_at_minor order by e.amount_minor, v.position))[1] as compare_at,
      coalesce(json_agg(v.sku order by v.position), '[]') as skus
    from product.variants v
    cross join lateral (
      select amount_minor, compare_at_minor from product.effective_prices e
      where e.variant_id = v.variant_id and e.currency = $2 and e.customer_group in ('', $3)
      order by e.customer_group desc
      limit 1) e
    where v.product_id = p.product_id and not v.archived) c
  where p.product_id = any ($1::uuid[]) and p.status = 'published'`

export const cards: Handles<typeof cacheOperations.cards> = async (input, { query, config }) => {
  const [row] = await query<{ json: string }>(CARDS, [
    input.productIds,
    input.currency ?? config.shopCurrency,
    input.customerGroup ?? '',
  ])
  return new JsonText(row!.json)
}
