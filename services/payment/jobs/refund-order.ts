import { Id } from '@stoa/contracts/text'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { refundableMinor } from '../payment-state.ts'
import { lockPayment } from '../payments.ts'
import { carryOutRefund } from '../refunding.ts'
import { beginRefund, findRefund, hasUnaskedRefund } from '../refunds.ts'

/**
 * Gives back all that is left of a payment whose order will not be delivered. An outage of the gateway only delays it. What is left is
 * known when each refund that somebody else has set aside has reached the gateway, for one that is refused leaves more: until then
 * the job fails and is tried again.
 */
export const refundOrder = job({
  name: 'refund-order',
  input: z.strictObject({ refundId: Id, paymentId: Id, reason: z.string().max(60) }),
  handle: async ({ refundId, paymentId, reason }, ctx: Context) => {
    const begun = await ctx.transaction(async (tx) => {
      const payment = await lockPayment(tx.query, paymentId)
      if (!payment) return false
      if (await findRefund(tx.query, refundId)) return true
      if (payment.refundingMinor > 0 && (await hasUnaskedRefund(tx.query, paymentId)))
        throw new Error(`another refund of payment ${paymentId} is on its way`)
      const amountMinor = refundableMinor(payment)
      if (amountMinor > 0)
        await beginRefund(tx.query, { refundId, paymentId, amountMinor, origin: 'order', reason })
      return amountMinor > 0
    })
    if (begun) await carryOutRefund(ctx, refundId)
    else ctx.log.info({ paymentId }, 'there is nothing left to refund')
  },
})
