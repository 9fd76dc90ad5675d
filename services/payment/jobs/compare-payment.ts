import { Id } from '@stoa/contracts/text'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import { settleIntent } from '../completion.ts'
import type { Context } from '../context.ts'
import { findPayment, findPaymentAtGateway, type Payment } from '../payments.ts'
import { settleRefund } from '../refunding.ts'

/** Asks the gateway for one payment and its refunds, and brings the books to what it says. */
export const comparePayment = job({
  name: 'compare-payment',
  input: z.strictObject({ paymentId: Id }),
  handle: async ({ paymentId }, ctx: Context) => {
    const payment = await findPayment(ctx.query, paymentId)
    if (payment) await compare(ctx, payment)
  },
})

export async function compare(ctx: Context, { gatewayReference }: Payment): Promise<void> {
  if (!gatewayReference) return
  const { gateway } = ctx.resources
  const status = await settleIntent(ctx, await gateway.readIntent(gatewayReference, ctx.signal))
  if (status !== 'succeeded') return
  // Oldest first, as they happened.
  const refunds = await gateway.listRefunds(gatewayReference, ctx.signal)
  for (const refund of refunds.toReversed()) await settleRefund(ctx, refund)
}

/** Has a payment compared when the gateway's total says that it gave back more than the books know. False when it is not ours. */
export async function scheduleComparison(
  ctx: Context,
  { paymentReference, refundedMinor }: { paymentReference: string; refundedMinor: number | undefined },
): Promise<boolean> {
  const payment = await findPaymentAtGateway(ctx.query, paymentReference)
  if (!payment) return false
  const known = payment.refundedMinor + payment.refundingMinor
  if (payment.status !== 'succeeded' || (refundedMinor !== undefined && refundedMinor <= known)) return true
  const { paymentId } = payment
  await ctx.transaction(async (tx) => {
    tx.schedule(comparePayment, { paymentId }, { key: `compare:${paymentId}` })
  })
  return true
}
