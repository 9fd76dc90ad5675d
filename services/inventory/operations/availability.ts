import type { inventory } from '@stoa/contracts/inventory'
import { JsonText } from '@stoa/runtime'
import { availableOf } from '../allocate.ts'
import type { Handles } from '../context.ts'
import { readStock } from '../reservations.ts'

/**
 * What lapsed reservations keep counts as available, however late the job that gives it back: `reserve` gives it to whoever asks.
 * What was read serves the reservation that often follows.
 */
export const availability: Handles<typeof inventory.operations.availability> = async (input, ctx) => {
  const skus = [...new Set(input.skus)]
  const { stock, lapsed } = await readStock(ctx.query, { skus })
  ctx.resources.known.read(skus, stock, Date.now())
  const items = skus.map((sku) => ({ sku, available: availableOf(stock, sku) + (lapsed.get(sku) ?? 0) }))
  return new JsonText(JSON.stringify({ items }))
}
