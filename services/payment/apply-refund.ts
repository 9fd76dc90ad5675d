import { type LedgerEntry, refunded, refundReversed } from './ledger.ts'
import { type PaymentState, type RefundSnapshot, type RefundState, refundableMinor } from './payment-state.ts'

/** What changes when the gateway is right about a refund. */
export type RefundOutcome = {
  readonly refundingMinor: number
  readonly refundedMinor: number
  /** `refundId` is undefined for a refund that we hear of for the first time. */
  readonly refund: Omit<RefundState, 'refundId' | 'createdAt'> & { readonly refundId: string | undefined }
  readonly entries: readonly LedgerEntry[]
  readonly announced: boolean
  /** For people: money did not reach the buyer, or moved without us. */
  readonly alarm: string | undefined
}

/**
 * Decides what becomes of a refund and its payment when the gateway says this; undefined: nothing changes.
 *
 *   pending --> succeeded --> failed      cards may bounce a refund days after it was confirmed
 *      \____________________/^
 */
export function applyRefund(
  payment: PaymentState,
  refund: RefundState | undefined,
  told: RefundSnapshot,
): RefundOutcome | undefined {
  return refund ? advance(payment, refund, told) : adopt(payment, told)
}

function advance(
  payment: PaymentState,
  refund: RefundState,
  told: RefundSnapshot,
): RefundOutcome | undefined {
  const { amountMinor } = refund
  const next = { ...refund, gatewayReference: told.reference, problem: told.problem }
  const { refundingMinor, refundedMinor } = payment
  if (refund.status === 'pending' && told.status === 'succeeded')
    return {
      refundingMinor: refundingMinor - amountMinor,
      refundedMinor: refundedMinor + amountMinor,
      refund: { ...next, status: 'succeeded' },
      entries: [refunded(amountMinor)],
      announced: true,
      alarm: undefined,
    }
  if (refund.status === 'pending' && told.status === 'failed')
    return {
      refundingMinor: refundingMinor - amountMinor,
      refundedMinor,
      refund: { ...next, status: 'failed' },
      entries: [],
      announced: false,
      alarm: 'a refund failed: the money is still here',
    }
  if (refund.status === 'succeeded' && told.status === 'failed')
    return {
      refundingMinor,
      refundedMinor: refundedMinor - amountMinor,
      refund: { ...next, status: 'failed' },
      entries: [refundReversed(amountMinor)],
      announced: false,
      alarm: 'a refund came back after it was confirmed: the buyer did not get it',
    }
  if (refund.status === 'pending' && refund.gatewayReference !== told.reference)
    return { refundingMinor, refundedMinor, refund: next, entries: [], announced: false, alarm: undefined }
  return undefined
}

/** A refund that was made in the gateway's dashboard enters the books. Throws when it cannot be true yet: it is told again. */
function adopt(payment: PaymentState, told: RefundSnapshot): RefundOutcome | undefined {
  // What was taken by mistake and went straight back was never in the books.
  if (payment.capturedMinor === 0 || told.status === 'failed') return undefined
  const { amountMinor } = told
  if (
    amountMinor === undefined ||
    told.currency !== payment.currency ||
    amountMinor > refundableMinor(payment)
  )
    throw new Error(`refund ${told.reference} does not fit into payment ${payment.paymentId}`)
  const done = told.status === 'succeeded'
  return {
    refundingMinor: payment.refundingMinor + (done ? 0 : amountMinor),
    refundedMinor: payment.refundedMinor + (done ? amountMinor : 0),
    refund: {
      refundId: undefined,
      paymentId: payment.paymentId,
      amountMinor,
      status: done ? 'succeeded' : 'pending',
      origin: 'gateway',
      reason: null,
      gatewayReference: told.reference,
      problem: null,
    },
    entries: done ? [refunded(amountMinor)] : [],
    announced: done,
    alarm: 'a refund was made in the gateway’s dashboard',
  }
}
