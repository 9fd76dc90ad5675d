import { Rejection } from '@stoa/contract'
import type { order } from '@stoa/contracts/order'
import type { Handles } from '../context.ts'
import { listOrdersOfCustomer } from '../orders.ts'
import { confirmedAddress } from '../owner.ts'
import { readCursor, showPage } from '../show-order.ts'

export const list: Handles<typeof order.operations.list> = async ({ limit, after }, { query, actor }) => {
  if (actor.kind !== 'customer') throw new Rejection('FORBIDDEN')
  const orders = await listOrdersOfCustomer(query, {
    customerId: actor.id,
    address: confirmedAddress(actor),
    before: readCursor(after),
    limit: limit + 1,
  })
  return showPage(orders, limit)
}
