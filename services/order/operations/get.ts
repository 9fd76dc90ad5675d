import { Rejection } from '@stoa/contract'
import type { order } from '@stoa/contracts/order'
import type { Context, Handles } from '../context.ts'
import { findOrder, type StoredOrder } from '../orders.ts'
import { owns } from '../owner.ts'
import { showOrder } from '../show-order.ts'

export const get: Handles<typeof order.operations.get> = async (owner, ctx) =>
  showOrder(await findOwnOrder(ctx, owner))

/** Throws ORDER_NOT_FOUND for one that is not there or not the caller's. */
export async function findOwnOrder(
  ctx: Context,
  { orderId, orderToken }: { orderId: string; orderToken?: string | undefined },
): Promise<StoredOrder> {
  const found = await findOrder(ctx.query, orderId)
  if (!found || !owns(ctx, orderToken, found)) throw new Rejection('ORDER_NOT_FOUND')
  return found
}
