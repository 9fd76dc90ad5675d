import {
  OrderCancelled,
  OrderConfirmed,
  OrderPaymentFailed,
  OrderPlaced,
  OrderRefundDue,
} from '@stoa/contracts/order'
import type { Tx } from '@stoa/runtime'
import type { Announcement } from './order-lifecycle.ts'
import type { StoredOrder } from './orders.ts'

/** Says what has happened to an order, as it is after it. */
export function announce(tx: Pick<Tx, 'emit'>, order: StoredOrder, said: Announcement): void {
  const { orderId, version } = order
  switch (said.type) {
    case 'confirmed':
      tx.emit(OrderConfirmed, { ...factsOf(order), paymentId: order.paymentId! }, { version })
      break
    case 'payment-failed':
      tx.emit(OrderPaymentFailed, { orderId, attempt: said.attempt }, { version })
      break
    case 'cancelled':
      tx.emit(
        OrderCancelled,
        { orderId, reason: order.cancelReason!, wasConfirmed: said.wasConfirmed },
        { version },
      )
      break
    case 'refund-due':
      tx.emit(
        OrderRefundDue,
        { orderId, paymentId: order.paymentId!, reason: order.cancelReason! },
        { version },
      )
  }
}

export const announcePlaced = (tx: Pick<Tx, 'emit'>, order: StoredOrder): void =>
  tx.emit(OrderPlaced, factsOf(order), { version: order.version })

/** Nothing of a person but the customer's id. */
const factsOf = ({ orderId, cartId, customerId, currency, totalMinor, lines }: StoredOrder) => ({
  orderId,
  cartId,
  customerId,
  currency,
  totalMinor,
  lines: lines.map(({ sku, quantity, unitPriceMinor }) => ({ sku, quantity, unitPriceMinor })),
})
