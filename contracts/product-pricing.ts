import { operation } from '@stoa/contract'
import { z } from 'zod'
import { AmountMinor, Currency } from './money.ts'
import { Page, pageInput } from './page.ts'
import { Stale } from './stale.ts'
import { Id, Line, Sku, Slug, Timestamp } from './text.ts'

/** Price lists of the shop, deleted ones left out. More would be a list per customer, which is what groups are for. */
export const MAX_PRICE_LISTS = 1_000
/** Lists of one currency whose time is not over: each may bear on every price. */
export const MAX_OPEN_PRICE_LISTS = 200
/** Steps over all variants of one list. */
export const MAX_PRICE_LIST_ENTRIES = 100_000
/** Steps of one variant over all lists: what is loaded to price one piece of it. */
export const MAX_VARIANT_ENTRIES = 200
/** Steps of one variant in one list, and variants changed in one call. */
export const MAX_TIERS = 20
export const MAX_ENTRY_CHANGES = 1_000
/** More pieces than this have the price of this many. */
export const MAX_PRICED_QUANTITY = 1_000_000

/** From so many pieces on, each of them costs this. */
export const PriceTier = z.object({ minQuantity: z.int(), amountMinor: AmountMinor })

/** Of whom a price is: a group that staff put customers into. `wholesale`. */
export const CustomerGroup = Slug.max(60)

const Quantity = z.int().min(1).max(MAX_PRICED_QUANTITY)
const Version = z.int().min(1).max(2_000_000_000)

export const PriceList = z.object({
  priceListId: Id,
  name: z.string(),
  currency: Currency,
  /** Whose prices these are; null: everybody's. */
  customerGroup: z.string().nullable(),
  /** Of lists that fit equally, the higher one gives the price. */
  priority: z.int(),
  /** Null: since ever. */
  startsAt: Timestamp.nullable(),
  /** The first moment at which it is over. Null: never. */
  endsAt: Timestamp.nullable(),
  /** How many steps it has over all variants. */
  entryCount: z.int(),
  /** Whether its last change is still on its way to the products: what is in a cart has the new prices already. */
  settling: z.boolean(),
  version: z.int(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})

const fields = {
  name: Line(120),
  customerGroup: CustomerGroup.nullable(),
  priority: z.int().min(-1_000_000).max(1_000_000),
  startsAt: Timestamp.nullable(),
  endsAt: Timestamp.nullable(),
}

const NotFound = { status: 404, title: 'There is no such price list.' } as const
const TooManyLists = {
  status: 409,
  title: 'There are at most 1,000 price lists, and 200 of one currency whose time is not over.',
} as const

/** What a list says of one variant, in one currency. */
const ListRule = z.object({
  kind: z.literal('price-list'),
  priceListId: Id,
  name: z.string(),
  currency: Currency,
  customerGroup: z.string().nullable(),
  priority: z.int(),
  startsAt: Timestamp.nullable(),
  endsAt: Timestamp.nullable(),
  minQuantity: z.int(),
})
const OwnRule = z.object({ kind: z.literal('own-price'), currency: Currency })

/** Why a rule did not give the price, in the order in which the reasons are looked at; `won` gave it. */
export const PriceVerdict = z.enum([
  'won',
  'not-sold-in-currency',
  'other-currency',
  'other-group',
  'not-started',
  'ended',
  'quantity-too-low',
  'for-everyone',
  'lower-priority',
  'earlier-start',
  'lower-tier',
  'higher-amount',
  'newer-list',
  'list-goes-first',
])

export const pricingOperations = {
  listPriceLists: operation({
    summary: 'All price lists, newest first',
    method: 'GET',
    path: '/admin/price-lists',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ currency: Currency.optional(), ...pageInput }),
    output: Page(PriceList),
  }),
  getPriceList: operation({
    summary: 'One price list, without its entries',
    method: 'GET',
    path: '/admin/price-lists/{priceListId}',
    access: 'staff',
    permission: 'product:read',
    responseHeaders: ['etag'],
    input: z.strictObject({ priceListId: Id }),
    output: PriceList,
    errors: { PRICE_LIST_NOT_FOUND: NotFound },
  }),
  createPriceList: operation({
    summary: 'Create a price list, still without entries',
    method: 'POST',
    path: '/admin/price-lists',
    access: 'staff',
    permission: 'product:write',
    status: 201,
    idempotency: 'key',
    input: z.strictObject({
      name: fields.name,
      /** For good: amounts mean nothing in another. */
      currency: Currency,
      customerGroup: fields.customerGroup.default(null),
      priority: fields.priority.default(0),
      startsAt: fields.startsAt.default(null),
      endsAt: fields.endsAt.default(null),
    }),
    output: PriceList,
    errors: { TOO_MANY_PRICE_LISTS: TooManyLists },
  }),
  changePriceList: operation({
    summary: 'Change a price list; what is not named stays',
    method: 'PATCH',
    path: '/admin/price-lists/{priceListId}',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    headers: { version: 'if-match' },
    responseHeaders: ['etag'],
    input: z.strictObject({
      priceListId: Id,
      version: Version,
      name: fields.name.optional(),
      customerGroup: fields.customerGroup.optional(),
      priority: fields.priority.optional(),
      startsAt: fields.startsAt.optional(),
      endsAt: fields.endsAt.optional(),
    }),
    output: PriceList,
    errors: { PRICE_LIST_NOT_FOUND: NotFound, STALE: Stale, TOO_MANY_PRICE_LISTS: TooManyLists },
  }),
  /** Gives no price from then on; its entries go page by page. */
  deletePriceList: operation({
    summary: 'Delete a price list with its entries',
    method: 'DELETE',
    path: '/admin/price-lists/{priceListId}',
    access: 'staff',
    permission: 'product:write',
    status: 204,
    idempotency: 'natural',
    headers: { version: 'if-match' },
    input: z.strictObject({ priceListId: Id, version: Version }),
    output: z.null(),
    errors: { STALE: Stale },
  }),
  listPriceListEntries: operation({
    summary: "A price list's variants and what they cost, the oldest variant first",
    method: 'GET',
    path: '/admin/price-lists/{priceListId}/entries',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ priceListId: Id, ...pageInput }),
    output: Page(z.object({ sku: z.string(), variantId: Id, tiers: z.array(PriceTier) })),
    errors: { PRICE_LIST_NOT_FOUND: NotFound },
  }),
  /** In effect when it answers: in carts, on product pages and in lists. SKUs that are not named stay as they are. */
  putPriceListEntries: operation({
    summary: 'Set or remove what some variants cost in a price list',
    method: 'PUT',
    path: '/admin/price-lists/{priceListId}/entries',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    bodyLimitBytes: 2 * 1024 * 1024,
    input: z.strictObject({
      priceListId: Id,
      entries: z
        .array(
          z.strictObject({
            sku: Sku,
            /** All steps of this variant in this list, one per quantity. None: it leaves the list. */
            tiers: z
              .array(z.strictObject({ minQuantity: Quantity.default(1), amountMinor: AmountMinor }))
              .max(MAX_TIERS),
          }),
        )
        .min(1)
        .max(MAX_ENTRY_CHANGES),
    }),
    /** How many of the SKUs are other than they were, and how many steps the list has now. */
    output: z.object({ changed: z.int(), entryCount: z.int() }),
    errors: {
      PRICE_LIST_NOT_FOUND: NotFound,
      TOO_MANY_ENTRIES: {
        status: 409,
        title: 'A price list has at most 100,000 steps, and a variant 200 over all lists.',
        /** The variants that would have too many; none when it is the list. */
        data: z.object({ skus: z.array(z.string()) }),
      },
    },
  }),
  explainPrice: operation({
    summary: 'What a variant costs somebody at a time, and why',
    method: 'GET',
    path: '/admin/prices/explain',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({
      sku: Sku,
      currency: Currency.optional(),
      customerGroup: CustomerGroup.optional(),
      quantity: Quantity.default(1),
      /** Now when absent. */
      at: Timestamp.optional(),
    }),
    output: z.object({
      sku: z.string(),
      variantId: Id,
      currency: Currency,
      customerGroup: z.string().nullable(),
      quantity: z.int(),
      at: Timestamp,
      /** Of one piece. Null: it is not sold in this currency. */
      amountMinor: AmountMinor.nullable(),
      compareAtMinor: AmountMinor.nullable(),
      /** Every rule that names the variant, the one that won first, then in the order in which they lost. */
      considered: z.array(
        z.object({
          rule: z.discriminatedUnion('kind', [OwnRule, ListRule]),
          amountMinor: AmountMinor,
          verdict: PriceVerdict,
          /** The verdict in words. */
          message: z.string(),
        }),
      ),
    }),
    errors: { SKU_NOT_FOUND: { status: 404, title: 'There is no variant with this SKU.' } },
  }),
}
