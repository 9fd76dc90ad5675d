import type { payment } from '@stoa/contracts/payment'
import type { Handles } from '../context.ts'
import { toPaymentView } from '../payment-view.ts'
import { listPayments } from '../payments.ts'

export const listForOrder: Handles<typeof payment.operations.listForOrder> = async ({ orderId }, ctx) => ({
  items: (await listPayments(ctx.query, { orderId })).map(toPaymentView),
})
