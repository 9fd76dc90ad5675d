import { setTimeout as sleep } from 'node:timers/promises'
import { Rejection } from '@stoa/contract'
import type { Cart, cart } from '@stoa/contracts/cart'
import { type Line, mergeLines, recheck } from '../cart.ts'
import { adopt, findForMerge, type StoredCart, saveMerged } from '../carts.ts'
import { changeCart, MAX_TRIES } from '../change-cart.ts'
import type { Context, Handles } from '../context.ts'
import { lookUpShop } from '../look-up-shop.ts'
import { owns } from '../owner.ts'
import { showCart } from '../show-cart.ts'

/** A customer without a cart takes over the guest's as it is; else its lines move. A repetition answers the customer's cart. */
export const merge: Handles<typeof cart.operations.merge> = async ({ cartId, cartToken }, ctx) => {
  const { actor } = ctx
  if (actor.kind !== 'customer') throw new Rejection('CART_NOT_FOUND')
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    const { guest, own } = await findForMerge(ctx.query, { cartId, customerId: actor.id })
    if (!guest || !owns(ctx, { cartToken }, guest)) throw new Rejection('CART_NOT_FOUND')
    const merged = await mergeOnce(ctx, actor.id, { guest, own })
    if (merged) return merged
    await sleep(Math.random() * 10 * attempt, undefined, { signal: ctx.signal })
  }
  throw new Rejection('IN_PROGRESS')
}

/** Undefined when somebody else wrote to one of the two in the meantime. */
async function mergeOnce(
  ctx: Context,
  customerId: string,
  { guest, own }: { guest: StoredCart; own: StoredCart | undefined },
): Promise<Cart | undefined> {
  const isOwn = guest.customerId !== null
  if (isOwn) return changeCart(ctx, guest)
  if (guest.status === 'merged') {
    // Told to another customer, or to a cart that was ordered since: it is not this customer's business, or no longer there.
    if (!own || own.expired || own.cartId !== guest.mergedInto) throw new Rejection('CART_NOT_FOUND')
    return changeCart(ctx, own)
  }
  if (!own) {
    const shop = await lookUpShop(ctx, skusOf(guest.lines), guest.currency)
    const { lines, notices } = recheck(guest.lines, shop)
    const adopted = await adopt(ctx.query, guest, { customerId, lines })
    return adopted && showCart(adopted, { shop, notices })
  }
  // Nobody has looked at an expired cart for 30 days: what was in it is gone.
  const ownLines = own.expired ? [] : own.lines
  const shop = await lookUpShop(ctx, skusOf([...ownLines, ...guest.lines]), own.currency)
  const together = mergeLines(ownLines, guest.lines, {
    shop,
    sameCurrency: own.currency === guest.currency,
  })
  const { lines, notices } = recheck(together.lines, shop)
  const saved = await saveMerged(ctx.query, { guest, own }, lines)
  return saved && showCart({ ...own, ...saved, lines }, { shop, notices: [...together.notices, ...notices] })
}

const skusOf = (lines: readonly Line[]): string[] => lines.map(({ sku }) => sku)
