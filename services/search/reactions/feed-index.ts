import { LevelsChanged } from '@stoa/contracts/inventory'
import { OrderConfirmed } from '@stoa/contracts/order'
import { ProductChanged } from '@stoa/contracts/product'
import { projection } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { retryShared } from '../load-shared.ts'
import { recordSales } from '../records.ts'
import { soldLines } from './record-sales.ts'

/** Keeps an index that all processes share like the catalogue, the stock and the sales: once, for all of them. */
export const feedIndex = projection({
  name: 'feed-index',
  hears: [ProductChanged, LevelsChanged, OrderConfirmed],
  // Documents come by the fifty.
  limit: 150,
  handle: async (facts, ctx: Context) => {
    const { shared, secret } = ctx.resources
    if (!shared) return
    // Whoever finds that the index is gone has it filled again.
    await retryShared(ctx, shared)
    const products = new Map<string, number>()
    const stocked = new Set<string>()
    const orders = facts.filter((fact) => fact.type === 'order.confirmed')
    for (const fact of facts) {
      if (fact.type === 'product.changed')
        products.set(
          fact.payload.productId,
          Math.max(fact.version, products.get(fact.payload.productId) ?? 0),
        )
      else if (fact.type === 'inventory.levels-changed') for (const sku of fact.payload.skus) stocked.add(sku)
    }
    if (products.size > 0) await shared.refresh(products, ctx)
    if (stocked.size > 0) await shared.refreshStock([...stocked], ctx)
    if (orders.length === 0) return
    // The reaction that records sales may come later than this one; recording them twice changes nothing.
    const lines = soldLines(orders, secret)
    await recordSales(ctx.query, lines)
    await shared.refreshSales(ctx, [...new Set(lines.map(({ sku }) => sku))])
  },
})
