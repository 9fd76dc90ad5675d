import type { NumberRange, SearchFilters } from '../engine.ts'
import { isAvailable, priceOf } from './documents.ts'
import type { SearchIndex } from './search-index.ts'

/**
 * A query's filters, ready to be asked of a document: the answer is how many of them it fails and which, because a facet is counted
 * without its own filter.
 */
export type CompiledFilters = {
  readonly count: number
  /** By filter: the key of its facet. */
  readonly keys: readonly string[]
  /** -1: passes all. -2: fails several. Else the only filter that it fails. */
  readonly failed: (document: number) => number
}

export const PASSES = -1
export const SEVERAL = -2
/** Bits of the mask below; the contract lets nobody ask for more. */
const FILTERS = 30

export function compileFilters(
  index: SearchIndex,
  filters: SearchFilters,
  currency: string,
): CompiledFilters {
  const { documents, values } = index
  const keys: string[] = []
  const columns: ((document: number) => boolean)[] = []
  const columnFilters: number[] = []
  /** By value: bits of the filters that it satisfies. */
  const satisfied = new Map<number, number>()
  let valueFilters = 0

  const add = (key: string): number => {
    if (keys.length >= FILTERS) throw new RangeError(`at most ${FILTERS} filters`)
    return keys.push(key) - 1
  }
  const addValues = (key: string, wanted: readonly string[]) => {
    const filter = add(key)
    valueFilters |= 1 << filter
    for (const text of wanted) {
      const value = values.numbers.get(`${key}\u0000${text}`)
      if (value !== undefined) satisfied.set(value, (satisfied.get(value) ?? 0) | (1 << filter))
    }
  }
  const addColumn = (key: string, passes: (document: number) => boolean) => {
    columnFilters.push(add(key))
    columns.push(passes)
  }

  if (filters.categories) addValues('category', filters.categories)
  if (filters.brands) addValues('brand', filters.brands)
  if (filters.collections) addValues('collection', filters.collections)
  if (filters.price) {
    const range = filters.price
    addColumn('price', (document) => within(priceOf(documents, currency, document), range))
  }
  if (filters.rating !== undefined) {
    const least = filters.rating * 100
    addColumn('rating', (document) => documents.ratings[document]! >= least)
  }
  if (filters.available !== undefined)
    addColumn('availability', (document) => isAvailable(documents, document) === filters.available)
  if (filters.productIds) {
    const wanted = new Set(filters.productIds.map((id) => documents.indexes.get(id)))
    addColumn('products', (document) => wanted.has(document))
  }
  for (const [code, wanted] of Object.entries(filters.attributes ?? {})) {
    const key = `attribute:${code}`
    if (isRange(wanted)) {
      const filter = add(key)
      valueFilters |= 1 << filter
      const facet = values.facetNumbers.get(key)
      for (let value = 0; value < values.facet.length; value += 1)
        if (values.facet[value] === facet && within(values.amount[value]!, wanted))
          satisfied.set(value, (satisfied.get(value) ?? 0) | (1 << filter))
    } else addValues(key, wanted)
  }
  for (const [name, wanted] of Object.entries(filters.options ?? {})) addValues(`option:${name}`, wanted)

  const bits = new Uint32Array(values.facet.length)
  for (const [value, filtersOfIt] of satisfied) bits[value] = filtersOfIt
  const { valueStart, valueCount, valuePool } = documents
  return {
    count: keys.length,
    keys,
    failed: (document) => {
      let missing = valueFilters
      if (missing !== 0) {
        const start = valueStart[document]!
        const end = start + valueCount[document]!
        for (let at = start; at < end && missing !== 0; at += 1) missing &= ~bits[valuePool[at]!]!
      }
      for (let at = 0; at < columns.length; at += 1)
        if (!columns[at]!(document)) missing |= 1 << columnFilters[at]!
      if (missing === 0) return PASSES
      return (missing & (missing - 1)) === 0 ? 31 - Math.clz32(missing) : SEVERAL
    },
  }
}

export const isRange = (wanted: readonly string[] | NumberRange): wanted is NumberRange =>
  !Array.isArray(wanted)

const within = (value: number, { min, max }: NumberRange): boolean =>
  value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.POSITIVE_INFINITY)
