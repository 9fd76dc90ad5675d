import { Rejection } from '@stoa/contract'
import type { order } from '@stoa/contracts/order'
import type { Handles } from '../context.ts'
import { findOrder } from '../orders.ts'
import { orderTokenOf } from '../owner.ts'
import { showOrder } from '../show-order.ts'

export const mailDetails: Handles<typeof order.operations.mailDetails> = async ({ orderId }, ctx) => {
  const found = await findOrder(ctx.query, orderId)
  if (!found) throw new Rejection('ORDER_NOT_FOUND')
  return { order: showOrder(found), orderToken: orderTokenOf(orderId, ctx) }
}
