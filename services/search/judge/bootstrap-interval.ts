import { mean } from './judge-ranking.ts'

const RESAMPLES = 10_000

/**
 * 95 % interval of a mean of paired differences, by resampling the queries (Efron's percentile bootstrap; Sakai 2006 for nDCG). The
 * same numbers in each run: the generator is seeded.
 */
export function bootstrapInterval(differences: readonly number[]): {
  readonly low: number
  readonly high: number
} {
  const random = seeded(20_260_101)
  const means = Float64Array.from({ length: RESAMPLES }, () =>
    mean(differences.map(() => differences[Math.floor(random() * differences.length)]!)),
  ).sort()
  return { low: means[Math.floor(RESAMPLES * 0.025)]!, high: means[Math.floor(RESAMPLES * 0.975)]! }
}

/** Mulberry32: enough for resampling, the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
