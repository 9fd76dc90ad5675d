import type { PaymentFailed, PaymentSucceeded } from '@stoa/contracts/payment'
import type { Fact } from '@stoa/runtime'
import type { PaymentWord } from './orders.ts'

export type PaymentFact = Fact<typeof PaymentSucceeded | typeof PaymentFailed>

/** Longest part of a gateway's explanation that is kept. */
const MAX_MESSAGE_LENGTH = 500

/**
 * What a list of facts comes to, per order: that it is paid, if any of them says so, for a decline before or after it no longer matters;
 * else the last decline.
 */
export function wordsOf(facts: readonly PaymentFact[]): PaymentWord[] {
  const words = new Map<string, PaymentWord>()
  for (const { type, payload } of facts) {
    const { orderId, paymentId } = payload
    if (type === 'payment.succeeded') words.set(orderId, { orderId, type: 'paid', paymentId, message: '' })
    else if (words.get(orderId)?.type !== 'paid') {
      const message = payload.message.slice(0, MAX_MESSAGE_LENGTH)
      words.set(orderId, { orderId, type: 'declined', paymentId, message })
    }
  }
  return [...words.values()]
}
