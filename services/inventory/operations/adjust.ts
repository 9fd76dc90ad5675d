import { invalidInput } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import type { Handles } from '../context.ts'
import { book } from '../levels.ts'

export const adjust: Handles<typeof inventory.operations.adjust> = async (input, ctx) => {
  const { sku, availableDelta, damagedDelta } = input
  if (availableDelta === 0 && damagedDelta === 0)
    throw invalidInput({ field: 'availableDelta', message: 'must not be zero, unless damagedDelta is not' })
  const output = await ctx.transaction(async (tx) => {
    const [level] = await book(tx, ctx.newId, [
      { ...input, kind: damagedDelta === 0 ? 'adjusted' : 'damaged' },
    ])
    tx.answer(level)
    return level!
  })
  ctx.resources.known.forget([sku])
  return output
}
