import type { PaymentStatus } from '@stoa/contracts/payment'
import type { z } from 'zod'

export type Status = z.output<typeof PaymentStatus>

/** Why a try to pay came to nothing. */
export type Failure = {
  readonly code: string
  /** The gateway's words for the shopper. */
  readonly message: string
  /** Tells one try from another: the gateway's id of the charge, or of the payment method when there was no charge. */
  readonly attempt: string
}

/**
 * A payment as it stands in its row.
 *
 *   pending --> failed --> succeeded      a decline is not the end: another card may follow
 *      |  \________|_________^  ^
 *      v           v            | money that came though we had given the payment up is never denied:
 *   cancelled <----+------------+ the order hears of it and gives it back
 */
export type PaymentState = {
  readonly paymentId: string
  readonly orderId: string
  readonly orderNumber: string
  readonly status: Status
  readonly amountMinor: number
  readonly currency: string
  readonly gatewayReference: string | null
  readonly capturedMinor: number
  readonly refundingMinor: number
  readonly refundedMinor: number
  readonly failure: Failure | null
  readonly failedAt: Date | null
}

/** What the gateway says about a payment at one moment. */
export type IntentSnapshot = {
  readonly reference: string
  /** The ids that we gave it; undefined when it is not ours or they were taken away. */
  readonly paymentId: string | undefined
  readonly orderId: string | undefined
  /** `open`: nobody has tried yet, or a try is not finished. */
  readonly status: 'open' | 'requires_action' | 'processing' | 'failed' | 'succeeded' | 'cancelled'
  /** What the gateway took. Undefined while nothing, or an amount that our units cannot express, was taken. */
  readonly received: { readonly amountMinor: number; readonly currency: string } | undefined
  readonly failure: Failure | null
  /** When this was so, by the gateway's clock. Undefined for an answer to a question: it is so now. */
  readonly at: Date | undefined
}

export type RefundOrigin = 'order' | 'staff' | 'gateway'

export type RefundState = {
  readonly refundId: string
  readonly paymentId: string
  readonly amountMinor: number
  readonly status: 'pending' | 'succeeded' | 'failed'
  readonly origin: RefundOrigin
  readonly reason: string | null
  readonly gatewayReference: string | null
  readonly problem: string | null
  readonly createdAt: Date
}

/** What the gateway says about a refund at one moment. */
export type RefundSnapshot = {
  readonly reference: string
  readonly paymentReference: string
  /** The id that we gave it; undefined for one made in the gateway's dashboard. */
  readonly refundId: string | undefined
  /** Undefined when our units cannot express it. */
  readonly amountMinor: number | undefined
  readonly currency: string
  readonly status: 'pending' | 'succeeded' | 'failed'
  readonly problem: string | null
}

/** The part of what was taken that is neither given back nor promised. */
export const refundableMinor = (payment: PaymentState): number =>
  payment.capturedMinor - payment.refundedMinor - payment.refundingMinor
