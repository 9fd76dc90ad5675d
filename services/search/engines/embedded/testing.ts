import type { AttributeDefinition } from '@stoa/contracts/search-document'
import type { EngineDocument, EngineSettings, SearchRequest, SearchResult } from '../engine.ts'
import { openShelf, type Shelf, unconfigured } from './shelf.ts'

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

/** A shelf without its thread, with these documents. */
export function aShelf(documents: readonly EngineDocument[], change: Partial<EngineSettings> = {}): Shelf {
  const shelf = openShelf({ now: () => Date.parse('2026-06-01T00:00:00Z') })
  shelf.handle({ kind: 'configure', settings: someSettings(change) })
  shelf.handle({ kind: 'put', documents })
  return shelf
}

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

export const searched = (shelf: Shelf, query: string, change: Partial<SearchRequest> = {}): SearchResult =>
  shelf.handle({ kind: 'search', request: aRequest(query, change) }) as SearchResult

/** Numbers of the products found, in order. */
export const found = (shelf: Shelf, query: string, change: Partial<SearchRequest> = {}): number[] =>
  searched(shelf, query, change).hits.map(({ productId }) => numberOf(productId))

export const numberOf = (productId: string): number => Number(productId.slice(-12))
