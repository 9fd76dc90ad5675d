import type { RankingSettings } from '../engine.ts'
import { type Draft, type Group, inverseFrequency, type Plan } from './plan.ts'
import { matchGroups, type Scratch } from './scoring.ts'
import { frequencyOf, headShare, type SearchIndex } from './search-index.ts'

/** Each costs a walk through the query's lists; one who misspells more words than this gets the likeliest of the others. */
const WEIGHED = 3

/**
 * Of the words that a misspelt one may become, the one that most products have together with the rest of the query (`usb mose`: mice have
 * a USB plug, `mode` stands in more texts but not beside it); where none has, the most frequent. The plan then looks for that word alone:
 * the correction that is shown is the one whose results are shown, and ranks them as if it had been typed.
 */
export function settleCorrections(
  index: SearchIndex,
  { plan, misspelt, words }: Draft,
  { ranking, scratch }: { readonly ranking: RankingSettings; readonly scratch: Scratch },
): Plan {
  const groups: Group[] = [...plan.groups]
  const rewritten = [...words]
  misspelt.forEach(({ group, position, words: candidates }, at) => {
    const { asked, alternatives } = groups[group]!
    const weighed = at < WEIGHED && groups.length > 1 && alternatives.length > 1
    const counts = weighed ? together(index, { ...plan, groups }, { group, ranking, scratch }) : []
    const chosen = counts.reduce((best, count, place) => (count > counts[best]! ? place : best), 0)
    const alternative = alternatives[chosen]!
    const term = alternative.terms[0]!
    groups[group] = {
      asked,
      idf: inverseFrequency(frequencyOf(index, term), index.documents.live),
      thing: headShare(index, term),
      alternatives: [{ ...alternative, weight: 1 }],
    }
    rewritten[position] = candidates[chosen]!
  })
  return { ...plan, groups, correction: rewritten.join(' ') }
}

/** For each alternative of the group, the products that have it and all the other words that anything is called by. */
function together(
  index: SearchIndex,
  plan: Plan,
  {
    group,
    ranking,
    scratch,
  }: { readonly group: number; readonly ranking: RankingSettings; readonly scratch: Scratch },
): number[] {
  const { masks } = matchGroups(index, plan, { ranking, scratch })
  const all = plan.groups.reduce(
    (bits, { alternatives }, at) => (alternatives.length > 0 ? bits | (1 << at) : bits),
    0,
  )
  const { vocabulary, postings, documents } = index
  return plan.groups[group]!.alternatives.map(({ terms }) => {
    const number = vocabulary.find(terms[0]!)
    let count = 0
    if (number !== undefined)
      postings.slices(number, (pool, from, to) => {
        for (let at = from; at < to; at += 2) {
          const document = pool[at]!
          if (documents.alive[document] === 1 && masks[document] === all) count += 1
        }
        return true
      })
    return count
  })
}
