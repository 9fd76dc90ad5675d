import { invalidInput } from '@stoa/contract'
import type { Order } from '@stoa/contracts/order'
import type { StoredOrder } from './orders.ts'

/** An order as the contract shows it. */
export const showOrder = (order: StoredOrder): Order => ({
  orderId: order.orderId,
  number: order.number,
  status: order.status,
  cancelReason: order.cancelReason,
  // Of an order that is paid or over it is no longer a problem.
  paymentProblem: order.status === 'payment_failed' ? order.paymentProblem : null,
  email: order.email,
  lines: order.lines.map((line) => ({ ...line, options: { ...line.options } })),
  totals: {
    subtotal: { amountMinor: order.subtotalMinor, currency: order.currency },
    total: { amountMinor: order.totalMinor, currency: order.currency },
  },
  shippingAddress: order.shippingAddress,
  billingAddress: order.billingAddress,
  placedAt: order.placedAt.toISOString(),
  payBefore: order.payBefore.toISOString(),
  confirmedAt: order.confirmedAt?.toISOString() ?? null,
  cancelledAt: order.cancelledAt?.toISOString() ?? null,
})

/** A page of what was read with one more than its limit. */
export function showPage(orders: readonly StoredOrder[], limit: number) {
  const items = orders.slice(0, limit)
  return { items: items.map(showOrder), next: orders.length > limit ? items.at(-1)!.orderId : null }
}

/** The `next` of a page is the id of its last order. Anything else is a 400. */
export function readCursor(after: string | undefined): string | undefined {
  if (after !== undefined && !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(after))
    throw invalidInput({ field: 'after', message: 'must be the `next` of a page' })
  return after
}
