import type { cart } from '@stoa/contracts/cart'
import { changeLine as change } from '../cart.ts'
import { changeCart } from '../change-cart.ts'
import type { Handles } from '../context.ts'

export const changeLine: Handles<typeof cart.operations.changeLine> = async (input, ctx) => {
  const { lineId, quantity, ...owner } = input
  return changeCart(ctx, owner, { apply: (lines, shop) => change(lines, { lineId, quantity }, shop) })
}
