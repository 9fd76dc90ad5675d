import { Rejection } from '@stoa/contract'
import { PaymentCancelled, type payment } from '@stoa/contracts/payment'
import { settleIntent } from '../completion.ts'
import type { Context, Handles } from '../context.ts'
import { cancelUnopened, findPaymentOfOrder, NO_CURRENCY, openPayment, type Payment } from '../payments.ts'

/** Each further look follows a change that somebody else made meanwhile: opened it, or told the gateway of it. */
const MAX_LOOKS = 3

/** Afterwards nobody can pay the order: the gateway says so, or a tombstone, or a row that `create` will find cancelled. */
export const cancel: Handles<typeof payment.operations.cancel> = async ({ orderId }, ctx) => {
  for (let look = 1; look <= MAX_LOOKS; look += 1) {
    const found = await findPaymentOfOrder(ctx.query, orderId)
    if (found?.status === 'cancelled') return { cancelled: true }
    if (found?.status === 'succeeded') throw new Rejection('ALREADY_PAID')
    if (found?.gatewayReference) return cancelAtGateway(ctx, found, found.gatewayReference)
    const done = found ? await cancelBeforeGateway(ctx, found) : await buryUnborn(ctx, orderId)
    if (done) return { cancelled: true }
  }
  throw new Error(`the payment of order ${orderId} does not hold still`)
}

async function cancelAtGateway(
  ctx: Context,
  { paymentId }: Payment,
  reference: string,
): Promise<{ cancelled: true }> {
  const intent = await ctx.resources.gateway.cancelIntent({ paymentId, reference }, ctx.signal)
  await settleIntent(ctx, intent)
  // Taken, or being taken right now: the fact about it has been or will be told.
  if (intent.status !== 'cancelled') throw new Rejection('ALREADY_PAID')
  return { cancelled: true }
}

/** The gateway has not answered `create` yet, or never will: its client secret was told to nobody. */
const cancelBeforeGateway = (ctx: Context, { paymentId, orderId }: Payment): Promise<boolean> =>
  ctx.transaction(async (tx) => {
    const version = await cancelUnopened(tx.query, paymentId)
    if (version === undefined) return false
    tx.emit(PaymentCancelled, { paymentId, orderId }, { version })
    return true
  })

/** A payment that was never opened gets a tombstone, so that it never will be. */
const buryUnborn = (ctx: Context, orderId: string): Promise<boolean> =>
  ctx.transaction(async (tx) => {
    const buried = await openPayment(tx.query, {
      paymentId: ctx.newId,
      orderId,
      orderNumber: '',
      status: 'cancelled',
      amountMinor: 0,
      currency: NO_CURRENCY,
    })
    if (!buried.opened) return false
    tx.emit(PaymentCancelled, { paymentId: buried.paymentId, orderId }, { version: buried.version })
    return true
  })
