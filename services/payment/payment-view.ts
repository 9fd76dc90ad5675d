import type { payment } from '@stoa/contracts/payment'
import type { z } from 'zod'
import type { ListedRefund, Payment } from './payments.ts'

/** A payment as staff see it. */
export function toPaymentView({
  refunds,
  createdAt,
  ...state
}: Payment & { createdAt: Date; refunds: ListedRefund[] }): z.input<typeof payment.operations.refund.output> {
  const money = (amountMinor: number) => ({ amountMinor, currency: state.currency })
  return {
    paymentId: state.paymentId,
    orderId: state.orderId,
    gateway: 'stripe',
    gatewayReference: state.gatewayReference,
    status: state.status,
    amount: money(state.amountMinor),
    captured: money(state.capturedMinor),
    refunded: money(state.refundedMinor),
    failureCode: state.failure?.code ?? null,
    createdAt: createdAt.toISOString(),
    refunds: refunds.map(({ amountMinor, createdAt: refundCreatedAt, ...refund }) => ({
      ...refund,
      amount: money(amountMinor),
      createdAt: new Date(refundCreatedAt).toISOString(),
    })),
  }
}
