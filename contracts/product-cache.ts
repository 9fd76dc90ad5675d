import { event, operation } from '@stoa/contract'
import { z } from 'zod'
import { AmountMinor, Currency, Money } from './money.ts'
import { Id, Line, Slug } from './text.ts'

/** What of a product's card may change under a list that shows it: what it costs, and the SKUs by which its stock is known. */
export const ProductCard = z.object({
  productId: Id,
  /** The cheapest and the dearest variant for such a customer; null when it has no price in the currency. */
  priceFrom: Money.nullable(),
  priceTo: Money.nullable(),
  /** Of the cheapest variant. */
  compareAtMinor: AmountMinor.nullable(),
  /** Variants that have a price. */
  variantCount: z.int(),
  /** Of those variants. */
  skus: z.array(z.string()),
})
export type ProductCard = z.output<typeof ProductCard>

export const cacheOperations = {
  /** Products that are not published are left out. */
  cards: operation({
    summary: 'What some products cost now, for a customer of a group',
    method: 'POST',
    path: '/product/cards',
    access: 'service',
    idempotency: 'natural',
    input: z.strictObject({
      productIds: z.array(Id).min(1).max(200),
      /** The shop's own when absent. */
      currency: Currency.optional(),
      /** Everyone when absent. */
      customerGroup: Slug.max(60).optional(),
    }),
    output: z.object({ items: z.array(ProductCard) }),
  }),
  /** The gateways have no tables of their own: they hear of it as an event. */
  clearCache: operation({
    summary: 'Drop answers that the gateways keep: of an address, of a tag, or all',
    method: 'POST',
    path: '/admin/cache/clear',
    access: 'staff',
    permission: 'product:write',
    status: 202,
    idempotency: 'natural',
    /** Exactly one of the three. */
    input: z.strictObject({
      /** A path as shoppers call it, with its query or without: `/v1/products/oak-desk`. In every currency, language and group. */
      address: Line(500).optional(),
      /** `product:<id>`, `products`, `search`, `categories`, ... : the README of the gateway lists them. */
      tag: Line(120).optional(),
      all: z.literal(true).optional(),
    }),
    output: z.null(),
  }),
}

/** Staff wants kept answers dropped. */
export const CacheCleared = event({
  name: 'product.cache-cleared',
  version: 1,
  payload: z.object({
    /** A path, with its query or without. */
    path: z.string().nullable(),
    tag: z.string().nullable(),
    all: z.boolean(),
  }),
  key: () => 'cache',
})
