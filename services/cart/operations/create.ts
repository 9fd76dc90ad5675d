import { invalidInput, Rejection } from '@stoa/contract'
import type { Cart, cart } from '@stoa/contracts/cart'
import { openForCustomer, openForGuest, type StoredCart } from '../carts.ts'
import { changeCart } from '../change-cart.ts'
import type { Context, Handles } from '../context.ts'
import { lookUpShop } from '../look-up-shop.ts'
import { guestCredentials } from '../owner.ts'
import { showCart } from '../show-cart.ts'

/** A guest is recognised by the key alone: one that could be guessed would hand a cart to a stranger. */
const MIN_GUEST_KEY_LENGTH = 16

/** The alphabetic codes of ISO 4217 that this Node knows, those of the past included. */
const CURRENCIES = new Set(Intl.supportedValuesOf('currency'))

/** One statement for a cart that is new or empty. */
export const create: Handles<typeof cart.operations.create> = async (input, ctx) => {
  const { idempotencyKey, currency = ctx.config.shopCurrency } = input
  if (!CURRENCIES.has(currency)) throw new Rejection('CURRENCY_NOT_SOLD')
  const { actor, newId: cartId } = ctx
  if (actor.kind === 'customer') {
    const opened = await openForCustomer(ctx.query, { cartId, customerId: actor.id, currency })
    return { ...(await show(ctx, opened)), cartToken: null }
  }
  if (idempotencyKey.length < MIN_GUEST_KEY_LENGTH)
    throw invalidInput({
      field: 'idempotency-key',
      message: `must be random, ${MIN_GUEST_KEY_LENGTH} characters or more`,
    })
  const { address } = ctx.origin
  const { token, ...hashes } = guestCredentials({ idempotencyKey, address }, ctx.resources.secret)
  const opened = await openForGuest(ctx.query, { cartId, currency, ...hashes })
  return { ...(await show(ctx, opened, token)), cartToken: token }
}

async function show(ctx: Context, opened: StoredCart, cartToken?: string): Promise<Cart> {
  if (opened.lines.length > 0) return changeCart(ctx, { cartId: opened.cartId, cartToken })
  return showCart(opened, { shop: await lookUpShop(ctx, [], opened.currency), notices: [] })
}
