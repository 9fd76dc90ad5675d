import type { order } from '@stoa/contracts/order'
import type { Handles } from '../context.ts'
import { listOrders } from '../orders.ts'
import { readCursor, showPage } from '../show-order.ts'

export const listForStaff: Handles<typeof order.operations.listForStaff> = async (input, { query }) => {
  const { status, limit, after } = input
  return showPage(await listOrders(query, { status, before: readCursor(after), limit: limit + 1 }), limit)
}
