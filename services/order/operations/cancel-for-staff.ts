import { Rejection } from '@stoa/contract'
import type { order } from '@stoa/contracts/order'
import { cancelOrder } from '../cancel-order.ts'
import type { Handles } from '../context.ts'
import { findOrder } from '../orders.ts'
import { showOrder } from '../show-order.ts'

/** Every try to change the order is recorded, one that came too late with the order as it was. */
export const cancelForStaff: Handles<typeof order.operations.cancelForStaff> = async (
  { orderId, reason },
  ctx,
) => {
  const found = await findOrder(ctx.query, orderId)
  if (!found) throw new Rejection('ORDER_NOT_FOUND')
  const cancelled = await cancelOrder(ctx, found, {
    cancellableMs: Number.POSITIVE_INFINITY,
    audit: (tx, before, after) =>
      tx.audit({
        subject: `order:${orderId}`,
        before: { status: before.status, version: before.version },
        after: { status: (after ?? before).status, version: (after ?? before).version, reason },
      }),
  })
  return showOrder(cancelled)
}
