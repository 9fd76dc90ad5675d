import { contract, operation } from '@stoa/contract'
import { z } from 'zod'
import { AmountMinor, Currency } from './money.ts'
import { Id, IdempotencyKey, Sku, Timestamp, Token } from './text.ts'

/** Largest number of one item in a cart, and of lines. */
export const MAX_QUANTITY = 99
export const MAX_LINES = 100

export const CartLine = z.object({
  lineId: Id,
  sku: z.string(),
  productId: Id,
  productSlug: z.string(),
  name: z.string(),
  options: z.record(z.string(), z.string()),
  quantity: z.int(),
  unitPriceMinor: AmountMinor,
  totalMinor: z.int().min(0),
  /** Whether the shop can sell this many now. */
  available: z.boolean(),
})

export const Cart = z.object({
  cartId: Id,
  currency: Currency,
  lines: z.array(CartLine),
  itemCount: z.int(),
  /** May exceed what an order can cost after prices rose: 9,900 items of the dearest price are an exact Number. */
  subtotal: z.object({ amountMinor: z.int().min(0), currency: Currency }),
  /** What changed since the shopper last looked, in words: `"Oak desk" now costs 149.00 EUR (was 129.00 EUR).` */
  notices: z.array(z.object({ sku: z.string(), code: z.string(), message: z.string() })),
  expiresAt: Timestamp,
  version: z.int(),
})
export type Cart = z.output<typeof Cart>

const QuantityLimit = {
  status: 409,
  title: 'The cart cannot hold that many.',
  data: z.object({ maxQuantity: z.int(), maxLines: z.int() }),
} as const

/** A guest's cart belongs to whoever holds its token; a customer's to the customer. Anyone else gets a 404. */
const owner = { cartId: Id, cartToken: Token.optional() }
const headers = { cartToken: 'cart-token' }
const NotFound = { status: 404, title: 'There is no such cart.' } as const
const LineNotFound = { status: 404, title: 'There is no such line in the cart.' } as const
const OutOfStock = {
  status: 409,
  title: 'There is not enough in stock.',
  data: z.object({ skus: z.array(z.object({ sku: z.string(), available: z.int() })) }),
} as const
const Quantity = z.int().min(1).max(MAX_QUANTITY)

export const cart = contract('cart', {
  create: operation({
    summary: 'Start a cart; a customer is given the one they have',
    method: 'POST',
    path: '/carts',
    access: 'public',
    status: 201,
    idempotency: 'natural',
    headers: { idempotencyKey: 'idempotency-key' },
    input: z.strictObject({
      currency: Currency.optional(),
      /** A guest's must be random, 16 characters or more: who repeats it from the same address is given the cart's token again. */
      idempotencyKey: IdempotencyKey,
    }),
    /** The token is a guest's only credential: send it back as `Cart-Token`. Null for a customer. */
    output: Cart.extend({ cartToken: z.string().nullable() }),
    errors: { CURRENCY_NOT_SOLD: { status: 422, title: 'The shop has no prices in this currency.' } },
  }),
  current: operation({
    summary: "The customer's own cart",
    method: 'GET',
    path: '/carts/current',
    access: 'customer',
    input: z.strictObject({}),
    output: Cart,
    errors: { CART_NOT_FOUND: NotFound },
  }),
  get: operation({
    summary: 'A cart, with prices and availability as they are now',
    method: 'GET',
    path: '/carts/{cartId}',
    access: 'public',
    headers,
    input: z.strictObject(owner),
    output: Cart,
    errors: { CART_NOT_FOUND: NotFound },
  }),
  addLine: operation({
    summary: 'Put an item into a cart; more of one that is there adds up',
    method: 'POST',
    path: '/carts/{cartId}/lines',
    access: 'public',
    status: 201,
    idempotency: 'natural',
    headers: { ...headers, idempotencyKey: 'idempotency-key' },
    input: z.strictObject({
      ...owner,
      sku: Sku,
      quantity: Quantity.default(1),
      idempotencyKey: IdempotencyKey,
    }),
    output: Cart,
    errors: {
      CART_NOT_FOUND: NotFound,
      SKU_NOT_SOLD: { status: 404, title: 'The shop does not sell this item.' },
      OUT_OF_STOCK: OutOfStock,
      QUANTITY_LIMIT: QuantityLimit,
      IDEMPOTENCY_KEY_REUSED: {
        status: 422,
        title: 'This Idempotency-Key was used for a different request.',
      },
    },
  }),
  changeLine: operation({
    summary: 'Set how many of an item the cart holds',
    method: 'PATCH',
    path: '/carts/{cartId}/lines/{lineId}',
    access: 'public',
    idempotency: 'natural',
    headers,
    input: z.strictObject({ ...owner, lineId: Id, quantity: Quantity }),
    output: Cart,
    errors: {
      CART_NOT_FOUND: NotFound,
      LINE_NOT_FOUND: LineNotFound,
      OUT_OF_STOCK: OutOfStock,
      QUANTITY_LIMIT: QuantityLimit,
    },
  }),
  removeLine: operation({
    summary: 'Take an item out of the cart',
    method: 'DELETE',
    path: '/carts/{cartId}/lines/{lineId}',
    access: 'public',
    idempotency: 'natural',
    headers,
    input: z.strictObject({ ...owner, lineId: Id }),
    output: Cart,
    errors: { CART_NOT_FOUND: NotFound },
  }),
  merge: operation({
    summary: "Move a guest's cart into the signed-in customer's, right after signing in",
    method: 'POST',
    path: '/carts/{cartId}/merge',
    access: 'customer',
    idempotency: 'natural',
    headers,
    input: z.strictObject({ cartId: Id, cartToken: Token }),
    /** The customer's cart. Quantities add up, up to the limit; what was cut is said in `notices`. */
    output: Cart,
    errors: { CART_NOT_FOUND: NotFound },
  }),
  /** The lines that an order is made of, for whoever owns the cart. */
  contents: operation({
    summary: 'What a cart holds, with the prices that the shopper saw',
    method: 'GET',
    path: '/cart/contents',
    access: 'service',
    input: z.strictObject(owner),
    output: z.object({
      cartId: Id,
      currency: Currency,
      version: z.int(),
      lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitPriceMinor: AmountMinor })),
    }),
    errors: { CART_NOT_FOUND: NotFound },
  }),
})
