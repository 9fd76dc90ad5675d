import type { AttributeDefinition } from '@stoa/contracts/search-document'
import type { EngineDocument, EngineSettings, SearchEngine, SearchRequest, SearchResult } from './engine.ts'
import { unconfigured } from './unconfigured.ts'

/** Ids that sort as their numbers. */
export const idOf = (number: number): string => `01890000-0000-7000-8000-${String(number).padStart(12, '0')}`

export const anAttribute = (
  code: string,
  change: Partial<AttributeDefinition> = {},
): AttributeDefinition => ({
  code,
  name: code,
  type: 'text',
  unit: null,
  allowedValues: [],
  filterable: true,
  searchable: true,
  position: 0,
  ...change,
})

export const aDocument = (number: number, change: Partial<EngineDocument> = {}): EngineDocument => ({
  productId: idOf(number),
  version: 1,
  slug: `product-${number}`,
  name: `Thing ${number}`,
  description: '',
  brand: null,
  categories: [],
  collections: [],
  attributes: {},
  options: [],
  variants: [{ sku: `SKU-${number}`, barcode: null }],
  prices: [{ currency: 'EUR', fromMinor: 1_000, toMinor: 1_000, compareAtMinor: null }],
  image: null,
  rating: { average: null, count: 0 },
  publishedAt: '2026-01-01T00:00:00.000Z',
  ...change,
})

export const named = (...names: readonly string[]): EngineDocument[] =>
  names.map((name, at) => aDocument(at + 1, { name }))

export const someSettings = (change: Partial<EngineSettings> = {}): EngineSettings => ({
  ...unconfigured,
  version: 1,
  ...change,
})

export const aRequest = (query: string, change: Partial<SearchRequest> = {}): SearchRequest => ({
  query,
  filters: {},
  sort: 'relevance',
  currency: 'EUR',
  limit: 24,
  facets: 'none',
  at: '2026-06-01T00:00:00Z',
  ...change,
})

export const numberOf = (productId: string): number => Number(productId.slice(-12))

/** An engine that must keep the promises of the port: ./testing/ says them. */
export type Subject = {
  /** Opens an empty one with these settings and documents; it is closed after the test. */
  readonly aShelf: (
    documents: readonly EngineDocument[],
    change?: Partial<EngineSettings>,
  ) => Promise<SearchEngine>
  /** A search that may be nasty takes no longer. */
  readonly withinMs: number
  /** Of tests of invented cases, so many in place of a hundred. */
  readonly share: number
}

export const searched = (
  engine: SearchEngine,
  query: string,
  change: Partial<SearchRequest> = {},
): Promise<SearchResult> => engine.search(aRequest(query, change))

/** Numbers of the products found, in order. */
export const found = async (
  engine: SearchEngine,
  query: string,
  change: Partial<SearchRequest> = {},
): Promise<number[]> => {
  const { hits } = await searched(engine, query, change)
  return hits.map(({ productId }) => numberOf(productId))
}

/** The body of an index as an older version of the shop may have left it in a cluster, filled and searched by this name. */
export const anOlderIndex = (name: string) => ({
  aliases: { [name]: {} },
  mappings: {
    _meta: { schema: 'older', analysis: 'older', complete: true },
    dynamic: 'strict',
    properties: {
      live: { type: 'boolean' },
      productId: { type: 'keyword' },
      version: { type: 'long' },
      skus: { type: 'keyword' },
    },
  },
})
