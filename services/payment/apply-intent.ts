import { authorised, captured, type LedgerEntry } from './ledger.ts'
import type { Failure, IntentSnapshot, PaymentState, Status } from './payment-state.ts'

/** What changes when the gateway is right. */
export type IntentOutcome = {
  readonly status: Status
  readonly capturedMinor: number
  readonly failure: Failure | null
  readonly failedAt: Date | null
  readonly entries: readonly LedgerEntry[]
  readonly fact: 'succeeded' | 'failed' | 'cancelled' | undefined
  /** What was taken is not what was asked: it goes back in full, and people are told. */
  readonly giveBack: boolean
}

export const AMOUNT_MISMATCH = 'amount_mismatch'

/**
 * Decides what a payment becomes when the gateway says this about it; undefined: nothing changes. Whatever comes twice, late or
 * in the wrong order falls through to nothing, so webhook, browser and reconciliation may all tell it.
 */
export function applyIntent(payment: PaymentState, intent: IntentSnapshot): IntentOutcome | undefined {
  switch (intent.status) {
    case 'succeeded':
      return succeed(payment, intent)
    case 'failed':
      return fail(payment, intent)
    case 'cancelled':
      return cancel(payment)
    default:
      return undefined
  }
}

function succeed(payment: PaymentState, { received, reference }: IntentSnapshot): IntentOutcome | undefined {
  if (payment.status === 'succeeded') return undefined
  if (received?.amountMinor === payment.amountMinor && received.currency === payment.currency)
    return {
      status: 'succeeded',
      capturedMinor: payment.amountMinor,
      failure: null,
      failedAt: null,
      entries: [authorised(payment.amountMinor), captured(payment.amountMinor)],
      fact: 'succeeded',
      giveBack: false,
    }
  if (payment.failure?.code === AMOUNT_MISMATCH) return undefined
  // Somebody changed the payment at the gateway. The order is not paid, and no other card can pay it there: it ends.
  return {
    status: 'cancelled',
    capturedMinor: 0,
    failure: {
      code: AMOUNT_MISMATCH,
      message: 'The amount that was charged is not the amount of the order. It is paid back.',
      attempt: reference,
    },
    failedAt: payment.failedAt,
    entries: [],
    fact: payment.status === 'cancelled' ? undefined : 'cancelled',
    giveBack: true,
  }
}

function fail(payment: PaymentState, { failure, at }: IntentSnapshot): IntentOutcome | undefined {
  if (payment.status === 'succeeded' || payment.status === 'cancelled' || !failure) return undefined
  if (payment.failure?.attempt === failure.attempt) return undefined
  if (at && payment.failedAt && at < payment.failedAt) return undefined
  return {
    status: 'failed',
    capturedMinor: 0,
    failure,
    // Only the gateway's clock is compared with itself.
    failedAt: at ?? payment.failedAt,
    entries: [],
    fact: 'failed',
    giveBack: false,
  }
}

function cancel(payment: PaymentState): IntentOutcome | undefined {
  if (payment.status === 'succeeded' || payment.status === 'cancelled') return undefined
  return {
    status: 'cancelled',
    capturedMinor: 0,
    failure: payment.failure,
    failedAt: payment.failedAt,
    entries: [],
    fact: 'cancelled',
    giveBack: false,
  }
}

/**
 * The payment that a paid intent must belong to if nobody tampered with it: ours by its ids, still unpaid, of exactly this amount.
 * What follows from it may be written right away under the condition that the row agrees, without reading the row first. Holds for
 * `unpaid` alike: which of the two it was makes no difference to a success.
 */
export function assumedPayment(intent: IntentSnapshot): PaymentState | undefined {
  const { status, received, paymentId, orderId, reference } = intent
  if (status !== 'succeeded' || !received || !paymentId || !orderId) return undefined
  return {
    paymentId,
    orderId,
    orderNumber: '',
    status: 'pending',
    ...received,
    gatewayReference: reference,
    capturedMinor: 0,
    refundingMinor: 0,
    refundedMinor: 0,
    failure: null,
    failedAt: null,
  }
}

export const UNPAID: readonly Status[] = ['pending', 'failed']
