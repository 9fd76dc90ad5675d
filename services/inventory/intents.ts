import type {
  OrderAbandoned,
  OrderCancelled,
  OrderConfirmed,
  OrderPaymentFailed,
} from '@stoa/contracts/order'
import type { Fact } from '@stoa/runtime'
import type { Line } from './allocate.ts'
import type { Intent } from './reservations.ts'

export type OrderFact = Fact<
  typeof OrderConfirmed | typeof OrderPaymentFailed | typeof OrderCancelled | typeof OrderAbandoned
>

/** Larger than any try to pay: a cancelled order releases whatever it holds. */
export const ANY_ATTEMPT = 2_147_483_647

/**
 * What a list of facts comes to, per order: the newest alone, for each goes further than those before it. A decline of a later
 * try frees what an earlier one would have freed; a confirmation takes what was held or is taken anew; a cancellation gives it back.
 */
export function intentsOf(facts: readonly OrderFact[]): readonly Intent[] {
  const newest = new Map<string, OrderFact>()
  for (const fact of facts) {
    const known = newest.get(fact.key)
    if (!known || fact.version >= known.version) newest.set(fact.key, fact)
  }
  return [...newest.values()].map(intentOf)
}

function intentOf(fact: OrderFact): Intent {
  const { orderId } = fact.payload
  switch (fact.type) {
    case 'order.confirmed':
      return { orderId, kind: 'commit', attempt: ANY_ATTEMPT }
    case 'order.payment-failed':
      return { orderId, kind: 'release', attempt: fact.payload.attempt }
    case 'order.abandoned':
      return { orderId, kind: 'release', attempt: ANY_ATTEMPT }
    case 'order.cancelled':
      return { orderId, kind: fact.payload.wasConfirmed ? 'return' : 'release', attempt: ANY_ATTEMPT }
  }
}

/** What was sold to an order, if its confirmation is among the facts. */
export function soldLines(facts: readonly OrderFact[], orderId: string): readonly Line[] {
  for (const fact of facts)
    if (fact.type === 'order.confirmed' && fact.key === orderId) return fact.payload.lines
  return []
}
