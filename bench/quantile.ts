/** The smallest of the values that at least the share `q` of them does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('there is nothing to rank')
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * q) - 1))]!
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)
