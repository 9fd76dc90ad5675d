import { invalidInput, Rejection } from '@stoa/contract'
import type { payment } from '@stoa/contracts/payment'
import type { Context, Handles } from '../context.ts'
import { NO_CURRENCY, openPayment, type Payment, rememberIntent } from '../payments.ts'

/**
 * Two statements and one call. The row comes first, so that a crash anywhere leaves its payment's id behind, and with it the
 * gateway's idempotency key: a repetition meets the same intent, and one order is charged once.
 */
export const create: Handles<typeof payment.operations.create> = async (input, ctx) => {
  const { orderId, orderNumber, amount } = input
  if (amount.amountMinor === 0 || amount.currency === NO_CURRENCY)
    throw invalidInput({ field: 'amount', message: 'must be more than nothing' })
  const opened = await openPayment(ctx.query, {
    paymentId: ctx.newId,
    orderId,
    orderNumber,
    status: 'pending',
    ...amount,
  })
  if (opened.status === 'cancelled') throw new Rejection('PAYMENT_CANCELLED')
  if (opened.amountMinor !== amount.amountMinor || opened.currency !== amount.currency)
    throw invalidInput({
      field: 'amount',
      message: 'is not the amount that this order’s payment was opened with',
    })
  return instructions(opened.clientSecret ? opened : await openAtGateway(ctx, opened), ctx)
}

async function openAtGateway(ctx: Context, opened: Payment): Promise<Payment> {
  const { gateway } = ctx.resources
  const { paymentId, orderId, orderNumber, amountMinor, currency } = opened
  const intent = await gateway.openIntent(
    { paymentId, orderId, orderNumber, amount: { amountMinor, currency } },
    ctx.signal,
  )
  const payment = await rememberIntent(ctx.query, paymentId, intent)
  const overtaken = payment.status === 'cancelled'
  if (overtaken || payment.gatewayReference !== intent.reference) {
    // Nobody has been told its secret, so nobody can pay it: tidying up may fail.
    await gateway
      .cancelIntent({ paymentId, reference: intent.reference }, ctx.signal)
      .catch((error: Error) => {
        ctx.log.warn(
          { paymentId, reason: error.message },
          'an intent that nobody knows was left open at the gateway',
        )
      })
  }
  if (overtaken) throw new Rejection('PAYMENT_CANCELLED')
  return payment
}

function instructions({ paymentId, clientSecret }: Payment, ctx: Context) {
  if (!clientSecret) throw new Error(`payment ${paymentId} has no client secret`)
  return { paymentId, gateway: 'stripe' as const, clientSecret, ...ctx.resources.gateway.browser }
}
