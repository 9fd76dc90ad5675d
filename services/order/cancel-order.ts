import { Rejection } from '@stoa/contract'
import type { Context } from './context.ts'
import { type EndReason, endUnpaid } from './end-unpaid.ts'
import { advance } from './order-lifecycle.ts'
import { findOrder, type StoredOrder } from './orders.ts'
import { MAX_LOOKS, takeStep } from './take-step.ts'

type Options = {
  /** Milliseconds after the confirmation; Infinity for staff. */
  readonly cancellableMs: number
  readonly audit?: Parameters<typeof endUnpaid>[3]
}

const REASON: EndReason = 'requested'

/**
 * Cancels on somebody's wish: unpaid after making sure that it cannot be paid, paid with a refund. One that is cancelled already is answered
 * as it is. Throws NOT_CANCELLABLE, PAYMENT_IN_PROGRESS.
 */
export async function cancelOrder(
  ctx: Context,
  found: StoredOrder,
  { cancellableMs, audit = () => {} }: Options,
): Promise<StoredOrder> {
  let order = found
  for (let look = 1; look <= MAX_LOOKS; look += 1) {
    if (order.status === 'cancelled') return order
    if (order.status !== 'confirmed') {
      const ended = await endUnpaid(ctx, order, REASON, audit)
      if (ended === 'paid') throw new Rejection('PAYMENT_IN_PROGRESS')
      order = ended
      continue
    }
    if (order.readAt.getTime() - order.confirmedAt!.getTime() > cancellableMs)
      throw new Rejection('NOT_CANCELLABLE')
    const step = advance(order, { type: 'called-off' })
    if (step?.kind !== 'move') throw new Error(`a ${order.status} order cannot be called off`)
    const confirmed = order
    const cancelled = await ctx.transaction(async (tx) => {
      const moved = await takeStep(tx, confirmed, step)
      audit(tx, confirmed, moved)
      return moved
    })
    if (cancelled) return cancelled
    order = (await findOrder(ctx.query, order.orderId))!
  }
  throw new Rejection('IN_PROGRESS')
}
