import { invalidInput, Rejection } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import type { Handles } from '../context.ts'

/** An order waits for its payment for minutes, at most some days: what is set aside longer is a mistake. */
const MAX_HOLD_MS = 30 * 24 * 3600_000
/** Clocks differ, and a call may have waited: what has just expired is set aside and swept. */
const MAX_LATE_MS = 24 * 3600_000

export const reserve: Handles<typeof inventory.operations.reserve> = async (input, ctx) => {
  const { orderId, lines, attempt } = input
  const expiresAt = new Date(input.expiresAt)
  const aheadMs = expiresAt.getTime() - ctx.now().getTime()
  if (aheadMs > MAX_HOLD_MS)
    throw invalidInput({ field: 'expiresAt', message: 'must be at most 30 days ahead' })
  if (aheadMs < -MAX_LATE_MS) throw invalidInput({ field: 'expiresAt', message: 'must be in the future' })
  const request = { orderId, lines, attempt, expiresAt: expiresAt.toISOString() }
  const answer = await ctx.resources.reservations.submit(request, ctx.signal)
  if (answer.kind === 'out-of-stock') throw new Rejection('OUT_OF_STOCK', { skus: answer.skus })
  if (answer.kind === 'closed') throw new Rejection('RESERVATION_CLOSED')
  return { orderId, expiresAt: answer.expiresAt }
}
