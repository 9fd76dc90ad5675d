import { Rejection } from '@stoa/contract'
import type { cart } from '@stoa/contracts/cart'
import { findCart } from '../carts.ts'
import type { Handles } from '../context.ts'
import { owns } from '../owner.ts'

export const contents: Handles<typeof cart.operations.contents> = async (owner, ctx) => {
  const found = await findCart(ctx.query, owner.cartId)
  if (!found || !owns(ctx, owner, found)) throw new Rejection('CART_NOT_FOUND')
  const { cartId, currency, version, lines } = found
  return {
    cartId,
    currency,
    version,
    lines: lines.map(({ sku, quantity, unitPriceMinor }) => ({ sku, quantity, unitPriceMinor })),
  }
}
