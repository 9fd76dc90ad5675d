import type { Tx } from '@stoa/runtime'
import { announce, announcePlaced } from './announce.ts'
import type { Tables } from './context.ts'
import { lockPage } from './orders.ts'

/** Orders per transaction. */
const PAGE = 200

/** Says of each order, in the order of placing, what its state is. Refunds are not asked for again: they are no state. */
export async function republish(after: string | undefined, tx: Tx<Tables>): Promise<string | undefined> {
  const orders = await lockPage(tx.query, after, PAGE)
  for (const order of orders) {
    if (order.status === 'pending') announcePlaced(tx, order)
    else if (order.status === 'payment_failed')
      announce(tx, order, { type: 'payment-failed', attempt: order.attempt })
    else if (order.status === 'confirmed') announce(tx, order, { type: 'confirmed' })
    else announce(tx, order, { type: 'cancelled', wasConfirmed: order.confirmedAt !== null })
  }
  return orders.length === PAGE ? orders.at(-1)!.orderId : undefined
}
