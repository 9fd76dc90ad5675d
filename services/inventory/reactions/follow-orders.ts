import {
  OrderAbandoned,
  OrderCancelled,
  OrderConfirmed,
  OrderPaymentFailed,
  placedAtMs,
} from '@stoa/contracts/order'
import { effect, type Tx } from '@stoa/runtime'
import { allocateWhatIsThere, type Line, mergeLines } from '../allocate.ts'
import { announceLevels } from '../announce-levels.ts'
import type { Context } from '../context.ts'
import { intentsOf, type OrderFact, soldLines } from '../intents.ts'
import { concludeReservations, lockStock, RESERVATION_DAYS, takeStock } from '../reservations.ts'

/**
 * Sold, given back, or taken back: as the facts about the order want it. One statement for a list; an order that nothing is known
 * of, or whose reservation is past that state already, changes nothing.
 */
export const followOrders = effect({
  name: 'follow-orders',
  hears: [OrderConfirmed, OrderPaymentFailed, OrderCancelled, OrderAbandoned],
  handle: async (facts, ctx: Context) => {
    const intents = intentsOf(facts)
    const shortages = await ctx.transaction(async (tx) => {
      const emptyHanded = await concludeReservations(tx, intents)
      const shortages: { orderId: string; short: readonly Line[] }[] = []
      for (const orderId of emptyHanded.toSorted()) {
        const short = await sellUnreserved(tx, { orderId, facts, now: ctx.now() })
        if (short.length > 0) shortages.push({ orderId, short })
      }
      return shortages
    })
    for (const { orderId, short } of shortages)
      ctx.log.error(
        { orderId, short },
        'a confirmed order was not reserved, and not all that it wants is in stock',
      )
  },
})

/**
 * A confirmed order without a reservation. The order reserves again before it confirms late, so this takes an expiry between the
 * two. It is paid: what is on the shelves is its; what is not, staff hear of. Answers what is not.
 */
async function sellUnreserved(
  tx: Tx<unknown>,
  { orderId, facts, now }: { orderId: string; facts: readonly OrderFact[]; now: Date },
): Promise<readonly Line[]> {
  // Its reservation is forgotten by now: the fact is a very late repetition.
  if (now.getTime() - placedAtMs(orderId) > RESERVATION_DAYS * 24 * 3600_000) return []
  const wanted = mergeLines(soldLines(facts, orderId))
  const { stock } = await lockStock(tx.query, { skus: wanted.map(({ sku }) => sku), orderIds: [orderId] })
  const { lines, short } = allocateWhatIsThere(wanted, stock)
  const request = { orderId, lines: wanted, expiresAt: now.toISOString(), attempt: 1 }
  const taken = await takeStock(tx.query, {
    served: [{ request, lines }],
    demand: lines,
    status: 'committed',
  })
  // Somebody reserves for it at this very moment: the fact comes again, and finds that.
  if (!taken.taken.includes(orderId)) throw new Error(`${orderId} is being reserved while it is sold`)
  announceLevels(tx, taken.levels)
  return short
}
