import type { CompiledSettings } from '../../planning/compiled-settings.ts'
import type { Facet, FacetValue, SearchFilters, SearchRequest } from '../engine.ts'
import {
  availabilityFacet,
  compare,
  FACET_VALUES,
  FACETS,
  inOrder,
  nameOf,
  openLadder,
  priceFacet,
  RUNGS,
  rangesOf,
  ratingFacet,
  SHARED_BY,
} from '../facet-shapes.ts'
import { all, isRange, type KeyedClause } from './clauses.ts'
import { beginning, numberOf, split } from './values.ts'

/**
 * Values that come with the first answer, over all facets, the most frequent first. A facet that needs more of them is asked for by itself:
 * only where thousands of products are counted together.
 */
const VALUES = 1_500
const VALUES_OF_ONE = 10_000
/** Of a facet that shows more than the most frequent: those chosen, and a select's, which has an order of its own. */
const VALUES_IN_ORDER = 3_000
/** A product has one value of these at most, so that their counts say when all of them are there. */
const SINGLE: ReadonlySet<string | undefined> = new Set(['number', 'boolean', 'select'])
const KEYS = 500

type Bucket = { readonly key: string | number; readonly key_as_string?: string; readonly doc_count: number }
type Buckets = { readonly buckets: readonly Bucket[]; readonly sum_other_doc_count?: number }
type Counted = {
  readonly keys?: Buckets
  readonly values?: Buckets
  readonly numbers?: Buckets
  readonly brands?: Buckets
  readonly categories?: Buckets
  readonly prices?: Buckets
  readonly cheapest?: { readonly value: number | null }
  readonly dearest?: { readonly value: number | null }
  readonly stars?: Buckets
  readonly stock?: Buckets
  readonly doc_count?: number
}
export type Aggregations = Readonly<Record<string, unknown>>

export type FacetPlan = {
  readonly aggs: Readonly<Record<string, object>>
  /** Of the answer: the facets, and what must be asked besides to complete them. */
  readonly read: (answer: { readonly aggregations: Aggregations; readonly total: number }) => {
    readonly more: Readonly<Record<string, object>> | undefined
    readonly facets: (more?: Aggregations) => Facet[]
  }
}

/** `filters`: what the hits passed; each facet is counted without its own. */
export function facetPlan(
  request: Pick<SearchRequest, 'currency' | 'facets'> & { readonly filters: SearchFilters },
  filters: readonly KeyedClause[],
  settings: CompiledSettings,
): FacetPlan {
  const { currency, facets: wanted } = request
  const isWanted = (key: string) => (typeof wanted === 'string' ? wanted === 'all' : wanted.includes(key))
  const filtered = new Set(filters.map(({ key }) => key))
  const chosen = selectedValues(request.filters)
  const every = parts()
  // Facets with a filter of their own are counted apart, without it.
  const main = Object.fromEntries(
    Object.entries(every).filter(([part]) => !(OWN[part] !== undefined && filtered.has(OWN[part]))),
  )
  const own = filters.filter(({ key }) => isWanted(key) && key !== 'collection' && key !== 'products')
  const aggs: Record<string, object> = {}
  if (filters.length === 0) Object.assign(aggs, main)
  else aggs.main = { filter: all(filters.map(({ clause }) => clause)), aggs: main }
  own.forEach(({ key }, at) => {
    const others = filters.filter((one) => one.key !== key).map(({ clause }) => clause)
    aggs[`own${at}`] = { filter: all(others), aggs: partsOf(key) }
  })

  return {
    aggs,
    read: ({ aggregations, total }) => {
      const counted = (filters.length === 0 ? aggregations : aggregations.main) as Counted
      const apart = new Map(own.map(({ key }, at) => [key, aggregations[`own${at}`] as Counted]))
      const keys = new Map(
        (counted.keys?.buckets ?? []).map(({ key, doc_count }) => [String(key), doc_count]),
      )
      const shown = [...new Set([...keys.keys(), ...apart.keys()])]
        .filter((key) => key.startsWith('attribute:') || key.startsWith('option:'))
        .filter((key) => isWanted(key))
        .filter(
          (key) =>
            typeof wanted !== 'string' || filtered.has(key) || (keys.get(key) ?? 0) >= SHARED_BY * total,
        )
        .map((key) => ({
          key,
          kind: key.startsWith('option:') ? ('option' as const) : ('attribute' as const),
          often: keys.get(key) ?? 0,
          place: definitionOf(key)?.position ?? 0,
        }))
        .sort(inOrder)
        .slice(0, FACETS)
      const values = byKey(counted.values)
      const numbers = byKey(counted.numbers)
      for (const [key, its] of apart) {
        values.set(key, byKey(its.values).get(key) ?? [])
        numbers.set(key, byKey(its.numbers).get(key) ?? [])
      }
      const cut = {
        values: (counted.values?.sum_other_doc_count ?? 0) > 0,
        numbers: (counted.numbers?.sum_other_doc_count ?? 0) > 0,
      }
      const more: Record<string, object> = {}
      shown.forEach(({ key }, at) => {
        if (apart.has(key)) return
        const type = definitionOf(key)?.type
        const seen = [...(values.get(key) ?? []), ...(numbers.get(key) ?? [])]
        if (SINGLE.has(type) && seen.reduce((sum, [, count]) => sum + count, 0) === keys.get(key)) return
        if (type === 'number') {
          if (cut.numbers) more[`numbers${at}`] = numbersOf(key)
        } else if (cut.values && (values.get(key)?.length ?? 0) < FACET_VALUES)
          more[`values${at}`] = valuesOf(key)
      })
      const asked = Object.keys(more).length > 0
      return {
        more: asked
          ? filters.length === 0
            ? more
            : { main: { filter: all(filters.map(({ clause }) => clause)), aggs: more } }
          : undefined,
        facets: (answer) => {
          const added = (filters.length === 0 ? answer : answer?.main) as Record<string, Buckets> | undefined
          if (added)
            shown.forEach(({ key }, at) => {
              const text = byKey(added[`values${at}`]).get(key)
              const amount = byKey(added[`numbers${at}`]).get(key)
              if (text) values.set(key, text)
              if (amount) numbers.set(key, amount)
            })
          const first = [
            labelled('category', (apart.get('category') ?? counted).categories),
            labelled('brand', (apart.get('brand') ?? counted).brands),
          ]
          const stock = (apart.get('availability') ?? counted).stock
          const inStock = (is: string) =>
            stock?.buckets.find(({ key, key_as_string }) => (key_as_string ?? String(key)) === is)
              ?.doc_count ?? 0
          const middle = [
            isWanted('price') ? priceFacet(ladderOf(apart.get('price') ?? counted), currency) : undefined,
            isWanted('rating')
              ? ratingFacet(starsOf((apart.get('rating') ?? counted).stars), request.filters.rating)
              : undefined,
            isWanted('availability')
              ? availabilityFacet({ yes: inStock('true'), no: inStock('false') }, request.filters.available)
              : undefined,
          ]
          const others = shown.map(({ key, kind }) => valueFacet(key, kind))
          return [...first, ...middle, ...others]
            .filter((facet): facet is Facet => facet !== undefined)
            .slice(0, FACETS)
        },
      }

      function valueFacet(key: string, kind: Facet['kind']): Facet | undefined {
        const definition = definitionOf(key)
        const base = { key, kind, name: nameOf(key, definition?.name), unit: definition?.unit ?? null }
        const amounts = numbers.get(key) ?? []
        if (amounts.length > 0 || definition?.type === 'number') {
          if (amounts.length === 0) return undefined
          return {
            ...base,
            ...rangesOf(amounts.map(([text, count]) => ({ amount: numberOf(text), count }))),
          }
        }
        const counts = new Map(values.get(key) ?? [])
        const selected = new Set(chosen.get(key) ?? [])
        for (const text of selected) if (!counts.has(text)) counts.set(text, 0)
        const order = new Map(definition?.allowedValues.map((text, at) => [text, at]))
        const place = (text: string) => order.get(text) ?? order.size
        const list = [...counts].sort(
          ([a, times], [b, others]) => place(a) - place(b) || others - times || compare(a, b),
        )
        return list.length === 0
          ? undefined
          : {
              ...base,
              values: shownValues(
                list.map(([text, count]) => ({ text, label: text, count })),
                selected,
              ),
              range: null,
            }
      }
    },
  }

  function labelled(key: 'category' | 'brand', buckets: Buckets | undefined): Facet | undefined {
    if (!isWanted(key) || !buckets) return undefined
    // One that was renamed a moment ago has both names until the last of its products was brought again.
    const found = new Map<string, { text: string; label: string; count: number }>()
    for (const { key: written, doc_count } of buckets.buckets) {
      const [text, label] = split(String(written))
      const before = found.get(text)
      found.set(text, { text, label: before?.label ?? label, count: (before?.count ?? 0) + doc_count })
    }
    const selected = new Set(chosen.get(key) ?? [])
    for (const text of selected)
      if (!found.has(text)) found.set(text, { text, label: text.slice(text.lastIndexOf('/') + 1), count: 0 })
    if (found.size === 0) return undefined
    const list = [...found.values()].sort((a, b) => b.count - a.count || compare(a.text, b.text))
    return { key, kind: key, name: '', unit: null, values: shownValues(list, selected), range: null }
  }

  function parts(): Record<string, object> {
    const others = typeof wanted === 'string' || wanted.some((key) => /^(attribute|option):/.test(key))
    const named =
      typeof wanted === 'string' ? undefined : wanted.filter((key) => /^(attribute|option):/.test(key))
    const include = named && { include: beginning(named) }
    return {
      ...(isWanted('category') && partsOf('category')),
      ...(isWanted('brand') && partsOf('brand')),
      ...(isWanted('price') && partsOf('price')),
      ...(isWanted('rating') && partsOf('rating')),
      ...(isWanted('availability') && partsOf('availability')),
      ...(others && {
        keys: { terms: { field: 'facets', size: KEYS, ...(named && { include: named }) } },
        values: { terms: { field: 'values', size: VALUES, ...include } },
        numbers: { terms: { field: 'numbers', size: VALUES, ...include } },
      }),
    }
  }

  function partsOf(key: string): Record<string, object> {
    switch (key) {
      case 'category':
        return {
          categories: {
            terms: { field: 'categoryLabels', size: 2 * FACET_VALUES + (chosen.get(key)?.length ?? 0) },
          },
        }
      case 'brand':
        return {
          brands: { terms: { field: 'brandLabel', size: 2 * FACET_VALUES + (chosen.get(key)?.length ?? 0) } },
        }
      case 'price': {
        const field = `prices.${currency}`
        const ranges = [
          { to: RUNGS[0] },
          ...RUNGS.map((from, at) => ({ from, ...(at + 1 < RUNGS.length && { to: RUNGS[at + 1] }) })),
        ]
        return {
          prices: { range: { field, ranges } },
          cheapest: { min: { field } },
          dearest: { max: { field } },
        }
      }
      case 'rating':
        return {
          stars: {
            range: {
              field: 'rating',
              ranges: [0, 1, 2, 3, 4, 5].map((from) => ({ from, ...(from < 5 && { to: from + 1 }) })),
            },
          },
        }
      case 'availability':
        return { stock: { terms: { field: 'inStock' } } }
      default:
        return definitionOf(key)?.type === 'number' ? { numbers: numbersOf(key) } : { values: valuesOf(key) }
    }
  }

  function valuesOf(key: string) {
    const ordered = chosen.has(key) || (definitionOf(key)?.allowedValues.length ?? 0) > 0
    const size = ordered ? VALUES_IN_ORDER : FACET_VALUES
    return { terms: { field: 'values', size, include: beginning([key]) } }
  }

  function definitionOf(key: string) {
    return key.startsWith('attribute:') ? settings.attributes.get(key.slice(10)) : undefined
  }
}

/** By part of an answer: the facet that has it for itself. */
const OWN: Readonly<Record<string, string>> = {
  categories: 'category',
  brands: 'brand',
  prices: 'price',
  cheapest: 'price',
  dearest: 'price',
  stars: 'rating',
  stock: 'availability',
}

const numbersOf = (key: string) => ({
  terms: { field: 'numbers', size: VALUES_OF_ONE, include: beginning([key]) },
})

function byKey(counted: Buckets | undefined): Map<string, [text: string, count: number][]> {
  const found = new Map<string, [string, number][]>()
  for (const { key: written, doc_count } of counted?.buckets ?? []) {
    const [key, text] = split(String(written))
    const list = found.get(key)
    if (list) list.push([text, doc_count])
    else found.set(key, [[text, doc_count]])
  }
  return found
}

function ladderOf({ prices, cheapest, dearest }: Counted) {
  const ladder = openLadder()
  prices?.buckets.forEach(({ doc_count }, at) => {
    ladder.counts[at] = doc_count
    ladder.all += doc_count
  })
  ladder.min = cheapest?.value ?? 0
  ladder.max = dearest?.value ?? 0
  return ladder
}

const starsOf = (stars: Buckets | undefined): number[] =>
  stars ? stars.buckets.map(({ doc_count }) => doc_count) : []

function shownValues(
  list: readonly { readonly text: string; readonly label: string; readonly count: number }[],
  selected: ReadonlySet<string>,
): FacetValue[] {
  return list
    .filter(({ text }, at) => at < FACET_VALUES || selected.has(text))
    .map(({ text, label, count }) => ({
      value: text,
      label,
      from: null,
      to: null,
      count,
      selected: selected.has(text),
    }))
}

function selectedValues(filters: SearchFilters): ReadonlyMap<string, readonly string[]> {
  return new Map<string, readonly string[]>([
    ['category', filters.categories ?? []],
    ['brand', filters.brands ?? []],
    ...Object.entries(filters.options ?? {}).map(([name, texts]) => [`option:${name}`, texts] as const),
    ...Object.entries(filters.attributes ?? {}).map(
      ([code, texts]) => [`attribute:${code}`, isRange(texts) ? [] : texts] as const,
    ),
  ])
}
