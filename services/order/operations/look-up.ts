import { Rejection } from '@stoa/contract'
import type { order } from '@stoa/contracts/order'
import type { Handles } from '../context.ts'
import { readOrderNumber } from '../order-number.ts'
import { findGuestOrder } from '../orders.ts'
import { orderTokenOf } from '../owner.ts'
import { showOrder } from '../show-order.ts'

/** A guest's alone: a customer signs in. Whoever tries numbers needs the address to each; how often they may is the gateway's to limit. */
export const lookUp: Handles<typeof order.operations.lookUp> = async ({ number: typed, email }, ctx) => {
  const number = readOrderNumber(typed)
  const found = number === undefined ? undefined : await findGuestOrder(ctx.query, { number, email })
  if (!found) throw new Rejection('ORDER_NOT_FOUND')
  return { order: showOrder(found), orderToken: orderTokenOf(found.orderId, ctx) }
}
