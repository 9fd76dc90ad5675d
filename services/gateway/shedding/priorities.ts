import type { Contract, Operation } from '@stoa/contract'

/** What goes first when not all can go. */
export type Priority = 'checkout' | 'browse' | 'analytics'

/** From the first that is given up to the last. */
export const SHED_ORDER: readonly Priority[] = ['analytics', 'browse', 'checkout']

/** What stands between a shopper and a paid order; the payment gateway's webhooks are among payment's. */
const CHECKOUT = new Set(['auth', 'cart', 'order', 'payment'])

/**
 * Paying comes before looking, looking before counting. What staff read (lists, reports, exports) waits like what is counted: it can be asked
 * for again; what they change is like looking. This is the edge's to say: only here do all services meet.
 */
export function priorityOf(contract: Contract, name: string, operation: Operation): Priority {
  if (operation.access === 'staff') return operation.method === 'GET' ? 'analytics' : 'browse'
  if (contract.name === 'search' && name === 'track') return 'analytics'
  return CHECKOUT.has(contract.name) ? 'checkout' : 'browse'
}
