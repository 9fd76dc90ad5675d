import { inventory } from '@stoa/contracts/inventory'
import { ProductChanged, product } from '@stoa/contracts/product'
import type { AttributeDefinition, SearchDocument } from '@stoa/contracts/search-document'
import type { Service } from '@stoa/runtime'
import { fake, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import { idOf } from './engines/testing.ts'

/** A product as the catalogue tells it, with what a test cares for. */
export function documentOf(
  told: Partial<SearchDocument> & { readonly name: string; readonly amountMinor?: number },
): SearchDocument {
  const { amountMinor = 1_000, ...rest } = told
  const productId = told.productId ?? v7()
  return {
    productId,
    version: 1,
    slug: `p-${productId}`,
    description: '',
    brand: null,
    categories: [],
    collections: [],
    attributes: {},
    options: [],
    variants: [{ sku: `S-${productId.slice(-12)}`, barcode: null }],
    prices: [{ currency: 'EUR', fromMinor: amountMinor, toMinor: amountMinor, compareAtMinor: null }],
    image: null,
    rating: { average: null, count: 0 },
    publishedAt: '2026-01-01T00:00:00.000Z',
    ...rest,
  }
}

type ListedCategory = {
  readonly categoryId: string
  readonly slug: string
  readonly name: string
  readonly parentId: string | null
  readonly path: string[]
  readonly position: number
}

/** Catalogue and stock of others, in memory, behind their contracts. */
export class Shelf {
  readonly documents = new Map<string, SearchDocument>()
  readonly stock = new Map<string, number>()
  categories: ListedCategory[] = []
  attributes: AttributeDefinition[] = []
  /** Called before each page of documents is answered. */
  beforeDocuments: () => Promise<void> | void = () => {}
  /** Called before levels are answered that were read already. */
  beforeLevels: () => Promise<void> | void = () => {}
  /** Called before the categories are answered. */
  beforeCategories: () => Promise<void> | void = () => {}

  readonly services: readonly Service[] = [
    fake(product, {
      documentIds: ({ after = '', limit }) => ({
        items: [...this.documents.keys()]
          .filter((id) => id > after)
          .sort()
          .slice(0, limit),
      }),
      documents: async ({ productIds }) => {
        const items = productIds.flatMap((id) => this.documents.get(id) ?? [])
        await this.beforeDocuments()
        return { items }
      },
      categories: async () => {
        await this.beforeCategories()
        return { items: this.categories as never }
      },
      attributeDefinitions: () => ({ items: this.attributes }),
    }),
    fake(inventory, {
      availability: async ({ skus }) => {
        const items = skus.map((sku) => ({ sku, available: this.stock.get(sku) ?? 0 }))
        await this.beforeLevels()
        return { items }
      },
    }),
  ]

  /** Puts a product on the shelf with ten pieces of each variant. */
  add(told: Parameters<typeof documentOf>[0]): SearchDocument {
    const document = documentOf(told)
    this.documents.set(document.productId, document)
    for (const { sku } of document.variants) if (!this.stock.has(sku)) this.stock.set(sku, 10)
    return document
  }

  category(slug: string, { name, parent }: { readonly name: string; readonly parent?: string }): string {
    const above = this.categories.find((one) => one.slug === parent)
    const categoryId = v7()
    this.categories.push({
      categoryId,
      slug,
      name,
      parentId: above?.categoryId ?? null,
      path: [...(above?.path ?? []), slug],
      position: 0,
    })
    return categoryId
  }

  /** A document's categories, as the tree has them now. */
  placed(...slugs: readonly string[]): SearchDocument['categories'] {
    return slugs.map((slug) => {
      const category = this.categories.find((one) => one.slug === slug)!
      const path = category.path.map((step) => ({
        slug: step,
        name: this.categories.find((one) => one.slug === step)!.name,
      }))
      return { categoryId: category.categoryId, path }
    })
  }

  /** Changes a product and says so, as the catalogue would. */
  async change(host: TestHost, productId: string, change: Partial<SearchDocument>): Promise<void> {
    const before = this.documents.get(productId)!
    const after = { ...before, ...change, version: before.version + 1 }
    this.documents.set(productId, after)
    await this.announce(host, after)
  }

  async takeAway(host: TestHost, productId: string): Promise<void> {
    const before = this.documents.get(productId)!
    this.documents.delete(productId)
    await host.publish(
      ProductChanged,
      { productId, status: 'archived', skus: [] },
      { version: before.version + 1 },
    )
  }

  async announce(host: TestHost, { productId, version, variants }: SearchDocument): Promise<void> {
    const skus = variants.map(({ sku }) => sku)
    await host.publish(ProductChanged, { productId, status: 'published', skus }, { version })
  }
}

/** The same in any process: chairs for three pages of a catalogue. */
export function chairs(): Shelf {
  const shelf = new Shelf()
  for (let n = 1; n <= 120; n += 1) shelf.add({ productId: idOf(n), name: `Chair ${n}` })
  return shelf
}

export const aClerk = () =>
  ({ kind: 'staff', id: v7(), sessionId: v7(), permissions: ['search:read', 'search:write'] }) as const

/** A price that an index may be made to refuse. */
export const YEN = [{ currency: 'JPY', fromMinor: 1_000, toMinor: 1_000, compareAtMinor: null }]

/** Has an OpenSearch index refuse each document with a price in yen: to it that is no number. */
export async function refuseYen(index: string): Promise<void> {
  const response = await fetch(`${index}/_mapping`, {
    method: 'PUT',
    body: JSON.stringify({ properties: { prices: { properties: { JPY: { type: 'boolean' } } } } }),
    headers: { 'content-type': 'application/json' },
  })
  if (!response.ok) throw new Error(await response.text())
}
