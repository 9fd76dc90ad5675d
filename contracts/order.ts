import { contract, event, operation } from '@stoa/contract'
import { z } from 'zod'
import { Address } from './address.ts'
import { AmountMinor, Currency, Money } from './money.ts'
import { Page, pageInput } from './page.ts'
import { Email, Id, Line, Timestamp, Token } from './text.ts'

/**
 * `pending`: placed, its stock set aside, waiting for the payment. `payment_failed`: the card was declined and the stock is back;
 * another card may still pay it before its deadline. `confirmed`: paid. `cancelled`: final.
 */
export const OrderStatus = z.enum(['pending', 'payment_failed', 'confirmed', 'cancelled'])
export type OrderStatus = z.output<typeof OrderStatus>

export const CancelReason = z.enum([
  'requested',
  'expired',
  /** The same cart was ordered anew. */
  'superseded',
  /** The payment came after its stock had gone to others. */
  'out-of-stock',
  /** The gateway does not take such an amount or currency. */
  'payment-refused',
])

export const OrderLine = z.object({
  lineId: Id,
  sku: z.string(),
  productId: Id,
  name: z.string(),
  options: z.record(z.string(), z.string()),
  quantity: z.int(),
  unitPriceMinor: AmountMinor,
  totalMinor: AmountMinor,
})

export const Order = z.object({
  orderId: Id,
  /** What people read out: `S-7K3M-92QX`. */
  number: z.string(),
  status: OrderStatus,
  cancelReason: CancelReason.nullable(),
  /** Why the last card was declined, in words for the shopper. */
  paymentProblem: z.string().nullable(),
  email: z.string(),
  lines: z.array(OrderLine),
  /** The price breakdown as it was when the order was placed. */
  totals: z.object({ subtotal: Money, total: Money }),
  shippingAddress: Address,
  billingAddress: Address,
  placedAt: Timestamp,
  /** Paid later than this, it is refunded. */
  payBefore: Timestamp,
  confirmedAt: Timestamp.nullable(),
  cancelledAt: Timestamp.nullable(),
})
export type Order = z.output<typeof Order>

/** All that a Stripe client needs to confirm the payment: the card goes from the browser to `apiUrl`, never to the shop. */
export const PaymentInstructions = z.object({
  paymentId: Id,
  gateway: z.literal('stripe'),
  publishableKey: z.string(),
  clientSecret: z.string(),
  apiUrl: z.string(),
})

const NotFound = { status: 404, title: 'There is no such order.' } as const
/** A customer's order is the customer's; a guest's belongs to whoever holds its token. */
const owner = { orderId: Id, orderToken: Token.optional() }

export const order = contract('order', {
  place: operation({
    summary: 'Order what is in a cart',
    method: 'POST',
    path: '/orders',
    access: 'public',
    status: 201,
    idempotency: 'key',
    headers: { cartToken: 'cart-token' },
    input: z.strictObject({
      cartId: Id,
      cartToken: Token.optional(),
      /** Where the confirmation goes. A customer's own when absent; required of a guest. */
      email: Email.optional(),
      shippingAddress: Address,
      billingAddress: Address.optional(),
    }),
    output: z.object({
      order: Order,
      payment: PaymentInstructions,
      /** Lets a guest see the order again, as `Order-Token` or in a link. */
      orderToken: z.string(),
    }),
    errors: {
      CART_NOT_FOUND: { status: 404, title: 'There is no such cart.' },
      CART_EMPTY: { status: 409, title: 'The cart is empty.' },
      CART_CHANGED: {
        status: 409,
        title: 'Something in the cart changed. Look at it again before you order.',
        data: z.object({ changes: z.array(z.object({ sku: z.string(), message: z.string() })) }),
      },
      OUT_OF_STOCK: {
        status: 409,
        title: 'There is not enough in stock.',
        data: z.object({ skus: z.array(z.object({ sku: z.string(), available: z.int() })) }),
      },
      ALREADY_ORDERED: {
        status: 409,
        title: 'This cart was ordered and paid.',
        data: z.object({ orderId: Id }),
      },
      /** Between two tries under one key the order expired, or another checkout of the cart replaced it. */
      ORDER_ENDED: {
        status: 409,
        title: 'This order has ended. Order again, with another Idempotency-Key.',
        data: z.object({ orderId: Id, reason: CancelReason }),
      },
      PAYMENT_REFUSED: {
        status: 422,
        title: 'This order cannot be paid.',
        data: z.object({ message: z.string() }),
      },
    },
  }),
  list: operation({
    summary: "The customer's orders, newest first",
    method: 'GET',
    path: '/orders',
    access: 'customer',
    input: z.strictObject({ ...pageInput }),
    output: Page(Order),
  }),
  get: operation({
    summary: 'One order',
    method: 'GET',
    path: '/orders/{orderId}',
    access: 'public',
    headers: { orderToken: 'order-token' },
    input: z.strictObject(owner),
    output: Order,
    errors: { ORDER_NOT_FOUND: NotFound },
  }),
  lookUp: operation({
    summary: "Find a guest's order by its number and mail address",
    method: 'POST',
    path: '/orders/lookup',
    access: 'public',
    idempotency: 'natural',
    input: z.strictObject({ number: Line(20), email: Email }),
    output: z.object({ order: Order, orderToken: z.string() }),
    errors: { ORDER_NOT_FOUND: NotFound },
  }),
  cancel: operation({
    summary: 'Cancel an order; what was paid is refunded',
    method: 'POST',
    path: '/orders/{orderId}/cancel',
    access: 'public',
    idempotency: 'natural',
    headers: { orderToken: 'order-token' },
    input: z.strictObject(owner),
    output: Order,
    errors: {
      ORDER_NOT_FOUND: NotFound,
      NOT_CANCELLABLE: { status: 409, title: 'It is too late to cancel this order.' },
      PAYMENT_IN_PROGRESS: {
        status: 409,
        title: 'The payment is being made right now. Try again in a moment.',
      },
    },
  }),
  listForStaff: operation({
    summary: 'All orders, newest first',
    method: 'GET',
    path: '/admin/orders',
    staleness: 'seconds',
    access: 'staff',
    permission: 'order:read',
    input: z.strictObject({ status: OrderStatus.optional(), ...pageInput }),
    output: Page(Order),
  }),
  getForStaff: operation({
    summary: 'One order as staff see it',
    method: 'GET',
    path: '/admin/orders/{orderId}',
    access: 'staff',
    permission: 'order:read',
    input: z.strictObject({ orderId: Id }),
    output: Order.extend({ customerId: Id.nullable(), version: z.int() }),
    errors: { ORDER_NOT_FOUND: NotFound },
  }),
  cancelForStaff: operation({
    summary: 'Cancel an order for a customer; what was paid is refunded',
    method: 'POST',
    path: '/admin/orders/{orderId}/cancel',
    access: 'staff',
    permission: 'order:write',
    idempotency: 'natural',
    input: z.strictObject({ orderId: Id, reason: Line(200) }),
    output: Order,
    errors: {
      ORDER_NOT_FOUND: NotFound,
      NOT_CANCELLABLE: { status: 409, title: 'It is too late to cancel this order.' },
      PAYMENT_IN_PROGRESS: {
        status: 409,
        title: 'The payment is being made right now. Try again in a moment.',
      },
    },
  }),
  /** What a mail about an order needs. */
  mailDetails: operation({
    summary: 'An order and its link token, for a mail about it',
    method: 'GET',
    path: '/order/mail-details',
    access: 'service',
    input: z.strictObject({ orderId: Id }),
    output: z.object({ order: Order, orderToken: z.string() }),
    errors: { ORDER_NOT_FOUND: NotFound },
  }),
})

const Lines = z.array(z.object({ sku: z.string(), quantity: z.int(), unitPriceMinor: AmountMinor }))
const facts = {
  orderId: Id,
  cartId: Id,
  customerId: Id.nullable(),
  currency: Currency,
  totalMinor: AmountMinor,
  lines: Lines,
}

/** When an order was placed: its id is a UUIDv7, which begins with 48 bits of epoch milliseconds (RFC 9562, 5.7). */
export const placedAtMs = (orderId: string): number =>
  Number.parseInt(orderId.replaceAll('-', '').slice(0, 12), 16)

export const OrderPlaced = event({
  name: 'order.placed',
  version: 1,
  payload: z.object(facts),
  key: (e) => e.orderId,
})

/** The card was declined: the stock is to go back. */
export const OrderPaymentFailed = event({
  name: 'order.payment-failed',
  version: 1,
  payload: z.object({ orderId: Id, attempt: z.int() }),
  key: (e) => e.orderId,
})

export const OrderConfirmed = event({
  name: 'order.confirmed',
  version: 1,
  payload: z.object({ ...facts, paymentId: Id }),
  key: (e) => e.orderId,
})

/** Stock that was set aside or sold is to go back. */
export const OrderCancelled = event({
  name: 'order.cancelled',
  version: 1,
  payload: z.object({ orderId: Id, reason: CancelReason, wasConfirmed: z.boolean() }),
  key: (e) => e.orderId,
})

/** A checkout set stock aside and came to nothing: there is no such order, and its stock is to go back. */
export const OrderAbandoned = event({
  name: 'order.abandoned',
  version: 1,
  payload: z.object({ orderId: Id }),
  key: (e) => e.orderId,
})

/** Money was taken for an order that will not be delivered. */
export const OrderRefundDue = event({
  name: 'order.refund-due',
  version: 1,
  payload: z.object({ orderId: Id, paymentId: Id, reason: CancelReason }),
  key: (e) => e.orderId,
})
