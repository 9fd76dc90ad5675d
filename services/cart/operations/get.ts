import type { cart } from '@stoa/contracts/cart'
import { changeCart } from '../change-cart.ts'
import type { Handles } from '../context.ts'

/** New prices are stored as seen, so that what the shopper orders is compared with what the shopper saw. */
export const get: Handles<typeof cart.operations.get> = (owner, ctx) => changeCart(ctx, owner)
