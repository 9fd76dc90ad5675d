import { OrderRefundDue } from '@stoa/contracts/order'
import { effect } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { refundOrder } from '../jobs/refund-order.ts'

/** The fact's id becomes the refund's: a fact that comes twice, or a job that runs twice, meets its own refund. */
export const refundWhenDue = effect({
  name: 'refund-when-due',
  hears: [OrderRefundDue],
  handle: async (facts, ctx: Context) => {
    await ctx.transaction(async (tx) => {
      for (const { id, payload } of facts) {
        const { paymentId, reason } = payload
        tx.schedule(refundOrder, { refundId: id, paymentId, reason }, { key: `refund:${id}` })
      }
    })
  },
})
