import type { Tx } from '@stoa/runtime'
import { announceStatus } from './announce.ts'
import type { Tables } from './context.ts'
import { lockPage } from './payments.ts'

/** Payments per transaction. */
const PAGE = 200

/**
 * Says of each payment, in the order of opening, what its status is; of a pending one nothing was ever said. Refunds are not told again: each
 * is a moment, of which a shopper gets a mail.
 */
export async function republish(after: string | undefined, tx: Tx<Tables>): Promise<string | undefined> {
  const payments = await lockPage(tx.query, after, PAGE)
  for (const payment of payments) announceStatus(tx, payment, payment.version)
  return payments.length === PAGE ? payments.at(-1)!.paymentId : undefined
}
