import type { Client } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import type { product } from '@stoa/contracts/product'
import {
  demoAttributes,
  demoCategories,
  demoCollections,
  demoLinks,
  demoProducts,
  demoStock,
  slugOfCode,
} from './catalogue.ts'
import { demoReviews } from './reviews.ts'

/** Products of one call, and lines of stock: far inside what a call may bring, and a start that is interrupted has lost little. */
const PRODUCTS_PER_CALL = 150
const LINES_PER_CALL = 1000
/** What a first page lists; their pictures are made before somebody looks. */
const FIRST_PAGE = 24

/**
 * Fills a new shop with the demonstration catalogue. May be repeated at any time: what is there already is left alone.
 * A shop whose first start was killed in these seconds keeps what it has got: it counts as filled. `studio`: the origin of the pictures.
 */
export async function seedDemo(
  clients: { readonly product: Client<typeof product>; readonly inventory: Client<typeof inventory> },
  { studio }: { studio: string },
): Promise<{ categories: number; products: number; variants: number; reviews: number }> {
  for (const lines of inParts(demoStock, LINES_PER_CALL))
    await clients.inventory.seed({
      warehouse: { warehouse: 'main', name: 'Main warehouse', priority: 1 },
      lines,
    })
  const ground = await clients.product.seed({
    categories: demoCategories(studio),
    attributes: demoAttributes,
    products: [],
  })
  const filled = { categories: ground.categories, products: 0, variants: 0 }
  for (const products of inParts(demoProducts(studio), PRODUCTS_PER_CALL)) {
    const added = await clients.product.seed({ categories: [], products })
    filled.products += added.products
    filled.variants += added.variants
  }
  await clients.product.seed({ categories: [], products: [], links: demoLinks, collections: demoCollections })
  const { inserted } = await clients.product.seedReviews({ items: demoReviews(slugOfCode) })
  if (filled.products > 0) await warmFirstPage(clients.product)
  return { ...filled, reviews: inserted }
}

async function warmFirstPage(products: Client<typeof product>): Promise<void> {
  const { items } = await products.list({ limit: FIRST_PAGE })
  const mediaIds = items.flatMap(({ image }) => (image ? [image.mediaId] : []))
  if (mediaIds.length > 0) await products.warmMedia({ mediaIds })
}

const inParts = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size))
