import { OrderConfirmed, placedAtMs } from '@stoa/contracts/order'
import { type Fact, projection } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { recordSales, type SoldLine } from '../records.ts'
import { cartKey } from '../search-id.ts'

/** What was sold, and which searches led to it. In one statement whose repetition changes nothing. */
export const recordSalesReaction = projection({
  name: 'record-sales',
  hears: [OrderConfirmed],
  handle: async (facts, ctx: Context) => {
    await recordSales(ctx.query, soldLines(facts, ctx.resources.secret))
  },
})

/** An order that is told of again within one list is sold once all the same, and on the day it was placed whenever it is told of. */
export const soldLines = (facts: readonly Fact<typeof OrderConfirmed>[], secret: string): SoldLine[] =>
  [...new Map(facts.map((fact) => [fact.payload.orderId, fact])).values()].flatMap(({ payload }) =>
    payload.lines.map(({ sku, quantity }) => ({
      orderId: payload.orderId,
      cartKey: cartKey(secret, payload.cartId),
      sku,
      quantity,
      day: new Date(placedAtMs(payload.orderId)).toISOString().slice(0, 10),
    })),
  )
