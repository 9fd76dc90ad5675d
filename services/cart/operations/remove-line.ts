import type { cart } from '@stoa/contracts/cart'
import { removeLine as remove } from '../cart.ts'
import { changeCart } from '../change-cart.ts'
import type { Handles } from '../context.ts'

export const removeLine: Handles<typeof cart.operations.removeLine> = async ({ lineId, ...owner }, ctx) =>
  changeCart(ctx, owner, { apply: (lines) => remove(lines, lineId) })
