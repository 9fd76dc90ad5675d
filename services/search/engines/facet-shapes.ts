import type { Facet, FacetValue } from './engine.ts'

// How counts are shown, whichever engine has counted.

export const FACETS = 30
export const FACET_VALUES = 50
/** Of a range facet: people choose among a handful. */
const RANGES = 8
/** A facet is shown when at least this share of the result has it: an attribute of three products divides nothing. */
export const SHARED_BY = 0.05

/** Categories first, then brands, then as attributes are placed, then the ones that most of the result has. */
export const inOrder = (
  a: { readonly key: string; readonly kind: Facet['kind']; readonly place: number; readonly often: number },
  b: typeof a,
): number => rank(a.kind) - rank(b.kind) || a.place - b.place || b.often - a.often || compare(a.key, b.key)

/** Ranges of about as many products each, whose bounds are values that occur. */
export function rangesOf(
  amounts: readonly { readonly amount: number; readonly count: number }[],
): Pick<Facet, 'values' | 'range'> {
  const sorted = amounts.filter(({ count }) => count > 0).sort((a, b) => a.amount - b.amount)
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

/** `stars`: products with so many, rounded down, from 0 to 5. */
export function ratingFacet(stars: readonly number[], selected: number | undefined): Facet | undefined {
  const atLeast = [4, 3, 2, 1].map((star) => ({
    value: String(star),
    label: '',
    from: star,
    to: null,
    count: stars.slice(star).reduce((sum, count) => sum + count, 0),
    selected: selected === star,
  }))
  if (atLeast.at(-1)!.count === 0) return undefined
  return { key: 'rating', kind: 'rating', name: '', unit: null, values: atLeast, range: null }
}

export function availabilityFacet(
  counts: { readonly yes: number; readonly no: number },
  selected: boolean | undefined,
): Facet | undefined {
  if (counts.yes + counts.no === 0) return undefined
  const value = (available: boolean): FacetValue => ({
    value: String(available),
    label: '',
    from: null,
    to: null,
    count: available ? counts.yes : counts.no,
    selected: selected === available,
  })
  const both = [value(true), value(false)].filter(({ count, selected }) => count > 0 || selected)
  return { key: 'availability', kind: 'availability', name: '', unit: null, values: both, range: null }
}

/** Prices counted on a ladder of 1, 2, 5, 10, 20 ...: one pass, and round bounds. */
export type Ladder = { readonly counts: Uint32Array; all: number; min: number; max: number }

/** `Ladder.counts[n]` is of the prices below rung n, and not below the one before it. */
export const RUNGS: readonly number[] = Array.from({ length: 13 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat()

export const openLadder = (): Ladder => ({
  counts: new Uint32Array(RUNGS.length + 1),
  all: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
})

export function addPrice(ladder: Ladder, price: number): void {
  let low = 0
  let high = RUNGS.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (RUNGS[middle]! <= price) low = middle + 1
    else high = middle
  }
  ladder.counts[low]! += 1
  ladder.all += 1
  if (price < ladder.min) ladder.min = price
  if (price > ladder.max) ladder.max = price
}

export function priceFacet({ counts, all, min, max }: Ladder, currency: string): Facet | undefined {
  if (all === 0) return undefined
  const values: FacetValue[] = []
  let count = 0
  let from: number | null = null
  let seen = 0
  for (let at = 0; at < counts.length && seen < all; at += 1) {
    count += counts[at]!
    seen += counts[at]!
    if (count === 0) {
      from = RUNGS[at] ?? null
      continue
    }
    // Thin rungs share a range with the next.
    if (seen < all && (count < all / (2 * RANGES) || values.length >= RANGES - 1)) continue
    const to = seen < all ? RUNGS[at]! - 1 : null
    values.push({ value: '', label: '', from, to, count, selected: false })
    from = RUNGS[at] ?? null
    count = 0
  }
  return { key: 'price', kind: 'price', name: '', unit: currency, values, range: { min, max } }
}

export const nameOf = (key: string, name: string | undefined): string =>
  name ?? (key.startsWith('option:') ? key.slice(7) : '')

const rank = (kind: Facet['kind']): number => (kind === 'category' ? 0 : kind === 'brand' ? 1 : 2)

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
