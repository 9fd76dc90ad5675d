import { contract, event, operation } from '@stoa/contract'
import { z } from 'zod'
import { AmountMinor, Currency, Money, MoneyInput } from './money.ts'
import { PaymentInstructions } from './order.ts'
import { Email, Id, Line, Timestamp } from './text.ts'

export const PaymentStatus = z.enum(['pending', 'failed', 'succeeded', 'cancelled'])

export const Payment = z.object({
  paymentId: Id,
  orderId: Id,
  gateway: z.literal('stripe'),
  /** The gateway's own id: `pi_...`. */
  gatewayReference: z.string().nullable(),
  status: PaymentStatus,
  amount: Money,
  captured: Money,
  refunded: Money,
  failureCode: z.string().nullable(),
  createdAt: Timestamp,
  refunds: z.array(
    z.object({
      refundId: Id,
      amount: Money,
      status: z.enum(['pending', 'succeeded', 'failed']),
      reason: z.string().nullable(),
      createdAt: Timestamp,
    }),
  ),
})

const CurrencyMismatch = {
  status: 409,
  title: 'The payment was made in another currency.',
  data: z.object({ currency: Currency }),
} as const
const NotFound = { status: 404, title: 'There is no such payment.' } as const

export const payment = contract('payment', {
  /** Keyed by the order: a repetition answers with the same payment. An order whose payment was cancelled gets no other. */
  create: operation({
    summary: 'Open the payment of an order at the gateway',
    method: 'POST',
    path: '/payment/payments',
    access: 'service',
    idempotency: 'natural',
    input: z.strictObject({
      orderId: Id,
      orderNumber: z.string().max(40),
      amount: z.strictObject({ amountMinor: AmountMinor, currency: Currency }),
      email: Email,
    }),
    output: PaymentInstructions,
    errors: {
      PAYMENT_CANCELLED: { status: 409, title: 'The payment of this order was cancelled.' },
      /** An amount below the gateway's minimum, a currency that it does not take. */
      GATEWAY_REFUSED: {
        status: 422,
        title: 'The payment gateway refused.',
        data: z.object({ message: z.string() }),
      },
      GATEWAY_UNAVAILABLE: { status: 503, title: 'The payment gateway does not answer right now.' },
    },
  }),
  /** Afterwards the order cannot be paid. Cancels one that was never opened, too. */
  cancel: operation({
    summary: 'Make sure that an order will not be paid',
    method: 'POST',
    path: '/payment/cancellations',
    access: 'service',
    idempotency: 'natural',
    input: z.strictObject({ orderId: Id }),
    output: z.object({ cancelled: z.literal(true) }),
    errors: {
      /** The money was taken, or is being taken: a fact about it has come or will. */
      ALREADY_PAID: { status: 409, title: 'The order was paid.' },
      GATEWAY_UNAVAILABLE: { status: 503, title: 'The payment gateway does not answer right now.' },
    },
  }),
  complete: operation({
    summary: 'Tell the shop that the shopper is back from the card form or from 3-D Secure',
    method: 'POST',
    path: '/payments/{paymentId}/complete',
    access: 'public',
    idempotency: 'natural',
    /** The client secret proves that the caller is the one who pays. */
    input: z.strictObject({ paymentId: Id, clientSecret: z.string().min(10).max(300) }),
    output: z.object({
      orderId: Id,
      status: z.enum(['pending', 'requires_action', 'failed', 'succeeded', 'cancelled']),
      /** Why a card was declined, in words for the shopper. */
      message: z.string().nullable(),
    }),
    errors: {
      PAYMENT_NOT_FOUND: NotFound,
      GATEWAY_UNAVAILABLE: { status: 503, title: 'The payment gateway does not answer right now.' },
    },
  }),
  stripeWebhook: operation({
    summary: "Stripe's signed events",
    method: 'POST',
    path: '/payments/webhooks/stripe',
    access: 'public',
    idempotency: 'natural',
    rawBody: 'body',
    headers: { signature: 'stripe-signature' },
    bodyLimitBytes: 256 * 1024,
    input: z.strictObject({
      body: z
        .string()
        .min(1)
        .max(256 * 1024),
      signature: z.string().min(1).max(2000),
    }),
    output: z.object({ received: z.literal(true) }),
    errors: {
      BAD_SIGNATURE: { status: 401, title: 'The signature does not match the body, or is too old.' },
    },
  }),
  listForOrder: operation({
    summary: "An order's payments and refunds",
    method: 'GET',
    path: '/admin/orders/{orderId}/payments',
    access: 'staff',
    permission: 'payment:read',
    input: z.strictObject({ orderId: Id }),
    output: z.object({ items: z.array(Payment) }),
  }),
  listLedger: operation({
    summary: 'The double-entry ledger of one payment, oldest first',
    method: 'GET',
    path: '/admin/payments/{paymentId}/ledger',
    access: 'staff',
    permission: 'payment:read',
    input: z.strictObject({ paymentId: Id }),
    /** At most 500. Debits equal credits within each entry. */
    output: z.object({
      items: z.array(
        z.object({
          entryId: Id,
          kind: z.enum(['authorised', 'captured', 'refunded']),
          debit: z.string(),
          credit: z.string(),
          amount: Money,
          occurredAt: Timestamp,
        }),
      ),
    }),
    errors: { PAYMENT_NOT_FOUND: NotFound },
  }),
  /** Once accepted it will be made: while the gateway is away it is answered as pending. */
  refund: operation({
    summary: 'Pay back all or part of what was taken',
    method: 'POST',
    path: '/admin/payments/{paymentId}/refunds',
    access: 'staff',
    permission: 'payment:refund',
    status: 201,
    idempotency: 'key',
    input: z.strictObject({
      paymentId: Id,
      /** All that is left when absent. */
      amountMinor: AmountMinor.min(1).optional(),
      /** That of the payment, for a caller who wants it checked. */
      currency: Currency.optional(),
      reason: Line(200),
    }),
    output: Payment,
    errors: {
      PAYMENT_NOT_FOUND: NotFound,
      CURRENCY_MISMATCH: CurrencyMismatch,
      NOT_REFUNDABLE: {
        status: 409,
        title: 'There is not that much to pay back.',
        data: z.object({ refundableMinor: z.int(), currency: Currency.optional() }),
      },
      GATEWAY_REFUSED: {
        status: 422,
        title: 'The payment gateway refused.',
        data: z.object({ message: z.string() }),
      },
    },
  }),
})

/**
 * Version 2 of the public API. An amount without a currency pays back in whatever currency the payment was made: 1500, meant in yen, gave
 * back 15 euros. Here an amount says its currency, and another one than the payment's is refused.
 */
export const paymentV2 = contract(
  'payment',
  {
    refund: operation({
      ...payment.operations.refund,
      input: z.strictObject({
        paymentId: Id,
        /** All that is left when absent. */
        amount: MoneyInput.extend({ amountMinor: AmountMinor.min(1) }).optional(),
        reason: Line(200),
      }),
      errors: {
        ...payment.operations.refund.errors,
        NOT_REFUNDABLE: {
          ...payment.operations.refund.errors.NOT_REFUNDABLE,
          data: z.object({ refundable: Money }),
        },
      },
    }),
  },
  { apiVersion: 2 },
)

export const PaymentSucceeded = event({
  name: 'payment.succeeded',
  version: 1,
  payload: z.object({ paymentId: Id, orderId: Id, amountMinor: AmountMinor, currency: Currency }),
  key: (e) => e.orderId,
})

/** A try was declined; another card may follow on the same payment. */
export const PaymentFailed = event({
  name: 'payment.failed',
  version: 1,
  payload: z.object({
    paymentId: Id,
    orderId: Id,
    code: z.string(),
    /** The gateway's words for the shopper. */
    message: z.string(),
  }),
  key: (e) => e.orderId,
})

export const PaymentCancelled = event({
  name: 'payment.cancelled',
  version: 1,
  payload: z.object({ paymentId: Id, orderId: Id }),
  key: (e) => e.orderId,
})

export const PaymentRefunded = event({
  name: 'payment.refunded',
  version: 1,
  payload: z.object({
    paymentId: Id,
    orderId: Id,
    refundId: Id,
    amountMinor: AmountMinor,
    currency: Currency,
    /** Why: a reason of the order's (`expired`, `requested`, ...) or `staff`. */
    reason: z.string(),
  }),
  key: (e) => e.orderId,
})
