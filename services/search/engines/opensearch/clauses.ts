import type { Alternative, Plan } from '../../planning/plan.ts'
import { shareOf, worths } from '../../planning/requirement.ts'
import type { NumberRange, SearchFilters } from '../engine.ts'
import { SEPARATOR, sortableNumber } from './values.ts'

export type Clause = object

/** A filter of the request, by the key of its facet. */
export type KeyedClause = { readonly key: string; readonly clause: Clause }

export const isRange = (wanted: readonly string[] | NumberRange): wanted is NumberRange =>
  !Array.isArray(wanted)

export const all = (clauses: readonly Clause[]): Clause =>
  clauses.length === 1
    ? clauses[0]!
    : clauses.length === 0
      ? { match_all: {} }
      : { bool: { filter: clauses } }

export const any = (clauses: readonly Clause[]): Clause =>
  clauses.length === 1
    ? clauses[0]!
    : clauses.length === 0
      ? { match_none: {} }
      : { bool: { should: clauses, minimum_should_match: 1 } }

/** More than the contract lets anybody ask for. */
const FILTERS = 30

export function filterClauses(filters: SearchFilters, currency: string): KeyedClause[] {
  const found: KeyedClause[] = []
  const add = (key: string, clause: Clause) => {
    if (found.length >= FILTERS) throw new RangeError(`at most ${FILTERS} filters`)
    found.push({ key, clause })
  }
  const within = ({ min, max }: NumberRange) => ({
    ...(min !== undefined && { gte: min }),
    ...(max !== undefined && { lte: max }),
  })
  if (filters.categories) add('category', { terms: { categories: filters.categories } })
  if (filters.brands) add('brand', { terms: { brand: filters.brands } })
  if (filters.collections) add('collection', { terms: { collections: filters.collections } })
  if (filters.price) {
    const field = `prices.${currency}`
    const range = within(filters.price)
    add('price', Object.keys(range).length > 0 ? { range: { [field]: range } } : { exists: { field } })
  }
  // No stars count as none: whoever asks for none at least takes all.
  if (filters.rating !== undefined)
    add('rating', filters.rating > 0 ? { range: { rating: { gte: filters.rating } } } : { match_all: {} })
  if (filters.available !== undefined) add('availability', { term: { inStock: filters.available } })
  if (filters.productIds) add('products', { terms: { productId: filters.productIds } })
  for (const [code, wanted] of Object.entries(filters.attributes ?? {})) {
    const key = `attribute:${code}`
    if (isRange(wanted)) {
      const bound = (value: number) => `${key}${SEPARATOR}${sortableNumber(value)}`
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = wanted
      add(key, { range: { numbers: { gte: bound(min), lte: bound(max) } } })
    } else add(key, valuesClause(key, wanted))
  }
  for (const [name, wanted] of Object.entries(filters.options ?? {}))
    add(`option:${name}`, valuesClause(`option:${name}`, wanted))
  return found
}

function valuesClause(key: string, wanted: readonly string[]): Clause {
  const texts = { terms: { values: wanted.map((text) => `${key}${SEPARATOR}${text}`) } }
  const numbers = wanted.filter((text) => text === String(Number(text)))
  if (numbers.length === 0) return texts
  const written = numbers.map((text) => `${key}${SEPARATOR}${sortableNumber(Number(text))}`)
  return any([texts, { terms: { numbers: written } }])
}

export const termClause = (term: string): Clause => ({ term: { terms: term } })

function alternativeClause({ terms, adjacent }: Alternative): Clause {
  if (terms.length === 1) return termClause(terms[0]!)
  const found = all(terms.map(termClause))
  return adjacent ? all([found, { match_phrase: { phrase: terms.join(' ') } }]) : found
}

export const groupClause = ({ alternatives }: Plan['groups'][number]): Clause =>
  any(alternatives.map(alternativeClause))

/** What has as much of the query as its plan requires. */
export function wordsClause(plan: Plan): Clause {
  const clauses = plan.groups.map(groupClause)
  const shares = shareOf(plan)
  const whole = all(clauses)
  // A share of all words but the least of them may still be too little: then it is all.
  if (plan.required > Math.max(...shares.subarray(0, -1), 0)) return whole
  const weights = plan.groups.map(({ idf }) => idf)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return all([
    ...clauses.filter((_, group) => (plan.kept & (1 << group)) !== 0),
    // Lucene adds in 32 bits.
    atLeast(clauses, weights, plan.required * sum * (1 - 1e-5)),
  ])
}

/** Products whose clauses' weights come to so much. */
const atLeast = (clauses: readonly Clause[], weights: readonly number[], sum: number): Clause => ({
  function_score: { query: weighed(clauses, weights), min_score: sum },
})

const weighed = (clauses: readonly Clause[], weights: readonly number[]): Clause => ({
  bool: {
    should: clauses.map((filter, at) => ({
      constant_score: { filter, boost: Math.max(1e-6, weights[at]!) },
    })),
    minimum_should_match: 1,
  },
})

/** The product that has the words that are worth most comes first, and says by name which they are. */
export const mostWorth = (plan: Plan, misspelt: ReadonlySet<number>): Clause => {
  const clauses = plan.groups.map((group, at) => ({
    bool: { filter: [groupClause(group)], _name: String(at) },
  }))
  return weighed(clauses, worths(plan, misspelt))
}
