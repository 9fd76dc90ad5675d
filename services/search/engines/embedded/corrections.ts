import { correctedPlan, type Weighing } from '../../planning/corrections.ts'
import type { Draft, Plan } from '../../planning/plan.ts'
import type { RankingSettings } from '../engine.ts'
import { matchGroups, type Scratch } from './scoring.ts'
import { knownOf, type SearchIndex } from './search-index.ts'

/** `correctedPlan`, counted in this index. */
export function settleCorrections(
  index: SearchIndex,
  draft: Draft,
  { ranking, scratch }: { readonly ranking: RankingSettings; readonly scratch: Scratch },
): Plan {
  const steps = correctedPlan(draft, knownOf(index))
  let step = steps.next()
  while (!step.done) step = steps.next(together(index, step.value, { ranking, scratch }))
  return step.value
}

/** For each alternative of the group, the products that have it and all the other words that anything is called by. */
function together(
  index: SearchIndex,
  { plan, group }: Weighing,
  { ranking, scratch }: { readonly ranking: RankingSettings; readonly scratch: Scratch },
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
