import { Rejection } from '@stoa/contract'
import type { payment } from '@stoa/contracts/payment'
import type { Handles } from '../context.ts'
import { finishRefund } from '../jobs/finish-refund.ts'
import { refundableMinor } from '../payment-state.ts'
import { toPaymentView } from '../payment-view.ts'
import { listPayments, lockPayment, type Payment } from '../payments.ts'
import { carryOutRefund } from '../refunding.ts'
import { beginRefund, findRefund } from '../refunds.ts'

/** By then this call has made the refund itself, or will not any more. */
const TAKE_OVER_MS = 60_000

/**
 * The amount is set aside under the payment's lock before the gateway is asked, so two members of staff at once never give back
 * more than was taken. Once it is set aside it will be made: when the gateway is away the answer shows it pending, and a job goes on.
 */
export const refund: Handles<typeof payment.operations.refund> = async (
  { paymentId, amountMinor, currency, reason },
  ctx,
) => {
  const refundId = ctx.newId
  await ctx.transaction(async (tx) => {
    const payment = await lockPayment(tx.query, paymentId)
    if (!payment) throw new Rejection('PAYMENT_NOT_FOUND')
    if (currency !== undefined && currency !== payment.currency)
      throw new Rejection('CURRENCY_MISMATCH', { currency: payment.currency })
    // A retry of this very call finds what the first try set aside.
    const begun = await findRefund(tx.query, refundId)
    const amount = begun?.amountMinor ?? refundAmount(payment, amountMinor)
    if (!begun)
      await beginRefund(tx.query, { refundId, paymentId, amountMinor: amount, origin: 'staff', reason })
    const runAt = new Date(ctx.now().getTime() + TAKE_OVER_MS)
    tx.schedule(finishRefund, { refundId }, { key: `refund:${refundId}`, runAt })
    tx.audit({
      subject: `payment:${paymentId}`,
      before: { refundedMinor: payment.refundedMinor, refundingMinor: payment.refundingMinor },
      after: { refundId, amountMinor: amount, currency: payment.currency, reason },
    })
  })
  try {
    const { refused } = await carryOutRefund(ctx, refundId)
    if (refused !== undefined) throw new Rejection('GATEWAY_REFUSED', { message: refused })
  } catch (error) {
    if (!(error instanceof Rejection) || error.code !== 'GATEWAY_UNAVAILABLE') throw error
    ctx.log.warn({ refundId }, 'the gateway is away: the refund waits')
  }
  const [view] = await listPayments(ctx.query, { paymentId })
  if (!view) throw new Rejection('PAYMENT_NOT_FOUND')
  return toPaymentView(view)
}

function refundAmount(payment: Payment, asked: number | undefined): number {
  const left = refundableMinor(payment)
  const amount = asked ?? left
  if (amount < 1 || amount > left)
    throw new Rejection('NOT_REFUNDABLE', { refundableMinor: left, currency: payment.currency })
  return amount
}
