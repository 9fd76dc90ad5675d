import type { Facet, FacetValue, SearchFilters, SearchRequest } from '../engine.ts'
import { isAvailable } from './documents.ts'
import { type CompiledFilters, isRange, PASSES } from './filters.ts'
import type { SearchIndex } from './search-index.ts'

/** Counts while the search walks its matches. */
export type FacetCounter = {
  /** `failed`: as `CompiledFilters.failed` says; never several. */
  readonly count: (document: number, failed: number) => void
  readonly facets: () => Facet[]
}

const FACETS = 30
const FACET_VALUES = 50
/** Of a range facet: people choose among a handful. */
const RANGES = 8
/** A facet is shown when at least this share of the result has it: an attribute of three products divides nothing. */
const SHARED_BY = 0.05

export function facetCounter(
  index: SearchIndex,
  filters: CompiledFilters,
  request: Pick<SearchRequest, 'currency' | 'facets'> & { readonly filters: SearchFilters },
): FacetCounter {
  const { documents, values } = index
  const counts = new Uint32Array(values.facet.length)
  /** Values that were counted at all: a catalogue has 100,000, a result some hundreds. */
  const seen: number[] = []
  const selected = selectedValues()
  /** Of each facet: in how many documents. */
  const documentsWith = new Uint32Array(values.facets.length)
  const lastSeen = new Uint32Array(values.facets.length).fill(0xffff_ffff)
  /** By filter: its facet among those of values, or -1. */
  const facetOf = filters.keys.map((key) => values.facetNumbers.get(key) ?? -1)
  const stars = new Uint32Array(6)
  const availability = new Uint32Array(2)
  const prices = ladderCounts()
  let total = 0
  const { valueStart, valueCount, valuePool } = documents
  const { facet } = values
  const column = documents.prices.get(request.currency)
  const priceFilter = filters.keys.indexOf('price')
  const ratingFilter = filters.keys.indexOf('rating')
  const availabilityFilter = filters.keys.indexOf('availability')

  return {
    count: (document, failed) => {
      const start = valueStart[document]!
      const end = start + valueCount[document]!
      if (failed === PASSES) {
        total += 1
        for (let at = start; at < end; at += 1) {
          const value = valuePool[at]!
          if (counts[value] === 0) seen.push(value)
          counts[value]! += 1
          const its = facet[value]!
          if (lastSeen[its] !== document) {
            lastSeen[its] = document
            documentsWith[its]! += 1
          }
        }
      } else {
        const only = facetOf[failed]!
        if (only >= 0)
          for (let at = start; at < end; at += 1) {
            const value = valuePool[at]!
            if (facet[value] !== only) continue
            if (counts[value] === 0) seen.push(value)
            counts[value]! += 1
          }
      }
      if ((failed === PASSES || failed === priceFilter) && column) {
        const price = column[document]!
        if (price >= 0) prices.add(price)
      }
      if (failed === PASSES || failed === ratingFilter)
        stars[Math.floor(documents.ratings[document]! / 100)]! += 1
      if (failed === PASSES || failed === availabilityFilter)
        availability[isAvailable(documents, document) ? 1 : 0]! += 1
    },
    facets: () => {
      const own = [priceFacet(), ratingFacet(), availabilityFacet()].filter((one) => one !== undefined)
      const byValue = valueFacets()
      const first = byValue.filter(({ kind }) => kind === 'category' || kind === 'brand')
      const others = byValue.filter(({ kind }) => kind === 'attribute' || kind === 'option')
      return [...first, ...own.filter(({ key }) => isWanted(key)), ...others].slice(0, FACETS)
    },
  }

  function isWanted(key: string): boolean {
    return typeof request.facets === 'string' ? request.facets === 'all' : request.facets.includes(key)
  }

  function valueFacets(): Facet[] {
    const byFacet = new Map<number, number[]>()
    for (const value of selected) if (counts[value] === 0) seen.push(value)
    for (const value of seen) {
      const its = facet[value]!
      const list = byFacet.get(its)
      if (list) list.push(value)
      else byFacet.set(its, [value])
    }
    const named = typeof request.facets !== 'string'
    const list = [...byFacet]
      .filter(([its]) => {
        const { counted, key } = values.facets[its]!
        if (!counted || !isWanted(key)) return false
        return named || facetOf.includes(its) || documentsWith[its]! >= SHARED_BY * total
      })
      .map(([its, numbers]) => ({
        its,
        numbers,
        kind: values.facets[its]!,
        often: documentsWith[its]!,
        place: definitionOf(its)?.position ?? 0,
      }))
    list.sort(
      (a, b) =>
        rank(a.kind.kind) - rank(b.kind.kind) ||
        a.place - b.place ||
        b.often - a.often ||
        compare(a.kind.key, b.kind.key),
    )
    return list.slice(0, FACETS).map(({ its, numbers }) => valueFacet(its, numbers))
  }

  function definitionOf(its: number) {
    const { key } = values.facets[its]!
    return key.startsWith('attribute:') ? index.settings.attributes.get(key.slice(10)) : undefined
  }

  function selectedValues(): ReadonlySet<number> {
    const { filters: asked } = request
    const chosen: [key: string, texts: readonly string[]][] = [
      ['category', asked.categories ?? []],
      ['brand', asked.brands ?? []],
      ...Object.entries(asked.options ?? {}).map(([name, texts]): [string, readonly string[]] => [
        `option:${name}`,
        texts,
      ]),
      ...Object.entries(asked.attributes ?? {}).map(([code, texts]): [string, readonly string[]] => [
        `attribute:${code}`,
        isRange(texts) ? [] : texts,
      ]),
    ]
    return new Set(
      chosen.flatMap(([key, texts]) =>
        texts.flatMap((text) => values.numbers.get(`${key}\u0000${text}`) ?? []),
      ),
    )
  }

  function valueFacet(its: number, numbers: number[]): Facet {
    const { key, kind, isNumber } = values.facets[its]!
    const definition = definitionOf(its)
    const base = { key, kind, name: nameOf(key, definition?.name), unit: definition?.unit ?? null }
    if (isNumber) return { ...base, ...numberRanges(numbers) }
    const order = new Map(definition?.allowedValues.map((text, at) => [text, at]))
    const place = (value: number) => order.get(values.text[value]!) ?? order.size
    numbers.sort(
      (a, b) => place(a) - place(b) || counts[b]! - counts[a]! || compare(values.text[a]!, values.text[b]!),
    )
    const shown = numbers.filter((value, at) => at < FACET_VALUES || selected.has(value))
    return {
      ...base,
      values: shown.map((value) => ({
        value: values.text[value]!,
        label: values.label[value]!,
        from: null,
        to: null,
        count: counts[value]!,
        selected: selected.has(value),
      })),
      range: null,
    }
  }

  function numberRanges(numbers: readonly number[]): Pick<Facet, 'values' | 'range'> {
    const sorted = numbers
      .filter((value) => counts[value]! > 0)
      .map((value) => ({ amount: values.amount[value]!, count: counts[value]! }))
      .sort((a, b) => a.amount - b.amount)
    if (sorted.length === 0) return { values: [], range: null }
    const all = sorted.reduce((sum, { count }) => sum + count, 0)
    const ranges: FacetValue[] = []
    let from = sorted[0]!.amount
    let count = 0
    sorted.forEach((one, at) => {
      count += one.count
      const isLast = at === sorted.length - 1
      if (isLast || sorted.length <= RANGES || count >= all / RANGES) {
        ranges.push({ value: '', label: '', from, to: one.amount, count, selected: false })
        count = 0
        from = sorted[at + 1]?.amount ?? from
      }
    })
    return { values: ranges, range: { min: sorted[0]!.amount, max: sorted.at(-1)!.amount } }
  }

  function priceFacet(): Facet | undefined {
    const ranges = prices.ranges()
    if (!ranges) return undefined
    return { key: 'price', kind: 'price', name: '', unit: request.currency, ...ranges }
  }

  function ratingFacet(): Facet | undefined {
    const atLeast = [4, 3, 2, 1].map((star) => ({
      value: String(star),
      label: '',
      from: star,
      to: null,
      count: stars.subarray(star).reduce((sum, count) => sum + count, 0),
      selected: request.filters.rating === star,
    }))
    if (atLeast.at(-1)!.count === 0) return undefined
    return { key: 'rating', kind: 'rating', name: '', unit: null, values: atLeast, range: null }
  }

  function availabilityFacet(): Facet | undefined {
    if (availability[0]! + availability[1]! === 0) return undefined
    const value = (available: boolean): FacetValue => ({
      value: String(available),
      label: '',
      from: null,
      to: null,
      count: availability[available ? 1 : 0]!,
      selected: request.filters.available === available,
    })
    const both = [value(true), value(false)].filter(({ count, selected }) => count > 0 || selected)
    return { key: 'availability', kind: 'availability', name: '', unit: null, values: both, range: null }
  }
}

const nameOf = (key: string, name: string | undefined): string =>
  name ?? (key.startsWith('option:') ? key.slice(7) : '')

const rank = (kind: Facet['kind']): number => (kind === 'category' ? 0 : kind === 'brand' ? 1 : 2)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Prices counted on a ladder of 1, 2, 5, 10, 20 ...: one pass, and round bounds. */
function ladderCounts() {
  const rungs = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat()
  const counts = new Uint32Array(rungs.length + 1)
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let all = 0
  return {
    add: (price: number) => {
      let low = 0
      let high = rungs.length
      while (low < high) {
        const middle = (low + high) >> 1
        if (rungs[middle]! <= price) low = middle + 1
        else high = middle
      }
      counts[low]! += 1
      all += 1
      if (price < min) min = price
      if (price > max) max = price
    },
    ranges: (): Pick<Facet, 'values' | 'range'> | undefined => {
      if (all === 0) return undefined
      const ranges: FacetValue[] = []
      let count = 0
      let from: number | null = null
      let seen = 0
      for (let at = 0; at < counts.length && seen < all; at += 1) {
        count += counts[at]!
        seen += counts[at]!
        if (count === 0) {
          from = rungs[at] ?? null
          continue
        }
        // Thin rungs share a range with the next.
        if (seen < all && (count < all / (2 * RANGES) || ranges.length >= RANGES - 1)) continue
        const to = seen < all ? rungs[at]! - 1 : null
        ranges.push({ value: '', label: '', from, to, count, selected: false })
        from = rungs[at] ?? null
        count = 0
      }
      return { values: ranges, range: { min, max } }
    },
  }
}
