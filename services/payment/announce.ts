import { PaymentCancelled, PaymentFailed, PaymentSucceeded } from '@stoa/contracts/payment'
import type { Tx } from '@stoa/runtime'
import type { PaymentState } from './payment-state.ts'

type Announced = Pick<
  PaymentState,
  'paymentId' | 'orderId' | 'amountMinor' | 'currency' | 'status' | 'failure'
>

/** Says where a payment stands. Of one that nobody has tried to pay there is nothing to say. */
export function announceStatus(tx: Pick<Tx, 'emit'>, payment: Announced, version: number): void {
  const { paymentId, orderId, amountMinor, currency, status, failure } = payment
  const ids = { paymentId, orderId }
  if (status === 'succeeded') tx.emit(PaymentSucceeded, { ...ids, amountMinor, currency }, { version })
  if (status === 'cancelled') tx.emit(PaymentCancelled, ids, { version })
  if (status === 'failed' && failure)
    tx.emit(PaymentFailed, { ...ids, code: failure.code, message: failure.message }, { version })
}
