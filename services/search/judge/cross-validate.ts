import type { RankingSettings, TextField } from '../engines/engine.ts'
import { type Judge, mean } from './judge-ranking.ts'

/**
 * Chooses weights on all queries but a fold, and scores the fold with them: what the weights are worth on queries they have not seen. The
 * search goes along one weight at a time, twice through the grid.
 */
export type Validated = {
  /** Mean over all queries, each scored with the weights chosen without it. */
  readonly heldOut: number
  /** Mean over all queries with the weights chosen on all of them. */
  readonly fitted: number
  readonly chosen: RankingSettings
  readonly perQuery: readonly number[]
}

type Knob = {
  readonly name: string
  readonly values: readonly number[]
  readonly set: (ranking: RankingSettings, value: number) => RankingSettings
}

const field = (name: TextField, part: 'weight' | 'length', values: readonly number[]): Knob => ({
  name: `${name}.${part}`,
  values,
  set: (ranking, value) => ({
    ...ranking,
    fields: { ...ranking.fields, [name]: { ...ranking.fields[name], [part]: value } },
  }),
})
const step = (name: string, values: readonly number[]): Knob => ({
  name,
  values,
  set: (ranking, value) => ({ ...ranking, steps: { ...ranking.steps, [name]: value } }),
})

const knobs: readonly Knob[] = [
  field('name', 'weight', [2, 3, 4]),
  field('name', 'length', [0.4, 0.6, 0.75]),
  field('category', 'weight', [1.5, 2.5, 4]),
  field('attributes', 'weight', [0.25, 0.4, 1]),
  field('attributes', 'length', [0.4, 0.7, 0.9]),
  field('compatibility', 'weight', [0.25, 0.5, 1]),
  field('description', 'weight', [0.5, 1, 1.5]),
  field('description', 'length', [0.5, 0.8]),
  step('categoryHead', [0, 0.75, 1.5]),
  step('adjacency', [0, 0.2, 0.4]),
  step('accessory', [0, 0.4, 0.8]),
  step('partial', [0.5, 0.7, 1]),
]
const PASSES = 2
/** Less is noise: with 56 queries one that moves by a place or two moves the mean by this. */
const MIN_GAIN = 0.004

export function crossValidate(judge: Judge, start: RankingSettings, folds: number): Validated {
  const known = new Map<string, readonly number[]>()
  const scoresOf = (ranking: RankingSettings): readonly number[] => {
    const key = JSON.stringify([ranking.fields, ranking.steps])
    const scores = known.get(key) ?? judge.judge(ranking).map(({ ndcg }) => ndcg)
    known.set(key, scores)
    return scores
  }
  const choose = (counts: (query: number) => boolean): RankingSettings => {
    const worth = (ranking: RankingSettings) => mean(scoresOf(ranking).filter((_, query) => counts(query)))
    let best = start
    for (let pass = 0; pass < PASSES; pass += 1)
      for (const { values, set } of knobs)
        for (const value of values)
          if (worth(set(best, value)) > worth(best) + MIN_GAIN) best = set(best, value)
    return best
  }
  const perQuery = scoresOf(start).map(() => 0)
  for (let fold = 0; fold < folds; fold += 1) {
    const scores = scoresOf(choose((query) => query % folds !== fold))
    for (let query = fold; query < scores.length; query += folds) perQuery[query] = scores[query]!
  }
  const chosen = choose(() => true)
  return { heldOut: mean(perQuery), fitted: mean(scoresOf(chosen)), chosen, perQuery }
}
