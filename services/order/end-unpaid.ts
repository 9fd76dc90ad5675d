import { isRejection, Rejection } from '@stoa/contract'
import { payment } from '@stoa/contracts/payment'
import type { Context } from './context.ts'
import { advance, type OrderFact } from './order-lifecycle.ts'
import { findOrder, type StoredOrder } from './orders.ts'
import { MAX_LOOKS, takeStep } from './take-step.ts'

export type EndReason = Extract<OrderFact, { type: 'ended' }>['reason']

/**
 * Ends an order that is not paid: first its payment is cancelled, so that nobody can pay it any more, then the order. `paid`: the
 * money was taken or is being taken, and a fact about it has come or will. Else the order as it is now, which may have been
 * confirmed or cancelled before. Throws UNAVAILABLE while the gateway is away.
 */
export async function endUnpaid(
  ctx: Context,
  found: StoredOrder,
  reason: EndReason,
  audit: (tx: AuditTx, before: StoredOrder, after: StoredOrder | undefined) => void = () => {},
): Promise<StoredOrder | 'paid'> {
  let order = found
  for (let look = 1; look <= MAX_LOOKS; look += 1) {
    const step = advance(order, { type: 'ended', reason })
    if (step?.kind !== 'move') return order
    if ((await cancelPayment(ctx, order.orderId)) === 'paid') return 'paid'
    const ended = await ctx.transaction(async (tx) => {
      const moved = await takeStep(tx, order, step)
      audit(tx, order, moved)
      return moved
    })
    if (ended) return ended
    order = (await findOrder(ctx.query, order.orderId))!
  }
  throw new Rejection('IN_PROGRESS')
}

type AuditTx = Pick<Parameters<Parameters<Context['transaction']>[0]>[0], 'audit'>

async function cancelPayment(ctx: Context, orderId: string): Promise<'cancelled' | 'paid'> {
  try {
    await ctx.call.payment.cancel({ orderId })
    return 'cancelled'
  } catch (error) {
    if (isRejection(error, payment.operations.cancel, 'ALREADY_PAID')) return 'paid'
    if (isRejection(error, payment.operations.cancel, 'GATEWAY_UNAVAILABLE'))
      throw new Rejection('UNAVAILABLE')
    throw error
  }
}
