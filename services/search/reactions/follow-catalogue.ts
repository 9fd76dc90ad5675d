import { LevelsChanged } from '@stoa/contracts/inventory'
import { OrderConfirmed } from '@stoa/contracts/order'
import { ProductChanged } from '@stoa/contracts/product'
import { SearchStatusRequested } from '@stoa/contracts/search'
import { everywhere, type Fact } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { loadShared } from '../load-shared.ts'
import { unlessLost } from '../lost-index.ts'
import { answerAsked } from '../replicas.ts'

/** Keeps this process's index like the catalogue, the stock and the sales; begins by reading all of them. */
export const followCatalogue = everywhere({
  name: 'follow-catalogue',
  hears: [ProductChanged, LevelsChanged, OrderConfirmed, SearchStatusRequested],
  // Documents come by the fifty, and three lists of fifty at once.
  limit: 150,
  load: async (ctx: Context) => {
    const { catalogue, holds, shared } = ctx.resources
    if (holds) await catalogue.load(ctx)
    if (!shared) return
    // With an index of its own the process answers; the first searches try again.
    await loadShared(ctx, shared).catch((error: unknown) => {
      if (!holds) throw error
      ctx.log.warn({ err: error }, 'the shared search index does not answer yet')
    })
  },
  handle: (facts, ctx: Context) => unlessLost(ctx, () => follow(facts, ctx)),
})

type Heard =
  | Fact<typeof ProductChanged>
  | Fact<typeof LevelsChanged>
  | Fact<typeof OrderConfirmed>
  | Fact<typeof SearchStatusRequested>

async function follow(facts: readonly Heard[], ctx: Context): Promise<void> {
  const { catalogue, holds, shared } = ctx.resources
  const products = new Map<string, number>()
  const stocked = new Set<string>()
  const sold: { sku: string; quantity: number }[] = []
  for (const fact of facts) {
    switch (fact.type) {
      case 'product.changed':
        products.set(fact.payload.productId, fact.version)
        break
      case 'inventory.levels-changed':
        for (const sku of fact.payload.skus) stocked.add(sku)
        break
      case 'order.confirmed':
        sold.push(...fact.payload.lines)
    }
  }
  if (holds && stocked.size > 0) await catalogue.refreshStock([...stocked], ctx)
  if (holds && products.size > 0) await catalogue.refresh(products, ctx)
  if (holds && sold.length > 0) await catalogue.addSales(sold)
  for (const fact of facts)
    if (fact.type === 'search.status-requested') await answerAsked(ctx, shared ?? catalogue, fact.payload)
}
