import { invalidInput } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import type { Handles } from '../context.ts'
import { book } from '../levels.ts'

/** Both movements bear the transfer's id as their reference. */
export const transfer: Handles<typeof inventory.operations.transfer> = async (input, ctx) => {
  const { from, to, sku, quantity } = input
  if (from === to) throw invalidInput({ field: 'to', message: 'must be another warehouse' })
  const output = await ctx.transaction(async (tx) => {
    const moved = { sku, kind: 'transferred' as const, reference: ctx.newId }
    const items = await book(tx, ctx.newId, [
      { ...moved, warehouse: from, availableDelta: -quantity },
      { ...moved, warehouse: to, availableDelta: quantity },
    ])
    tx.answer({ items })
    return { items }
  })
  ctx.resources.known.forget([sku])
  return output
}
