import { Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { productFields } from '../products.ts'
import { refuseMoved } from '../redirects.ts'
import { customerGroupOf, priceFor } from '../shop-prices.ts'
import { looksLikeId } from '../slug.ts'

// A product that has no variant to buy in this currency is not there: no row.
const PRODUCT = `
  select json_build_object(${productFields}, 'variants', v.items)::text as json
  from product.products p
  left join product.brands b on b.brand_id = p.brand_id
  cross join lateral (
    select json_agg(json_build_object(
      'variantId', v.variant_id, 'sku', v.sku, 'barcode', v.barcode, 'options', v.options,
      'price', json_build_object(
        'amountMinor', e.amount_minor, 'currency', $2, 'compareAtMinor', e.compare_at_minor),
      'tiers', e.tiers, 'weightGrams', v.weight_grams) order by v.position) as items
    from product.variants v
    cross join ${priceFor('$2', '$3')}
    where v.product_id = p.product_id and not v.archived) v
  where p.status = 'published' and v.items is not null`

const BY_ID = `${PRODUCT} and p.product_id = $1::uuid`
const BY_SLUG = `${PRODUCT} and p.slug = $1`

/** By a slug that it once had, it is refused with the address that it has now. */
export const get: Handles<typeof product.operations.get> = async (
  { idOrSlug, currency },
  { query, config, actor },
) => {
  const isId = looksLikeId(idOrSlug)
  const [row] = await query<{ json: string }>(isId ? BY_ID : BY_SLUG, [
    idOrSlug,
    currency ?? config.shopCurrency,
    customerGroupOf(actor),
  ])
  if (row) return new JsonText(row.json)
  if (!isId) await refuseMoved(query, 'product', idOrSlug)
  throw new Rejection('PRODUCT_NOT_FOUND')
}
