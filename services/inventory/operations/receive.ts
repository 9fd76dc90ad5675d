import type { inventory } from '@stoa/contracts/inventory'
import { mergeLines } from '../allocate.ts'
import type { Handles } from '../context.ts'
import { book } from '../levels.ts'

export const receive: Handles<typeof inventory.operations.receive> = async (input, ctx) => {
  const { warehouse, reference } = input
  const lines = mergeLines(input.lines)
  const output = await ctx.transaction(async (tx) => {
    const entries = lines.map(({ sku, quantity }) => ({
      warehouse,
      sku,
      reference,
      kind: 'received' as const,
      availableDelta: quantity,
    }))
    const items = await book(tx, ctx.newId, entries)
    tx.answer({ items })
    return { items }
  })
  ctx.resources.known.forget(lines.map(({ sku }) => sku))
  return output
}
