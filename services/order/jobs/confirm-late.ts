import { isRejection } from '@stoa/contract'
import { inventory } from '@stoa/contracts/inventory'
import { Id } from '@stoa/contracts/text'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { advance } from '../order-lifecycle.ts'
import { findOrder, RESERVATION_SPARE_MINUTES, type StoredOrder } from '../orders.ts'
import { MAX_LOOKS, takeStep } from '../take-step.ts'

export const confirmLateKey = (orderId: string): string => `confirm-late:${orderId}`

/**
 * A payment came whose stock went back, or is about to: reserves again and confirms, or gives the money back. Repeated after a crash
 * it reserves under the same attempt, which changes nothing more.
 */
export const confirmLate = job({
  name: 'confirm-late',
  input: z.strictObject({ orderId: Id, paymentId: Id }),
  handle: async ({ orderId, paymentId }, ctx: Context) => {
    for (let look = 1; look <= MAX_LOOKS; look += 1) {
      const order = await findOrder(ctx.query, orderId)
      if (!order) return
      const first = advance(order, { type: 'paid', paymentId, stock: order.lapsed ? 'lapsed' : 'held' })
      if (!first) return
      const step =
        first.kind === 'move'
          ? first
          : advance(order, { type: 'paid', paymentId, stock: await reserve(ctx, order, first.attempt) })
      if (step?.kind !== 'move') throw new Error(`order ${orderId} asks for stock that was answered`)
      if (await ctx.transaction((tx) => takeStep(tx, order, step))) return
    }
    throw new Error(`order ${orderId} does not hold still`)
  },
})

async function reserve(
  { call, now }: Context,
  { orderId, lines }: StoredOrder,
  attempt: number,
): Promise<'taken' | 'refused'> {
  const { operations } = inventory
  try {
    await call.inventory.reserve({
      orderId,
      lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
      expiresAt: new Date(now().getTime() + RESERVATION_SPARE_MINUTES * 60_000).toISOString(),
      attempt,
    })
    return 'taken'
  } catch (error) {
    if (isRejection(error, operations.reserve, 'OUT_OF_STOCK')) return 'refused'
    if (isRejection(error, operations.reserve, 'RESERVATION_CLOSED')) return 'refused'
    throw error
  }
}
