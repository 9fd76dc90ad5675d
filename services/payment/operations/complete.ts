import { createHash, timingSafeEqual } from 'node:crypto'
import { Rejection } from '@stoa/contract'
import type { payment } from '@stoa/contracts/payment'
import { settleIntent } from '../completion.ts'
import type { Handles } from '../context.ts'
import type { IntentSnapshot, Status } from '../payment-state.ts'
import { findPayment, type Payment } from '../payments.ts'

/** The browser may come before the webhook: the gateway is asked, and both do the same. */
export const complete: Handles<typeof payment.operations.complete> = async (
  { paymentId, clientSecret },
  ctx,
) => {
  const found = await findPayment(ctx.query, paymentId)
  if (!found?.clientSecret || !sameSecret(found.clientSecret, clientSecret))
    throw new Rejection('PAYMENT_NOT_FOUND')
  if (found.status === 'succeeded' || found.status === 'cancelled' || !found.gatewayReference)
    return { orderId: found.orderId, status: found.status, message: shown(found, found.status) }
  const intent = await ctx.resources.gateway.readIntent(found.gatewayReference, ctx.signal)
  const status = (await settleIntent(ctx, intent)) ?? found.status
  return {
    orderId: found.orderId,
    status: asBrowserSees(status, intent),
    message: intent.status === 'failed' && status === 'failed' ? (intent.failure?.message ?? null) : null,
  }
}

/** What ended is told as it ended; else the newest try counts, not the failure before it. */
function asBrowserSees(status: Status, intent: IntentSnapshot) {
  if (status === 'succeeded' || status === 'cancelled') return status
  if (intent.status === 'requires_action' || intent.status === 'failed') return intent.status
  return 'pending'
}

const shown = (payment: Payment, status: Status): string | null =>
  status === 'cancelled' ? (payment.failure?.message ?? null) : null

/** Takes the same time wherever they differ. */
const sameSecret = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
