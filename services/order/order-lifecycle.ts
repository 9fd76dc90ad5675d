import type { OrderStatus, CancelReason as Reason } from '@stoa/contracts/order'
import type { z } from 'zod'

/**
 * The life of an order: its status is the state of the checkout, and the only one there is.
 *
 *              placed: its stock is set aside until its deadline and 10 minutes
 *                │
 *                ▼        declined: its stock goes back
 *   ┌───────  pending  ─────────────────────────▶  payment_failed ◀─┐ declined again
 *   │            │                                    │   │   └─────┘
 *   │            │ paid when its stock may be gone    │   │ paid by another card
 *   │ paid       └──────────────┐   ┌─────────────────┼───┘
 *   │                           ▼   ▼                 │
 *   │◀── there is still ── stock is reserved again    │ expired, requested, superseded, payment-refused
 *   ▼                               │                 │ (of both: once it is certain that nobody can pay it)
 * confirmed                         │ sold out:       │
 *   │                               │ refund due      │
 *   │ called off: refund due        ▼                 ▼
 *   └──────────────────────────▶  cancelled  ◀────────┘
 *                                   │   ▲
 *                                   └───┘ paid after all: refund due, once
 *
 * Pure: given where the order is and what just became true, says where it goes and what is announced. A fact that comes late
 * or twice changes nothing.
 */
export function advance(order: OrderState, fact: OrderFact): Step | undefined {
  switch (order.status) {
    case 'pending':
      if (fact.type === 'paid') return paid(order, fact, fact.stock)
      if (fact.type === 'declined')
        return {
          kind: 'move',
          order: { ...order, status: 'payment_failed', paymentProblem: fact.message },
          announce: [{ type: 'payment-failed', attempt: order.attempt }],
        }
      if (fact.type === 'ended') return end(order, fact.reason)
      return undefined
    case 'payment_failed':
      // Its stock went back with the decline, whatever the clock says.
      if (fact.type === 'paid') return paid(order, fact, fact.stock === 'held' ? 'lapsed' : fact.stock)
      if (fact.type === 'declined' && fact.message !== order.paymentProblem)
        return { kind: 'move', order: { ...order, paymentProblem: fact.message }, announce: [] }
      if (fact.type === 'ended') return end(order, fact.reason)
      return undefined
    case 'confirmed':
      if (fact.type === 'called-off')
        return {
          kind: 'move',
          order: { ...order, status: 'cancelled', cancelReason: 'requested', refundDue: true },
          announce: [{ type: 'cancelled', wasConfirmed: true }, { type: 'refund-due' }],
        }
      return undefined
    case 'cancelled':
      if (fact.type === 'paid' && !order.refundDue)
        return {
          kind: 'move',
          order: { ...order, paymentId: fact.paymentId, refundDue: true },
          announce: [{ type: 'refund-due' }],
        }
      return undefined
  }
}

export type OrderState = {
  readonly status: OrderStatus
  readonly cancelReason: CancelReason | null
  readonly paymentProblem: string | null
  readonly paymentId: string | null
  /** Which reservation of stock this is, from 1. */
  readonly attempt: number
  /** Whether a refund was announced. */
  readonly refundDue: boolean
}
export type CancelReason = z.output<typeof Reason>

export type OrderFact =
  | {
      readonly type: 'paid'
      readonly paymentId: string
      /** `held` until shortly before its reservation runs out, then `lapsed`; `taken` and `refused` answer the step `reserve`. */
      readonly stock: 'held' | 'lapsed' | 'taken' | 'refused'
    }
  | { readonly type: 'declined'; readonly message: string }
  /** It is certain that nobody can pay it any more. */
  | { readonly type: 'ended'; readonly reason: Exclude<CancelReason, 'out-of-stock'> }
  /** Somebody who may wants what was paid to be undone. */
  | { readonly type: 'called-off' }

export type Announcement =
  | { readonly type: 'confirmed' }
  | { readonly type: 'payment-failed'; readonly attempt: number }
  | { readonly type: 'cancelled'; readonly wasConfirmed: boolean }
  | { readonly type: 'refund-due' }

export type Step =
  | {
      readonly kind: 'move'
      readonly order: OrderState
      /** In this order. */
      readonly announce: readonly Announcement[]
    }
  /** First ask for stock under this attempt, then come again with the answer. */
  | { readonly kind: 'reserve'; readonly attempt: number }

export type Move = Extract<Step, { kind: 'move' }>

type Paid = Extract<OrderFact, { type: 'paid' }>

function paid(order: OrderState, { paymentId }: Paid, stock: Paid['stock']): Step {
  const attempt = stock === 'held' ? order.attempt : order.attempt + 1
  switch (stock) {
    case 'lapsed':
      return { kind: 'reserve', attempt }
    case 'held':
    case 'taken':
      return {
        kind: 'move',
        order: { ...order, status: 'confirmed', paymentProblem: null, paymentId, attempt },
        announce: [{ type: 'confirmed' }],
      }
    case 'refused':
      return {
        kind: 'move',
        order: { ...order, status: 'cancelled', cancelReason: 'out-of-stock', paymentId, refundDue: true },
        announce: [{ type: 'cancelled', wasConfirmed: false }, { type: 'refund-due' }],
      }
  }
}

const end = (order: OrderState, reason: CancelReason): Step => ({
  kind: 'move',
  order: { ...order, status: 'cancelled', cancelReason: reason },
  announce: [{ type: 'cancelled', wasConfirmed: false }],
})
