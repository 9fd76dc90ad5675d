import { Rejection } from '@stoa/contract'
import { Id } from '@stoa/contracts/text'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { endUnpaid } from '../end-unpaid.ts'
import { findOrder } from '../orders.ts'

export const expireOrderKey = (orderId: string): string => `expire:${orderId}`

/** While the gateway is away its cancellation is tried again after this; the stock is held 10 minutes beyond the deadline. */
const AWAY_PAUSE_MS = 30_000
/** Two hours; then with the job library's growing pauses, and every 5 minutes by `expire-overdue`. */
const MAX_TRIES = 240

const input = z.strictObject({ orderId: Id, tries: z.int().min(0).default(0) })

/**
 * The time to pay is over: first the payment is cancelled, then the order, so that nobody pays for nothing. One whose money was taken
 * is left to the fact that says so.
 */
export const expireOrder = job({
  name: 'expire-order',
  input,
  handle: async ({ orderId, tries }, ctx: Context) => {
    const order = await findOrder(ctx.query, orderId)
    if (!order || order.status === 'confirmed' || order.status === 'cancelled') return
    // A job that somebody ran by hand: the deadline is the database's.
    if (order.readAt < order.payBefore) return again(ctx, { orderId, tries, runAt: order.payBefore })
    try {
      await endUnpaid(ctx, order, 'expired')
    } catch (error) {
      const isAway = error instanceof Rejection && error.code === 'UNAVAILABLE'
      if (!isAway || tries >= MAX_TRIES) throw error
      ctx.log.warn({ orderId, tries }, 'an order cannot expire: its payment cannot be cancelled now')
      const runAt = new Date(order.readAt.getTime() + AWAY_PAUSE_MS)
      await again(ctx, { orderId, tries: tries + 1, runAt })
    }
  },
})

const again = (
  ctx: Context,
  { runAt, ...input }: { orderId: string; tries: number; runAt: Date },
): Promise<void> =>
  ctx.transaction(async (tx) =>
    tx.schedule(expireOrder, input, { runAt, key: expireOrderKey(input.orderId) }),
  )
