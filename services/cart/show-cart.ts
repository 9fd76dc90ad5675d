import type { Cart } from '@stoa/contracts/cart'
import { isAvailable, type Notice, type Shop, subtotalMinor } from './cart.ts'
import type { StoredCart } from './carts.ts'

/** A cart as its shopper sees it. */
export const showCart = (
  cart: Pick<StoredCart, 'cartId' | 'currency' | 'lines' | 'expiresAt' | 'version'>,
  { shop, notices }: { shop: Shop; notices: readonly Notice[] },
): Cart => ({
  cartId: cart.cartId,
  currency: cart.currency,
  lines: cart.lines.map((line) => ({
    ...line,
    options: { ...line.options },
    totalMinor: line.quantity * line.unitPriceMinor,
    available: isAvailable(line, shop),
  })),
  itemCount: cart.lines.reduce((sum, line) => sum + line.quantity, 0),
  subtotal: { amountMinor: subtotalMinor(cart.lines), currency: cart.currency },
  notices: [...notices],
  expiresAt: cart.expiresAt.toISOString(),
  version: cart.version,
})
