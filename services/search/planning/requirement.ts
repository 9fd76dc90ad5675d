import type { RankingSettings, Relaxation, SearchFilters } from '../engines/engine.ts'
import type { Plan } from './plan.ts'

/** What a corrected word counts when something must be given up: a typed one that is as rare counts 1. */
const GUESSED = 0.6
/** A word that is the head of more of the names it stands in than this names a thing. */
const THING = 0.5
/** What an exact SKU or barcode adds to a score: more than any words can. */
export const EXACT_SCORE = 1_000

/**
 * How much of the query a result must have: all of it where that finds enough, else what the ranking allows, and where that finds nothing
 * the most that any product has. What is given up then is rather a word that describes (`blue`) than one that names a thing (`mug`), and
 * rather one that was only guessed.
 */
export function requirement(
  plan: Plan,
  {
    whole,
    seen,
    misspelt,
    ranking,
    recover,
  }: {
    /** Results that have all of it, up to as many as are enough. */
    readonly whole: number
    /** Of results that have some of it: which groups they have, as bits. Asked for only when `whole` is 0. */
    readonly seen: ReadonlySet<number>
    /** Groups whose word was corrected. */
    readonly misspelt: ReadonlySet<number>
    readonly ranking: RankingSettings
    readonly recover: boolean
  },
): { share: number; kept: number; relaxed: Relaxation | null } {
  const enough = ranking.steps.enough ?? 1
  if (whole >= enough || !recover || plan.exact !== null) return { share: 1, kept: 0, relaxed: null }
  const partial = ranking.steps.partial ?? 1
  if (whole > 0) return { share: partial, kept: 0, relaxed: null }
  const shares = shareOf(plan)
  const worth = coverage(worths(plan, misspelt))
  const best = [...seen].sort((a, b) => worth[b]! - worth[a]! || a - b)[0]
  if (best === undefined) return { share: 1, kept: 0, relaxed: null }
  const words = (kept: boolean) =>
    plan.groups.filter((_, group) => ((best & (1 << group)) !== 0) === kept).map(({ asked }) => asked)
  return {
    share: Math.min(partial, shares[best]!),
    // Only things: of many describing words a product may lack one or another.
    kept:
      plan.groups.reduce((bits, { thing }, group) => (thing > THING ? bits | (1 << group) : bits), 0) & best,
    relaxed: { kind: 'words', dropped: words(false), kept: words(true) },
  }
}

/** What each word is worth when something must be given up. */
export const worths = (plan: Plan, misspelt: ReadonlySet<number>): number[] =>
  plan.groups.map(({ idf, thing }, group) => idf * (1 + thing) * (misspelt.has(group) ? GUESSED : 1))

/** By mask of groups: their share of the query. A word that the catalogue does not have at all is the rarest. */
export const shareOf = ({ groups }: Plan): Float64Array => coverage(groups.map(({ idf }) => idf))

function coverage(weights: readonly number[]): Float64Array {
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return Float64Array.from({ length: 2 ** weights.length }, (_, mask) => {
    if (mask === 2 ** weights.length - 1) return 1
    let sum = 0
    for (let group = 0; group < weights.length; group += 1) if (mask & (1 << group)) sum += weights[group]!
    return sum / all
  })
}

/** The one filter without which most is found; all of them when no single one helps. */
export function filtersToDrop(keys: readonly string[], failures: ArrayLike<number>): readonly string[] {
  const most = keys.reduce((best, _, at) => (failures[at]! > (failures[best] ?? 0) ? at : best), 0)
  return failures[most] ? [keys[most]!] : [...keys]
}

/** The filters without the one of this key (`CompiledFilters.keys`). */
export function without(asked: SearchFilters, key: string): SearchFilters {
  const { attributes, options, ...rest } = asked
  const omit = <T>(record: Readonly<Record<string, T>> | undefined, name: string) =>
    record && Object.fromEntries(Object.entries(record).filter(([one]) => `${name}:${one}` !== key))
  const names: Record<string, keyof SearchFilters> = {
    category: 'categories',
    brand: 'brands',
    collection: 'collections',
    price: 'price',
    rating: 'rating',
    availability: 'available',
    products: 'productIds',
  }
  const kept = Object.fromEntries(Object.entries(rest).filter(([name]) => name !== names[key]))
  return {
    ...kept,
    ...(attributes && { attributes: omit(attributes, 'attribute') }),
    ...(options && { options: omit(options, 'option') }),
  } as SearchFilters
}
