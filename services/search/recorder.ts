/** Where losses are told. */
export type Warn = { readonly warn: (details: object, message: string) => void }

/** What came of one query on one day; what is stored is the sum. */
export type QueryRecord = {
  readonly day: string
  /** Null: only the day's totals count it. */
  readonly query: string | null
  readonly testId: string | null
  readonly variant: 'default' | 'challenger'
  searches: number
  zeroResults: number
  clicks: number
}
export type PositionRecord = { readonly day: string; readonly position: number; clicks: number }
export type ReformulationRecord = {
  readonly day: string
  readonly from: string
  readonly to: string
  times: number
}
export type MarkRecord = {
  readonly cartKey: string
  readonly productId: string
  readonly skus: readonly string[]
  readonly query: string | null
  readonly testId: string | null
  readonly variant: 'default' | 'challenger'
}
export type Records = {
  readonly queries: readonly QueryRecord[]
  readonly positions: readonly PositionRecord[]
  readonly reformulations: readonly ReformulationRecord[]
  readonly marks: readonly MarkRecord[]
}

const FLUSH_MS = 1_000
/** Entries that are written at once without waiting for the second to pass. */
const FLUSH_ENTRIES = 500
/** While the database is away: ten full writes, some 2 MB. What comes then is counted as lost. */
const MAX_ENTRIES = 5_000
/** Distinct queries that one process stores a day: a flood of random words fills no table. The rest counts in the totals. */
const MAX_QUERIES_A_DAY = 50_000
/** Rows of carts, and of one query instead of another, that one process stores a day: who sends clicks with made-up carts fills no table. */
const MAX_A_DAY = { marks: 100_000, reformulations: 50_000 }

/**
 * Counts in memory what is searched and clicked, and writes the sums once a second in one statement. A process that dies loses a
 * second of counting.
 */
export class Recorder implements AsyncDisposable {
  readonly #write: (records: Records) => Promise<void>
  readonly #log: Warn
  #queries = new Map<string, QueryRecord>()
  #positions = new Map<string, PositionRecord>()
  #reformulations = new Map<string, ReformulationRecord>()
  #marks = new Map<string, MarkRecord>()
  #seen = seenOn('')
  #lost = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #failing = false
  #closed = false

  constructor({ write, log }: { write: (records: Records) => Promise<void>; log: Warn }) {
    this.#write = write
    this.#log = log
  }

  count(
    at: Pick<QueryRecord, 'query' | 'testId' | 'variant'> & { readonly day: string },
    add: Partial<Pick<QueryRecord, 'searches' | 'zeroResults' | 'clicks'>>,
  ): void {
    const query = this.#stored(at.day, at.query)
    const key = `${at.day}/${at.testId}/${at.variant}/${query === null ? '' : `=${query}`}`
    const record = this.#at(this.#queries, key, () => ({
      ...at,
      query,
      searches: 0,
      zeroResults: 0,
      clicks: 0,
    }))
    if (!record) return
    record.searches += add.searches ?? 0
    record.zeroResults += add.zeroResults ?? 0
    record.clicks += add.clicks ?? 0
  }

  clickAt(day: string, position: number): void {
    const record = this.#at(this.#positions, `${day}/${position}`, () => ({ day, position, clicks: 0 }))
    if (record) record.clicks += 1
  }

  reformulated(day: string, { from, to }: { from: string; to: string }): void {
    if (this.#stored(day, from) === null || this.#stored(day, to) === null) return
    const key = `${day}/${from}\n${to}`
    if (!this.#reformulations.has(key) && !this.#admit(day, 'reformulations')) return
    const record = this.#at(this.#reformulations, key, () => ({
      day,
      from,
      to,
      times: 0,
    }))
    if (record) record.times += 1
  }

  mark(day: string, mark: MarkRecord): void {
    const key = `${mark.cartKey}/${mark.productId}`
    if (this.#marks.has(key) || this.#admit(day, 'marks')) this.#at(this.#marks, key, () => mark)
  }

  /** Resolves when all that was counted before is written, or could not be. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    while (this.#writing) await this.#writing
    if (this.#size() === 0) return
    this.#writing = this.#flush().finally(() => {
      this.#writing = undefined
    })
    await this.#writing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush()
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #flush(): Promise<void> {
    const [queries, positions, reformulations, marks] = [
      this.#queries,
      this.#positions,
      this.#reformulations,
      this.#marks,
    ]
    this.#queries = new Map()
    this.#positions = new Map()
    this.#reformulations = new Map()
    this.#marks = new Map()
    try {
      await this.#write({
        queries: [...queries.values()],
        positions: [...positions.values()],
        reformulations: [...reformulations.values()],
        marks: [...marks.values()],
      })
      if (this.#lost > 0) this.#log.warn({ lost: this.#lost }, 'counts of searches were lost')
      this.#lost = 0
      this.#failing = false
    } catch (error) {
      this.#failing = true
      this.#log.warn({ err: error }, 'counts of searches wait to be written')
      this.#putBack(queries, this.#queries, (into, from) => {
        into.searches += from.searches
        into.zeroResults += from.zeroResults
        into.clicks += from.clicks
      })
      this.#putBack(positions, this.#positions, (into, from) => {
        into.clicks += from.clicks
      })
      this.#putBack(reformulations, this.#reformulations, (into, from) => {
        into.times += from.times
      })
      this.#putBack(marks, this.#marks, () => {})
    }
  }

  #putBack<T>(unwritten: Map<string, T>, into: Map<string, T>, add: (into: T, from: T) => void): void {
    for (const [key, record] of unwritten) {
      const there = this.#at(into, key, () => record)
      if (there && there !== record) add(there, record)
    }
  }

  #at<T>(records: Map<string, T>, key: string, make: () => T): T | undefined {
    let record = records.get(key)
    if (!record) {
      if (this.#closed || this.#size() >= MAX_ENTRIES) {
        this.#lost += 1
        return undefined
      }
      record = make()
      records.set(key, record)
    }
    if (this.#size() >= FLUSH_ENTRIES && !this.#writing && !this.#failing) void this.flush()
    else this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS)
    return record
  }

  #stored(day: string, query: string | null): string | null {
    if (query === null) return null
    const { queries } = this.#on(day)
    if (queries.size >= MAX_QUERIES_A_DAY && !queries.has(query)) return null
    queries.add(query)
    return query
  }

  #admit(day: string, kind: keyof typeof MAX_A_DAY): boolean {
    const seen = this.#on(day)
    if (seen[kind] >= MAX_A_DAY[kind]) {
      this.#lost += 1
      return false
    }
    seen[kind] += 1
    return true
  }

  #on(day: string) {
    if (this.#seen.day !== day) this.#seen = seenOn(day)
    return this.#seen
  }

  #size(): number {
    return this.#queries.size + this.#positions.size + this.#reformulations.size + this.#marks.size
  }
}

const seenOn = (day: string) => ({ day, queries: new Set<string>(), marks: 0, reformulations: 0 })
