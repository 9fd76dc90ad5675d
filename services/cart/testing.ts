import { cart } from '@stoa/contracts/cart'
import { inventory } from '@stoa/contracts/inventory'
import { product } from '@stoa/contracts/product'
import type { Actor } from '@stoa/runtime'
import { fake, startTestHost, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import type { Line, Offer, Shop } from './cart.ts'
import service from './service.ts'

export const anOffer = (values: Partial<Offer> & { sku: string }): Offer => ({
  productId: '019a0000-0000-7000-8000-000000000001',
  productSlug: values.sku.toLowerCase(),
  name: `Thing ${values.sku}`,
  options: {},
  unitPriceMinor: 1000,
  tiers: [],
  ...values,
})

export const aLine = ({ sku, ...values }: Partial<Line> & { sku: string }): Line => ({
  sku,
  productId: '019a0000-0000-7000-8000-000000000001',
  productSlug: sku.toLowerCase(),
  name: `Thing ${sku}`,
  options: {},
  unitPriceMinor: 1000,
  lineId: `019a0000-0000-7000-8000-${sku
    .padStart(12, '0')
    .slice(-12)
    .replaceAll(/[^0-9a-f]/gi, '0')
    .toLowerCase()}`,
  quantity: 1,
  ...values,
})

/** A shop that sells these, with so many on the shelves. */
export const aShop = (items: readonly (Partial<Offer> & { sku: string; available?: number })[]): Shop => ({
  currency: 'EUR',
  offers: new Map(items.map(({ available: _, ...offer }) => [offer.sku, anOffer(offer)])),
  available: new Map(items.map(({ sku, available }) => [sku, available ?? 10])),
})

type Goods = {
  priceMinor: number
  available: number
  currency?: string
  name?: string
  tiers?: { minQuantity: number; amountMinor: number }[]
}

/** The cart service beside a product and an inventory service whose goods the test sets. */
export async function startCartHost({ databaseOf }: { databaseOf?: TestHost } = {}) {
  const goods = new Map<string, Goods>()
  let asked = 0
  const host = await startTestHost({
    services: [
      service,
      fake(product, {
        quote: ({ skus, currency }) => {
          asked += 1
          return {
            items: skus.flatMap((sku) => {
              const item = goods.get(sku)
              if (!item || (item.currency ?? 'EUR') !== currency) return []
              const { priceMinor: unitPriceMinor, name = `Thing ${sku}`, tiers = [] } = item
              return [{ ...anOffer({ sku, name, unitPriceMinor }), variantId: v7(), weightGrams: null }].map(
                (offer) => ({ ...offer, options: { ...offer.options }, tiers }),
              )
            }),
          }
        },
      }),
      fake(inventory, {
        availability: ({ skus }) => {
          asked += 1
          return { items: skus.map((sku) => ({ sku, available: goods.get(sku)?.available ?? 0 })) }
        },
      }),
    ],
    ...(databaseOf ? { database: databaseOf.database } : {}),
  })
  return {
    ...host,
    /** What is sold, by SKU. The test changes it. */
    goods,
    /** How often the two others were asked. */
    asked: () => asked,
    guest: host.client(cart),
    customer: (actor = aCustomer()) => host.client(cart, { actor }),
    inside: (actor?: Actor) => host.client(cart, { via: 'order', ...(actor ? { actor } : {}) }),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}

export const aCustomer = (values: { id?: string } = {}): Actor => ({
  kind: 'customer',
  id: v7(),
  sessionId: v7(),
  email: 'ada@example.com',
  emailVerified: false,
  ...values,
})

export const aKey = (): string => crypto.randomUUID()
