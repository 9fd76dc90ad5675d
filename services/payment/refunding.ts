import { Rejection } from '@stoa/contract'
import { PaymentRefunded } from '@stoa/contracts/payment'
import { applyRefund } from './apply-refund.ts'
import type { Context } from './context.ts'
import type { RefundSnapshot, RefundState } from './payment-state.ts'
import { findPayment, lockPaymentAtGateway } from './payments.ts'
import { findRefund, findToldRefund, writeRefundOutcome } from './refunds.ts'

/** Stripe forgets an idempotency key after 24 hours (https://docs.stripe.com/api/idempotent_requests); an hour is for clocks. */
const KEY_LIFETIME_MS = 23 * 60 * 60 * 1000

/**
 * Makes a refund that was set aside, at the gateway and then in the books. Repeated, it does nothing more. Throws
 * `Rejection('GATEWAY_UNAVAILABLE')` and leaves it pending when the gateway does not answer; a refusal makes it failed and is returned.
 */
export async function carryOutRefund(
  ctx: Context,
  refundId: string,
): Promise<{ refused: string | undefined }> {
  const refund = await findRefund(ctx.query, refundId)
  if (refund?.status === 'failed') return { refused: refund.problem ?? 'The refund failed.' }
  if (refund?.status !== 'pending' || refund.gatewayReference) return { refused: undefined }
  const payment = await findPayment(ctx.query, refund.paymentId)
  if (!payment?.gatewayReference) throw new Error(`refund ${refundId} belongs to nothing that was paid`)
  const { currency, gatewayReference: paymentReference } = payment
  try {
    await settleRefund(ctx, await askForRefund(ctx, { refund, currency, paymentReference }))
    return { refused: undefined }
  } catch (error) {
    if (!(error instanceof Rejection) || error.code !== 'GATEWAY_REFUSED') throw error
    const { message } = error.data as { message: string }
    await settleRefund(ctx, {
      reference: `refused-${refundId}`,
      paymentReference,
      refundId,
      amountMinor: refund.amountMinor,
      currency,
      status: 'failed',
      problem: message,
    })
    return { refused: message }
  }
}

async function askForRefund(
  ctx: Context,
  { refund, currency, paymentReference }: { refund: RefundState; currency: string; paymentReference: string },
): Promise<RefundSnapshot> {
  const { gateway } = ctx.resources
  const { refundId, amountMinor, createdAt } = refund
  if (ctx.now().getTime() - createdAt.getTime() > KEY_LIFETIME_MS) {
    // Its key may be forgotten: look whether an answer was lost before asking anew.
    const known = await gateway.listRefunds(paymentReference, ctx.signal)
    const made = known.find((candidate) => candidate.refundId === refundId)
    if (made) return made
  }
  const amount = { amountMinor, currency }
  return gateway.refund({ key: `refund-${refundId}`, paymentReference, refundId, amount }, ctx.signal)
}

/** Brings a refund to where the gateway says it is. False when its payment is not ours. */
export async function settleRefund(ctx: Context, told: RefundSnapshot): Promise<boolean> {
  const settled = await ctx.transaction(async (tx) => {
    const payment = await lockPaymentAtGateway(tx.query, told.paymentReference)
    if (!payment) return undefined
    const { paymentId, orderId, currency } = payment
    const outcome = applyRefund(payment, await findToldRefund(tx.query, { paymentId, told }), told)
    if (!outcome) return { alarm: undefined }
    const { refundId, version } = await writeRefundOutcome(tx.query, payment, outcome)
    const { amountMinor, origin, reason, problem } = outcome.refund
    if (outcome.announced) {
      const why = origin === 'order' ? (reason ?? 'requested') : 'staff'
      tx.emit(
        PaymentRefunded,
        { paymentId, orderId, refundId, amountMinor, currency, reason: why },
        { version },
      )
    }
    return { alarm: outcome.alarm, paymentId, orderId, refundId, amountMinor, currency, problem }
  })
  if (settled?.alarm) {
    const { alarm, ...facts } = settled
    ctx.log.error(facts, alarm)
  }
  return settled !== undefined
}
