import type { Point } from './grid.ts'
import { mean } from './judge-ranking.ts'

export type Validated = {
  /** Each query's score at the point chosen without its fold: what the procedure is worth on queries it has not seen. */
  readonly heldOut: readonly number[]
  /** Index of the point chosen by the same procedure on all queries. */
  readonly chosen: number
}

/**
 * Cross-validation of a choice in a grid. `scores`: at each point, of each query. Chosen is the point whose scores, averaged with those
 * of its direct neighbours (one value of one knob away), are best: a plateau, because a peak among 56 queries is one or two of them that
 * happen to lie well. Query q is in fold q modulo `folds`; as many folds as queries leave out one at a time.
 */
export function crossValidate(
  { points, scores }: { readonly points: readonly Point[]; readonly scores: readonly (readonly number[])[] },
  folds: number,
): Validated {
  const around = points.map((point) =>
    points.flatMap((other, at) => (stepsBetween(point, other) <= 1 ? [at] : [])),
  )
  const choose = (counts: (query: number) => boolean): number => {
    const worth = scores.map((ofQueries) => mean(ofQueries.filter((_, query) => counts(query))))
    const smooth = around.map((near) => mean(near.map((at) => worth[at]!)))
    // Equals of different rounding: the first.
    return smooth.reduce((best, value, at) => (value > smooth[best]! + 1e-9 ? at : best), 0)
  }
  const heldOut = (scores[0] ?? []).map(() => 0)
  for (let fold = 0; fold < folds; fold += 1) {
    const ofChosen = scores[choose((query) => query % folds !== fold)]!
    for (let query = fold; query < heldOut.length; query += folds) heldOut[query] = ofChosen[query]!
  }
  return { heldOut, chosen: choose(() => true) }
}

const stepsBetween = (a: Point, b: Point): number =>
  a.reduce((sum, value, knob) => sum + Math.abs(value - b[knob]!), 0)
