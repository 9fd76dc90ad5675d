import type { Facet, SearchFilters, SearchRequest } from '../engine.ts'
import {
  addPrice,
  availabilityFacet,
  compare,
  FACET_VALUES,
  FACETS,
  inOrder,
  nameOf,
  openLadder,
  priceFacet,
  rangesOf,
  ratingFacet,
  SHARED_BY,
} from '../facet-shapes.ts'
import { isAvailable } from './documents.ts'
import { type CompiledFilters, isRange, PASSES } from './filters.ts'
import type { SearchIndex } from './search-index.ts'

/** Counts while the search walks its matches. */
export type FacetCounter = {
  /** `failed`: as `CompiledFilters.failed` says; never several. */
  readonly count: (document: number, failed: number) => void
  readonly facets: () => Facet[]
}

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
  const prices = openLadder()
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
        if (price >= 0) addPrice(prices, price)
      }
      if (failed === PASSES || failed === ratingFilter)
        stars[Math.floor(documents.ratings[document]! / 100)]! += 1
      if (failed === PASSES || failed === availabilityFilter)
        availability[isAvailable(documents, document) ? 1 : 0]! += 1
    },
    facets: () => {
      const own = [
        priceFacet(prices, request.currency),
        ratingFacet([...stars], request.filters.rating),
        availabilityFacet({ yes: availability[1]!, no: availability[0]! }, request.filters.available),
      ].filter((one) => one !== undefined)
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
    list.sort((a, b) => inOrder({ ...a, ...a.kind }, { ...b, ...b.kind }))
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
    return rangesOf(numbers.map((value) => ({ amount: values.amount[value]!, count: counts[value]! })))
  }
}
