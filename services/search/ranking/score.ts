import { CATEGORY_HEAD, FIELDS, GOES_WITH, HEAD, MODIFIER } from '../analysis/occurrence.ts'
import type { RankingSettings } from '../engines/engine.ts'

/**
 * BM25F (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009, 3.5): occurrences are weighed by field and length first, then
 * saturated together. Lengths are measured against fixed ones instead of the collection's average, so that a score does not depend
 * on which other products this replica has heard of.
 */
export const TYPICAL_LENGTH: Readonly<Record<(typeof FIELDS)[number], number>> = {
  name: 9,
  brand: 1,
  category: 2,
  attributes: 40,
  compatibility: 10,
  description: 15,
  code: 4,
}

/** Of settings with a saturation near 0: evidence stays finite. */
export const CERTAIN = 0.999
/** A word that stands only in fields of no weight is found, behind all others. */
export const LEAST = 1e-9

/** One term in one document, before its idf: 0 to 1. */
export type TermScorer = (occurrence: number, lengths: Uint8Array, at: number) => number

/**
 * `last`: for the query's last word, which in most shop queries names the thing (`laptop case`). `thing`: the share of names that the word
 * is the head of. Where there are such things, one that only goes with them (`keyboard cover`) steps back by as much.
 */
export function termScorer(
  ranking: RankingSettings,
  { last, thing }: { readonly last: boolean; readonly thing: number },
): TermScorer {
  const table = fieldTable(ranking)
  const step = (name: string) => ranking.steps[name] ?? 0
  const accessory = 1 - (last ? thing * step('accessory') : 0)
  const categoryHead = 1 + step('categoryHead')
  const { saturation } = ranking

  return (occurrence, lengths, at) => {
    let sum = 0
    const inName = occurrence & 3
    if (inName !== 0) sum = inName * table[lengths[at]!]!
    let rest = (occurrence >>> 2) & 0xfff
    for (let field = 1; rest !== 0; field += 1, rest >>>= 2) {
      const times = rest & 3
      if (times === 0) continue
      let counts = times * table[field * 256 + lengths[at + field]!]!
      if (field === 2 && occurrence & CATEGORY_HEAD) counts *= categoryHead
      sum += counts
    }
    if ((occurrence & (HEAD | CATEGORY_HEAD)) === 0 && occurrence & (MODIFIER | GOES_WITH)) sum *= accessory
    return sum / (sum + saturation)
  }
}

const tables = new WeakMap<RankingSettings, Float64Array>()

/** By field and length: what one occurrence counts. */
function fieldTable(ranking: RankingSettings): Float64Array {
  const known = tables.get(ranking)
  if (known) return known
  const table = new Float64Array(FIELDS.length * 256)
  FIELDS.forEach((field, index) => {
    const { weight, length } = ranking.fields[field]
    for (let words = 0; words < 256; words += 1)
      table[index * 256 + words] = weight / (1 - length + (length * words) / TYPICAL_LENGTH[field])
  })
  tables.set(ranking, table)
  return table
}
