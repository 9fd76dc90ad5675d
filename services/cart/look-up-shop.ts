import type { Shop } from './cart.ts'
import type { Context } from './context.ts'

/**
 * What the shop has of these SKUs now, with the price of any quantity. At most 200 of them: two carts. Nothing is asked about
 * none.
 */
export async function lookUpShop(ctx: Context, skus: Iterable<string>, currency: string): Promise<Shop> {
  const wanted = [...new Set(skus)]
  if (wanted.length === 0) return { currency, offers: new Map(), available: new Map() }
  const [quoted, stocked] = await Promise.all([
    ctx.call.product.quote({ skus: wanted, currency }),
    ctx.call.inventory.availability({ skus: wanted }),
  ])
  return {
    currency,
    offers: new Map(
      quoted.items.map(({ sku, productId, productSlug, name, options, unitPriceMinor, tiers }) => [
        sku,
        { sku, productId, productSlug, name, options, unitPriceMinor, tiers },
      ]),
    ),
    available: new Map(stocked.items.map(({ sku, available }) => [sku, available])),
  }
}
