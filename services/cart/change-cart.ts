import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Rejection } from '@stoa/contract'
import type { Cart } from '@stoa/contracts/cart'
import { type Line, recheck, type Shop } from './cart.ts'
import { findCart, type RecentKey, type StoredCart, saveCart } from './carts.ts'
import type { Context } from './context.ts'
import { lookUpShop } from './look-up-shop.ts'
import { type Owner, owns } from './owner.ts'
import { showCart } from './show-cart.ts'

/** Each further try follows a write of somebody else to the same cart: a shopper has two hands, and perhaps two tabs. */
export const MAX_TRIES = 10

type Change = {
  /** SKUs that are not in the cart yet. */
  readonly alsoSkus?: readonly string[]
  /** Pure: it may run again on newer lines. Answers the same array when there is nothing to change. */
  readonly apply?: (lines: readonly Line[], shop: Shop) => readonly Line[]
  /** A key that was seen before answers the cart as it is. */
  readonly key?: RecentKey
  readonly find?: () => Promise<StoredCart | undefined>
}

/**
 * Every look at a cart and every change of its lines: load it (one statement), ask what the shop has (two calls), compute, write it back if it
 * changed (one statement, guarded by the version). Throws CART_NOT_FOUND for one that is not the caller's.
 */
export async function changeCart(ctx: Context, owner: Owner, change: Change = {}): Promise<Cart> {
  let shop: Shop | undefined
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    const cart = await (change.find ? change.find() : findCart(ctx.query, owner.cartId))
    if (!cart || !owns(ctx, owner, cart)) throw new Rejection('CART_NOT_FOUND')
    const skus = [...cart.lines.map(({ sku }) => sku), ...(change.alsoSkus ?? [])]
    if (!shop || !covers(shop, skus, cart.currency)) shop = await lookUpShop(ctx, skus, cart.currency)
    const isRepetition = change.key !== undefined && wasUsed(cart.recentKeys, change.key)
    const rechecked = recheck(cart.lines, shop)
    const lines = isRepetition || !change.apply ? rechecked.lines : change.apply(rechecked.lines, shop)
    const notices = rechecked.notices.filter(({ sku }) => lines.some((line) => line.sku === sku))
    const recentKeys = change.key && !isRepetition ? remember(cart.recentKeys, change.key) : cart.recentKeys
    const isChanged = recentKeys !== cart.recentKeys || !isDeepStrictEqual(lines, cart.lines)
    if (!isChanged && !cart.touchDue) return showCart({ ...cart, lines }, { shop, notices })
    const saved = await saveCart(ctx.query, cart, { lines, recentKeys })
    if (saved) return showCart({ ...cart, ...saved, lines }, { shop, notices })
    // Those who lost to the same winner do not meet again.
    await sleep(Math.random() * 10 * attempt, undefined, { signal: ctx.signal })
  }
  throw new Rejection('IN_PROGRESS')
}

/** Whether the shop was asked about all of these. A SKU that nobody knows is available 0 times, and so is there too. */
const covers = (shop: Shop, skus: readonly string[], currency: string): boolean =>
  shop.currency === currency && skus.every((sku) => shop.available.has(sku))

/** More than a shopper's client has under way at once. */
const MAX_RECENT_KEYS = 20

const remember = (keys: readonly RecentKey[], key: RecentKey): readonly RecentKey[] =>
  [...keys, key].slice(-MAX_RECENT_KEYS)

function wasUsed(keys: readonly RecentKey[], [key, body]: RecentKey): boolean {
  const known = keys.find(([knownKey]) => knownKey === key)
  if (known && known[1] !== body) throw new Rejection('IDEMPOTENCY_KEY_REUSED')
  return known !== undefined
}
