/** One line of the table. Without `wanted` it is shown beside the others and judged by nobody. */
export type Figure = {
  readonly name: string
  readonly measured: string
  readonly wanted?: string
  readonly ok?: boolean
}

/** What the sections share: one durable PostgreSQL, with a database for each. */
export type Bench = {
  readonly postgresPid: number
  readonly createDatabase: (name: string) => Promise<BenchDatabase>
  /** Shows, in one line, what is being done. */
  readonly say: (line: string) => void
}

export type BenchDatabase = AsyncDisposable & { readonly url: string }

export type Section = {
  readonly name: string
  /** False: runs only when it is named. */
  readonly always: boolean
  /** Without this variable it is left out, unless it is named. */
  readonly needs?: string
  readonly run: (bench: Bench) => Promise<readonly Figure[]>
}

type Bound = { readonly atLeast: number } | { readonly atMost: number }

/** A figure with a bound, both written in `unit`. */
export function bounded(name: string, value: number, unit: string, bound: Bound, beside = ''): Figure {
  const ok = 'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost
  return {
    name,
    measured: `${number(value)} ${unit}${beside && `  (${beside})`}`,
    wanted: 'atLeast' in bound ? `>= ${number(bound.atLeast)} ${unit}` : `<= ${number(bound.atMost)} ${unit}`,
    ok,
  }
}

/** Three significant digits, thousands apart. */
export const number = (value: number): string =>
  value.toLocaleString('en-US', value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 })
