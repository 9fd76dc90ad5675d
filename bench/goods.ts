import { inventory } from '@stoa/contracts/inventory'
import { product } from '@stoa/contracts/product'
import inventoryService from '@stoa/inventory'
import productService from '@stoa/product'
import { startHost } from '@stoa/runtime'

export type Goods = { readonly slugs: readonly string[]; readonly skus: readonly string[] }

const PRODUCTS = 200
/** No run sells a shelf empty. */
const QUANTITY = 1_000_000

/** Fills an empty shop: 200 published products with two variants each, and their stock. */
export async function seedGoods(databaseUrl: string): Promise<Goods> {
  await using host = await startHost({
    services: [productService, inventoryService],
    environment: { DATABASE_URL: databaseUrl, LOG_LEVEL: 'error' },
    background: false,
  })
  const products = Array.from({ length: PRODUCTS }, (_, index) => desk(index))
  await host.client(product, { via: 'bench' }).seed({
    categories: [{ slug: 'desks', name: 'Desks' }],
    products,
  })
  const skus = products.flatMap(({ variants }) => variants.map(({ sku }) => sku))
  await host.client(inventory, { via: 'bench' }).seed({
    warehouse: { warehouse: 'main', name: 'Main', priority: 1 },
    lines: skus.map((sku) => ({ sku, quantity: QUANTITY, reorderPoint: 10 })),
  })
  return { slugs: products.map(({ slug }) => slug), skus }
}

const desk = (index: number) => ({
  slug: `desk-${index}`,
  name: `Standing desk number ${index}`,
  brand: 'Stoa',
  description: 'A desk of solid wood that stands as long as you do. '.repeat(8),
  categorySlugs: ['desks'],
  options: [{ name: 'Wood', values: ['Oak', 'Walnut'] }],
  variants: ['Oak', 'Walnut'].map((wood) => ({
    sku: `DESK-${index}-${wood.toUpperCase()}`,
    options: { Wood: wood },
    prices: [{ amountMinor: 14_900 + index, currency: 'EUR', compareAtMinor: 19_900 + index }],
    weightGrams: 24_000,
  })),
})
