import { OrderConfirmed } from '@stoa/contracts/order'
import { projection } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { recordSales } from '../records.ts'
import { cartKey } from '../search-id.ts'

/** What was sold, and which searches led to it. In one statement whose repetition changes nothing. */
export const recordSalesReaction = projection({
  name: 'record-sales',
  hears: [OrderConfirmed],
  handle: async (facts, ctx: Context) => {
    // An order that is told of again within one list is sold once all the same.
    const orders = new Map(facts.map((fact) => [fact.payload.orderId, fact]))
    await recordSales(
      ctx.query,
      [...orders.values()].flatMap(({ payload, occurredAt }) =>
        payload.lines.map(({ sku, quantity }) => ({
          orderId: payload.orderId,
          cartKey: cartKey(ctx.resources.secret, payload.cartId),
          sku,
          quantity,
          day: occurredAt.toISOString().slice(0, 10),
        })),
      ),
    )
  },
})
