import type { Tx } from '@stoa/runtime'
import { announce } from './announce.ts'
import type { Move } from './order-lifecycle.ts'
import { moveOrder, type StoredOrder } from './orders.ts'

/** How often a step is decided again because somebody else changed the order: each time it is further along its short life. */
export const MAX_LOOKS = 4

/** Writes a step and announces it, or answers undefined: somebody else changed the order since it was read. */
export async function takeStep(
  tx: Pick<Tx, 'query' | 'emit'>,
  order: StoredOrder,
  { order: to, announce: announcements }: Move,
): Promise<StoredOrder | undefined> {
  const moved = await moveOrder(tx.query, order, to)
  if (moved) for (const said of announcements) announce(tx, moved, said)
  return moved
}
