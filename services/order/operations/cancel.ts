import type { order } from '@stoa/contracts/order'
import { cancelOrder } from '../cancel-order.ts'
import type { Handles } from '../context.ts'
import { showOrder } from '../show-order.ts'
import { findOwnOrder } from './get.ts'

export const cancel: Handles<typeof order.operations.cancel> = async (owner, ctx) => {
  const found = await findOwnOrder(ctx, owner)
  const cancellableMs = ctx.config.cancellableHours * 3600_000
  return showOrder(await cancelOrder(ctx, found, { cancellableMs }))
}
