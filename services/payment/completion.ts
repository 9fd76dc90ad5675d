import type { Tx } from '@stoa/runtime'
import { announceStatus } from './announce.ts'
import { AMOUNT_MISMATCH, applyIntent, assumedPayment, type IntentOutcome, UNPAID } from './apply-intent.ts'
import type { Context, Tables } from './context.ts'
import { giveBack } from './jobs/give-back.ts'
import type { IntentSnapshot, PaymentState, Status } from './payment-state.ts'
import { lockPaymentOfIntent, writeIntentOutcome } from './payments.ts'

/**
 * Brings a payment to where the gateway says it is: the one way for webhook, browser, cancellation and reconciliation. Says the
 * payment's status afterwards, or undefined when the intent is not one of ours. The common case, an untouched payment that was
 * paid, costs two statements.
 */
export async function settleIntent(
  ctx: Context,
  intent: IntentSnapshot,
  eventId?: string,
): Promise<Status | undefined> {
  const settled = await ctx.transaction(async (tx) => {
    const assumed = assumedPayment(intent)
    const expected = assumed && applyIntent(assumed, intent)
    if (assumed && expected) {
      const written = {
        payment: assumed,
        from: UNPAID,
        reference: intent.reference,
        outcome: expected,
        eventId,
      }
      const version = await writeIntentOutcome(tx.query, written)
      if (version !== undefined) return announce(tx, { payment: assumed, intent, outcome: expected, version })
    }
    const payment = await lockPaymentOfIntent(tx.query, intent, eventId)
    if (!payment) return undefined
    const outcome = payment.told ? undefined : applyIntent(payment, intent)
    if (!outcome) return { status: payment.status, mismatch: undefined }
    const written = { payment, from: [payment.status], reference: intent.reference, outcome, eventId }
    const version = await writeIntentOutcome(tx.query, written)
    if (version === undefined) throw new Error(`payment ${payment.paymentId} changed under its lock`)
    return announce(tx, { payment, intent, outcome, version })
  })
  if (settled?.mismatch)
    ctx.log.error(
      settled.mismatch,
      'the gateway took another amount than was asked: the payment is cancelled and paid back',
    )
  return settled?.status
}

type Change = { payment: PaymentState; intent: IntentSnapshot; outcome: IntentOutcome; version: number }

function announce(tx: Tx<Tables>, { payment, intent, outcome, version }: Change) {
  const { paymentId, amountMinor, currency } = payment
  const { status, failure } = outcome
  if (outcome.fact) announceStatus(tx, { ...payment, status, failure }, version)
  if (outcome.giveBack)
    tx.schedule(giveBack, { paymentId, reference: intent.reference }, { key: `give-back:${paymentId}` })
  const mismatch = outcome.giveBack
    ? { paymentId, code: AMOUNT_MISMATCH, asked: { amountMinor, currency }, received: intent.received }
    : undefined
  return { status, mismatch }
}
