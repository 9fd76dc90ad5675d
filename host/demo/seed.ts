import type { Client } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import type { product } from '@stoa/contracts/product'
import { demoCategories, demoProducts, demoStock } from './catalogue.ts'

/**
 * Fills a new shop with the demonstration catalogue. May be repeated at any time: what is there already is left alone.
 * Stock comes first, so that a crash in between leaves a shop that still counts as empty.
 */
export async function seedDemo(clients: {
  readonly product: Client<typeof product>
  readonly inventory: Client<typeof inventory>
}): Promise<{ categories: number; products: number; variants: number }> {
  await clients.inventory.seed({
    warehouse: { warehouse: 'main', name: 'Main warehouse', priority: 1 },
    lines: [...demoStock],
  })
  return clients.product.seed({ categories: demoCategories, products: [...demoProducts] })
}
