import type { OutputOf } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { Handles } from '../context.ts'

const QUOTE = `
  select v.sku, v.variant_id as "variantId", p.product_id as "productId", p.slug as "productSlug", p.name, v.options,
    vp.amount_minor as "unitPriceMinor", v.weight_grams as "weightGrams"
  from product.variants v
  join product.products p on p.product_id = v.product_id and p.status = 'published'
  join product.variant_prices vp on vp.variant_id = v.variant_id and vp.currency = $2
  where v.sku = any ($1::text[]) and not v.archived`

export const quote: Handles<typeof product.operations.quote> = async ({ skus, currency }, { query }) => ({
  items: await query<Item>(QUOTE, [skus, currency]),
})

type Item = OutputOf<typeof product.operations.quote>['items'][number]
