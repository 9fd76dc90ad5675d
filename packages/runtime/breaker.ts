import { Rejection } from '@stoa/contract'
import { Counter, Gauge, type Registry } from 'prom-client'
import { degraded } from './edge.ts'

/** So many failures in a row, and nobody is sent there any more. */
const MAX_FAILURES = 5
/** One that fails again earlier than this after it was taken back is left for longer. */
const WELL_AFTER_MS = 10_000
/** For a place where every trial is somebody's call. */
const PAUSES = { firstMs: 1_000, lastMs: 15_000 }

export type BreakerState = 'closed' | 'half-open' | 'open'

export type BreakerOptions = {
  /** It was closed and is not any more. */
  readonly opened: () => void
  /** A monotonic clock, in ms. */
  readonly now: () => number
  /** How long it stays open: at first, and at most. */
  readonly pauses: { readonly firstMs: number; readonly lastMs: number }
}

/**
 * Keeps callers from a place that does not answer. `closed`: all go. After five failures in a row it is `open` and nobody goes,
 * for a while that doubles with each trial that fails; then it is `half-open`: one goes, on trial, and what becomes of it decides. Until
 * somebody wants to go, nobody knows whether it answers again.
 * An answer is no failure, whatever it says.
 */
export class Breaker {
  #state: BreakerState = 'closed'
  #failures = 0
  #openUntil = 0
  #pauseMs = 0
  #closedAt = Number.NEGATIVE_INFINITY
  #leftAt = 0
  #awayMs = 0
  readonly #options: BreakerOptions

  constructor(options: Partial<BreakerOptions> = {}) {
    this.#options = {
      opened: () => {},
      now: () => performance.now(),
      pauses: PAUSES,
      ...options,
    }
  }

  get state(): BreakerState {
    return this.#state === 'open' && this.admits ? 'half-open' : this.#state
  }

  /** From when it was left until somebody last had no answer; 0 when it is closed, and while nobody has wanted there since. */
  get awayMs(): number {
    return this.#awayMs
  }

  /** Whether the next caller may go. */
  get admits(): boolean {
    return this.#state === 'closed' || (this.#state === 'open' && this.#options.now() >= this.#openUntil)
  }

  /** Whether the caller may go. Whoever is let in says how it ended: `succeeded` or `failed`. */
  admit(): boolean {
    if (!this.admits) return false
    if (this.#state === 'open') this.#state = 'half-open'
    return true
  }

  /** There was an answer. */
  succeeded(): void {
    this.#failures = 0
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#awayMs = 0
    this.#closedAt = this.#options.now()
  }

  /** There was none, in time or at all. */
  failed(): void {
    if (this.#state === 'open') return
    this.#failures += 1
    if (this.#state === 'half-open' || this.#failures >= MAX_FAILURES) this.trip()
  }

  /** It is known how it will end: nobody goes from now on. */
  trip(): void {
    const now = this.#options.now()
    const wasWell = this.#state === 'closed' && now - this.#closedAt > WELL_AFTER_MS
    const { firstMs, lastMs } = this.#options.pauses
    this.#pauseMs = wasWell ? firstMs : Math.min(lastMs, Math.max(firstMs, this.#pauseMs * 2))
    this.#openUntil = now + this.#pauseMs
    this.#failures = 0
    if (this.#state === 'closed') {
      this.#leftAt = now
      this.#options.opened()
    }
    this.#awayMs = now - this.#leftAt
    this.#state = 'open'
  }

  /**
   * Makes a call unless the breaker is open: then it throws `UNAVAILABLE` at once. Errors of which `isFailure` says no are answers.
   */
  async run<T>(call: () => Promise<T>, isFailure: (error: unknown) => boolean): Promise<T> {
    if (!this.admit()) throw new Rejection('UNAVAILABLE')
    try {
      const result = await call()
      this.succeeded()
      return result
    } catch (error) {
      if (isFailure(error)) this.failed()
      else this.succeeded()
      throw error
    }
  }
}

/** The breakers of a process: each shows its state in the metrics, and all together in the process's health. */
export type Breakers = {
  /** `upstream`: a service or a company. `address`: one place where it answers; two breakers of both names are the same. */
  readonly of: (upstream: string, address: string, pauses?: BreakerOptions['pauses']) => Breaker
  /**
   * The upstreams of which an address is not used, and how many are not. The process itself still answers: it is only degraded. One whose
   * pause is over and that nobody has wanted since is not counted: it may have been back for hours.
   */
  readonly health: () => Record<string, string>
}

const STATE_NUMBERS = { closed: 0, 'half-open': 1, open: 2 } as const satisfies Record<BreakerState, number>

export function createBreakers(registry: Registry): Breakers {
  const all = new Map<string, Map<string, Breaker>>()
  const opened = new Counter({
    name: 'stoa_upstream_opened_total',
    help: 'How often an address of an upstream was left because it did not answer.',
    labelNames: ['upstream', 'address'],
    registers: [registry],
  })
  const gauge = (name: string, help: string, read: (breaker: Breaker) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['upstream', 'address'],
      registers: [registry],
      collect() {
        for (const [upstream, breakers] of all)
          for (const [address, breaker] of breakers) this.set({ upstream, address }, read(breaker))
      },
    })
  gauge(
    'stoa_upstream_away_seconds',
    'For how long an address of an upstream is known to be away: from when it was left until the last on trial had no answer; 0 when calls go there. It does not grow where nobody wants to go. Alert above 120.',
    ({ awayMs }) => awayMs / 1_000,
  )
  gauge(
    'stoa_upstream_state',
    'Whether calls go to an address of an upstream: 0 yes (closed), 1 the next one, on trial, or one is (half-open), 2 no (open).',
    ({ state }) => STATE_NUMBERS[state],
  )
  return {
    of: (upstream, address, pauses = PAUSES) => {
      let breakers = all.get(upstream)
      if (!breakers) {
        breakers = new Map()
        all.set(upstream, breakers)
      }
      let breaker = breakers.get(address)
      if (!breaker) {
        const labels = { upstream, address }
        breaker = new Breaker({ opened: () => opened.inc(labels), pauses })
        breakers.set(address, breaker)
      }
      return breaker
    },
    health: () => {
      const checks: Record<string, string> = {}
      for (const [upstream, breakers] of all) {
        const away = [...breakers.values()].filter(({ admits }) => !admits).length
        if (away > 0) checks[upstream] = degraded(`${away} of ${breakers.size} addresses do not answer`)
      }
      return checks
    },
  }
}
