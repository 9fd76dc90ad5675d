import { Rejection } from '@stoa/contract'
import type { cart } from '@stoa/contracts/cart'
import { findCartOfCustomer } from '../carts.ts'
import { changeCart } from '../change-cart.ts'
import type { Handles } from '../context.ts'

export const current: Handles<typeof cart.operations.current> = async (_, ctx) => {
  const { actor } = ctx
  if (actor.kind !== 'customer') throw new Rejection('CART_NOT_FOUND')
  return changeCart(ctx, { cartId: '' }, { find: () => findCartOfCustomer(ctx.query, actor.id) })
}
