import { OrderConfirmed } from '@stoa/contracts/order'
import { effect } from '@stoa/runtime'
import { closeOrdered } from '../carts.ts'
import type { Context } from '../context.ts'

/** What was paid is no longer in a cart. A cart that is closed, merged or gone stays so. */
export const closeOrderedCarts = effect({
  name: 'close-ordered-carts',
  hears: [OrderConfirmed],
  handle: async (facts, ctx: Context) => {
    const cartIds = [...new Set(facts.map(({ payload }) => payload.cartId))]
    await ctx.transaction((tx) => closeOrdered(tx.query, cartIds))
  },
})
