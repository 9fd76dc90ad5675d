import { Rejection } from '@stoa/contract'
import type { order } from '@stoa/contracts/order'
import type { Handles } from '../context.ts'
import { findOrder } from '../orders.ts'
import { showOrder } from '../show-order.ts'

export const getForStaff: Handles<typeof order.operations.getForStaff> = async ({ orderId }, { query }) => {
  const found = await findOrder(query, orderId)
  if (!found) throw new Rejection('ORDER_NOT_FOUND')
  return { ...showOrder(found), customerId: found.customerId, version: found.version }
}
