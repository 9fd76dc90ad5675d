import type { RankingSettings, SignalName } from '../engines/engine.ts'

/**
 * Each signal is a share from 0 to 1 of the most it may add. Saturated against fixed amounts, not against the best of the catalogue, so
 * that a score does not move when another product sells.
 */
export type Signals = {
  readonly sold: number
  readonly stars: number
  readonly ratings: number
  readonly available: boolean
  /** Since it was published. */
  readonly ageDays: number
}

/** A product that sold this many is halfway. */
export const HALF_SOLD = 20
/** Ratings that count as much as the expectation that an unknown product is average. */
export const PRIOR_RATINGS = 5
export const PRIOR_STARS = 3.5
export const NEW_DAYS = 30

export function signalShares({
  sold,
  stars,
  ratings,
  available,
  ageDays,
}: Signals): Record<SignalName, number> {
  const expected = (stars * ratings + PRIOR_STARS * PRIOR_RATINGS) / (ratings + PRIOR_RATINGS)
  return {
    sales: sold / (sold + HALF_SOLD),
    rating: ratings === 0 ? 0 : Math.max(0, expected - 1) / 4,
    availability: available ? 1 : 0,
    newness: NEW_DAYS / (NEW_DAYS + Math.max(0, ageDays)),
  }
}

export function signalFactor(
  shares: Record<SignalName, number>,
  weights: RankingSettings['signals'],
): number {
  return (
    1 +
    shares.sales * weights.sales +
    shares.rating * weights.rating +
    shares.availability * weights.availability +
    shares.newness * weights.newness
  )
}
