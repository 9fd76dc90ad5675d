import { Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { isoTimestamp } from '../json.ts'
import { categoriesOfProduct } from '../products.ts'
import { looksLikeId } from '../slug.ts'

// A product that has no variant to buy in this currency is not there: no row.
const PRODUCT = `
  select json_build_object(
    'productId', p.product_id, 'slug', p.slug, 'name', p.name, 'brand', p.brand, 'description', p.description,
    'categories', ${categoriesOfProduct}, 'options', p.options, 'variants', v.items,
    'createdAt', ${isoTimestamp('p.created_at')}, 'updatedAt', ${isoTimestamp('p.updated_at')})::text as json
  from product.products p
  cross join lateral (
    select json_agg(json_build_object(
      'variantId', v.variant_id, 'sku', v.sku, 'barcode', v.barcode, 'options', v.options,
      'price', json_build_object(
        'amountMinor', vp.amount_minor, 'currency', vp.currency, 'compareAtMinor', vp.compare_at_minor),
      'weightGrams', v.weight_grams) order by v.position) as items
    from product.variants v
    join product.variant_prices vp on vp.variant_id = v.variant_id and vp.currency = $2
    where v.product_id = p.product_id and not v.archived) v
  where p.status = 'published' and v.items is not null`

const BY_ID = `${PRODUCT} and p.product_id = $1::uuid`
const BY_SLUG = `${PRODUCT} and p.slug = $1`

export const get: Handles<typeof product.operations.get> = async (
  { idOrSlug, currency },
  { query, config },
) => {
  const [row] = await query<{ json: string }>(looksLikeId(idOrSlug) ? BY_ID : BY_SLUG, [
    idOrSlug,
    currency ?? config.shopCurrency,
  ])
  if (!row) throw new Rejection('PRODUCT_NOT_FOUND')
  return new JsonText(row.json)
}
