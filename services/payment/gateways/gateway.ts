import type { Money } from '@stoa/contracts/money'
import type { IntentSnapshot, RefundSnapshot } from '../payment-state.ts'

/**
 * A company that takes money. Every call that changes something carries a key under which it happens once however often it is
 * made. Each makes up to three attempts, ended by `signal`, and throws `Rejection('GATEWAY_UNAVAILABLE')` when none was answered and
 * `Rejection('GATEWAY_REFUSED', { message })` for a no. No error that it throws carries a secret.
 */
export type Gateway = {
  /** What a browser needs to pay. */
  readonly browser: { readonly publishableKey: string; readonly apiUrl: string }
  readonly openIntent: (
    intent: { paymentId: string; orderId: string; orderNumber: string; amount: Money },
    signal: AbortSignal,
  ) => Promise<{ reference: string; clientSecret: string }>
  readonly readIntent: (reference: string, signal: AbortSignal) => Promise<IntentSnapshot>
  /** Cancels what can be cancelled, and tells what is true afterwards. */
  readonly cancelIntent: (
    intent: { paymentId: string; reference: string },
    signal: AbortSignal,
  ) => Promise<IntentSnapshot>
  readonly refund: (
    refund: {
      key: string
      paymentReference: string
      refundId: string | undefined
      amount: Money | undefined
    },
    signal: AbortSignal,
  ) => Promise<RefundSnapshot>
  /** At most the newest 100 of one payment: more than anyone makes. */
  readonly listRefunds: (paymentReference: string, signal: AbortSignal) => Promise<RefundSnapshot[]>
  /** Checks a webhook's signature and age (5 minutes). Throws `Rejection('BAD_SIGNATURE')`. */
  readonly readEvent: (webhook: { body: string; signature: string }) => GatewayEvent
}

export type GatewayEvent = { readonly id: string; readonly type: string } & (
  | { readonly about: 'intent'; readonly intent: IntentSnapshot }
  | { readonly about: 'refund'; readonly refund: RefundSnapshot }
  /** A total: some refund may be unknown here. */
  | {
      readonly about: 'refunds'
      readonly paymentReference: string
      readonly refundedMinor: number | undefined
    }
  | { readonly about: 'nothing' }
)
