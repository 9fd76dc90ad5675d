import type { RankingSettings } from '../engines/engine.ts'

/**
 * A weight that is chosen by cross-validation, and what it may be: few and far apart, for 56 queries cannot tell more apart, and none
 * that would surprise in another catalogue: a word of the name counts at least twice one of the description, one of a specification
 * at most once.
 */
export type Knob = {
  readonly name: string
  readonly values: readonly number[]
  readonly set: (ranking: RankingSettings, value: number) => RankingSettings
}

const step = (name: string, values: readonly number[]): Knob => ({
  name,
  values,
  set: (ranking, value) => ({ ...ranking, steps: { ...ranking.steps, [name]: value } }),
})

/** All others stay as in `textbook`. */
export const knobs: readonly Knob[] = [
  {
    name: 'weight of the name',
    values: [2, 3, 4],
    set: (ranking, weight) => withWeights(ranking, { name: weight }),
  },
  {
    name: 'weight of attributes and compatibility',
    values: [0.25, 0.5, 1],
    set: (ranking, weight) => withWeights(ranking, { attributes: weight, compatibility: weight }),
  },
  step('categoryHead', [0, 1, 2]),
  step('adjacency', [0, 0.25, 0.5]),
  // All of it would leave nothing of a score.
  step('accessory', [0, 0.4, 0.8]),
]

/**
 * What nobody tunes: BM25's k1 of 1.2 and b of 0.75 for texts, no length for brands and codes. A word of a description counts 1, a
 * brand and a category 2 (what more the category's head counts is chosen: both together could not be told apart), a code 3.
 */
export const textbook: RankingSettings = {
  version: 1,
  fields: {
    name: { weight: 2, length: 0.75 },
    brand: { weight: 2, length: 0 },
    category: { weight: 2, length: 0.75 },
    attributes: { weight: 0.5, length: 0.75 },
    compatibility: { weight: 0.5, length: 0.75 },
    description: { weight: 1, length: 0.75 },
    code: { weight: 3, length: 0 },
  },
  saturation: 1.2,
  signals: { sales: 0.15, rating: 0.05, availability: 0.1, newness: 0.02 },
  steps: {
    enough: 10,
    partial: 0.5,
    coverage: 1,
    spelledOut: 0.9,
    together: 1,
    categoryHead: 0,
    adjacency: 0,
    accessory: 0,
  },
}

/** A place in the grid: for each knob, which of its values. */
export type Point = readonly number[]

export const gridOf = (those: readonly Knob[]): Point[] =>
  those.reduce<number[][]>(
    (points, { values }) => points.flatMap((point) => values.map((_, at) => [...point, at])),
    [[]],
  )

export const rankingAt = (point: Point): RankingSettings =>
  knobs.reduce((ranking, { values, set }, at) => set(ranking, values[point[at]!]!), textbook)

function withWeights(
  ranking: RankingSettings,
  weights: Partial<Record<keyof RankingSettings['fields'], number>>,
): RankingSettings {
  const fields = Object.fromEntries(
    Object.entries(ranking.fields).map(([name, field]) => [
      name,
      { ...field, weight: weights[name as keyof typeof weights] ?? field.weight },
    ]),
  ) as unknown as RankingSettings['fields']
  return { ...ranking, fields }
}
