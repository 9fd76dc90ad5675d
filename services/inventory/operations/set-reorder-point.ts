import type { inventory } from '@stoa/contracts/inventory'
import type { Handles } from '../context.ts'
import { changeReorderPoint } from '../levels.ts'

export const setReorderPoint: Handles<typeof inventory.operations.setReorderPoint> = async (input, ctx) => {
  const level = await ctx.transaction((tx) => changeReorderPoint(tx, input))
  ctx.resources.known.forget([input.sku])
  return level
}
