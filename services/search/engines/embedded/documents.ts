import type { AttributeDefinition, SearchDocument } from '@stoa/contracts/search-document'
import { fold } from '../../analysis/language.ts'
import { FIELDS } from '../../analysis/occurrence.ts'
import { type DocumentValue, documentValues, type FacetKind } from '../document-values.ts'
import type { EngineDocument } from '../engine.ts'
import { grown } from './columns.ts'

/**
 * What is known of each document beside its words, at its index: texts, numbers to sort by, and the values it is filtered and counted
 * by. A changed price or stock is written in place; a changed text gives the product a new index, and the old one is dead until the
 * next compaction.
 */
export type Documents = {
  count: number
  live: number
  /** 1 while it is searchable. */
  alive: Uint8Array
  readonly ids: string[]
  readonly slugs: string[]
  readonly names: string[]
  /** Folded, for sorting: the same order in every process, whatever its locale data. */
  readonly sortNames: string[]
  /** Of the texts that are searched. */
  readonly textHashes: number[]
  versions: Float64Array
  lengths: Uint8Array
  /** Milliseconds. */
  published: Float64Array
  /** Stars x 100, and how many. */
  ratings: Uint32Array
  ratingCounts: Uint32Array
  /** NaN: unknown. */
  available: Float64Array
  sold: Float64Array
  /** By currency, the lowest; NaN: none. */
  readonly prices: Map<string, Float64Array>
  /** Where its values begin in `valuePool`, and how many. */
  valueStart: Uint32Array
  valueCount: Uint32Array
  valuePool: Uint32Array
  valueUsed: number
  /** Of `valueUsed`, those that nobody refers to any more. */
  valueDead: number
  readonly indexes: Map<string, number>
}

/** The values that filters take and facets count, by number. */
export type Values = {
  readonly numbers: Map<string, number>
  /** For each value: the facet, what the filter takes, what shoppers read, the number. */
  readonly facet: number[]
  readonly text: string[]
  readonly label: string[]
  readonly amount: number[]
  /** Searchable products that have it. */
  readonly products: number[]
  readonly facets: FacetKind[]
  readonly facetNumbers: Map<string, number>
  /** By facet. */
  readonly ofFacet: number[][]
}

export const openValues = (): Values => ({
  numbers: new Map(),
  facet: [],
  text: [],
  label: [],
  amount: [],
  products: [],
  facets: [],
  facetNumbers: new Map(),
  ofFacet: [],
})

export const openDocuments = (): Documents => ({
  count: 0,
  live: 0,
  alive: new Uint8Array(0),
  ids: [],
  slugs: [],
  names: [],
  sortNames: [],
  textHashes: [],
  versions: new Float64Array(0),
  lengths: new Uint8Array(0),
  published: new Float64Array(0),
  ratings: new Uint32Array(0),
  ratingCounts: new Uint32Array(0),
  available: new Float64Array(0),
  sold: new Float64Array(0),
  prices: new Map(),
  valueStart: new Uint32Array(0),
  valueCount: new Uint32Array(0),
  valuePool: new Uint32Array(1_024),
  valueUsed: 0,
  valueDead: 0,
  indexes: new Map(),
})

/** A place for a document; `alive` is set by the caller. */
export function appendDocument(documents: Documents): number {
  const index = documents.count
  documents.count += 1
  const needed = documents.count
  documents.alive = grown(documents.alive, needed)
  documents.versions = grown(documents.versions, needed)
  documents.lengths = grown(documents.lengths, needed * FIELDS.length)
  documents.published = grown(documents.published, needed)
  documents.ratings = grown(documents.ratings, needed)
  documents.ratingCounts = grown(documents.ratingCounts, needed)
  documents.available = grown(documents.available, needed)
  documents.sold = grown(documents.sold, needed)
  documents.valueStart = grown(documents.valueStart, needed)
  documents.valueCount = grown(documents.valueCount, needed)
  documents.available[index] = Number.NaN
  documents.valueCount[index] = 0
  return index
}

/** Writes all but the words. */
export function writeDocument(
  documents: Documents,
  values: Values,
  {
    index,
    document,
    attributes,
  }: {
    readonly index: number
    readonly document: EngineDocument
    readonly attributes: ReadonlyMap<string, AttributeDefinition>
  },
): void {
  documents.ids[index] = document.productId
  documents.slugs[index] = document.slug
  documents.names[index] = document.name
  documents.sortNames[index] = fold(document.name).trim().slice(0, 100)
  documents.versions[index] = document.version
  documents.published[index] = Date.parse(document.publishedAt)
  documents.ratings[index] = Math.round((document.rating.average ?? 0) * 100)
  documents.ratingCounts[index] = document.rating.count
  if (document.available !== undefined) documents.available[index] = document.available
  if (document.sold !== undefined) documents.sold[index] = document.sold
  for (const column of documents.prices.values()) if (index < column.length) column[index] = Number.NaN
  for (const { currency, fromMinor } of document.prices) {
    const column = documents.prices.get(currency) ?? new Float64Array(0)
    const longer = grown(column, documents.alive.length)
    if (longer !== column) longer.fill(Number.NaN, column.length)
    longer[index] = fromMinor
    documents.prices.set(currency, longer)
  }
  const numbers = valuesOf(document, values, attributes)
  leaveValues(documents, values, index)
  for (const value of numbers) values.products[value]! += 1
  documents.valuePool = grown(documents.valuePool, documents.valueUsed + numbers.length)
  documents.valuePool.set(numbers, documents.valueUsed)
  documents.valueStart[index] = documents.valueUsed
  documents.valueCount[index] = numbers.length
  documents.valueUsed += numbers.length
}

/** Of one that is removed or written anew. */
export function leaveValues(documents: Documents, values: Values, index: number): void {
  const start = documents.valueStart[index]!
  const count = documents.valueCount[index]!
  for (let at = start; at < start + count; at += 1) values.products[documents.valuePool[at]!]! -= 1
  documents.valueDead += count
  documents.valueCount[index] = 0
}

export const priceOf = (documents: Documents, currency: string, index: number): number =>
  documents.prices.get(currency)?.[index] ?? Number.NaN

/** Unknown counts as available: a shop that keeps no stock sells. */
export const isAvailable = (documents: Documents, index: number): boolean =>
  !(documents.available[index]! <= 0)

function valuesOf(
  document: SearchDocument,
  values: Values,
  attributes: ReadonlyMap<string, AttributeDefinition>,
): number[] {
  const found = new Set<number>()
  for (const value of documentValues(document, attributes)) found.add(valueNumber(values, value))
  return [...found]
}

function valueNumber(values: Values, { facet, text, label, amount }: DocumentValue): number {
  const key = `${facet.key}\u0000${text}`
  const known = values.numbers.get(key)
  if (known !== undefined) {
    // A category or brand that was renamed keeps its slug.
    values.label[known] = label
    return known
  }
  const number = values.facet.length
  let facetNumber = values.facetNumbers.get(facet.key)
  if (facetNumber === undefined) {
    facetNumber = values.facets.length
    values.facets.push(facet)
    values.ofFacet.push([])
    values.facetNumbers.set(facet.key, facetNumber)
  }
  values.numbers.set(key, number)
  values.ofFacet[facetNumber]!.push(number)
  values.facet.push(facetNumber)
  values.text.push(text)
  values.label.push(label)
  values.amount.push(amount)
  values.products.push(0)
  return number
}

/** FNV-1a, twice, in 53 bits: two texts of one product that collide are not seen in the life of a shop. */
export function textHash(document: SearchDocument): number {
  const text = JSON.stringify([
    document.name,
    document.brand?.name,
    document.categories.map(({ path }) => path.map(({ name }) => name)),
    document.attributes,
    document.options,
    document.description,
    document.variants,
  ])
  let a = 0x811c9dc5
  let b = 0x01000193
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13)
  }
  return (a >>> 0) * 0x200000 + ((b >>> 0) & 0x1fffff)
}
