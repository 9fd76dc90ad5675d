/** What goes wrong with the next calls to the API, on demand. */
export type FailureKind = 409 | 429 | 500 | 502 | 503 | 'hang' | 'reset'

export type Failure = {
  kind: FailureKind
  /** How many calls still fail. */
  count: number
  /**
   * `before`: nothing happens. `after`: the call takes effect and is remembered under its key, only
   * its answer is lost, which is what a timeout looks like from outside.
   */
  when: 'after' | 'before'
  /** Only calls with this method, e.g. `POST`; all when absent. */
  method?: string
  /** Only calls whose path contains this, e.g. `/confirm`; all when absent. */
  path?: string
}

export type Faults = ReturnType<typeof createFaults>

/** Faults waiting at once; more than a test can mean. */
export const MAX_FAILURES = 100

export function createFaults({ now }: { now: () => number }) {
  let failures: Failure[] = []
  let latencyMs = 0
  let frozenUntilMs = 0

  return {
    /** The fault that this call runs into, used up by asking; the one given first wins. */
    take({ method, path }: { method: string; path: string }): Pick<Failure, 'kind' | 'when'> | null {
      if (now() < frozenUntilMs) return { kind: 'hang', when: 'before' }
      const failure = failures.find(
        (candidate) =>
          candidate.count > 0 &&
          (candidate.method === undefined || candidate.method === method) &&
          (candidate.path === undefined || path.includes(candidate.path)),
      )
      if (failure === undefined) return null
      failure.count -= 1
      failures = failures.filter(({ count }) => count > 0)
      return { kind: failure.kind, when: failure.when }
    },
    latencyMs: () => latencyMs,
    add(failure: Failure) {
      failures.push(failure)
    },
    setLatency(ms: number) {
      latencyMs = ms
    },
    /** Every call that arrives in the next `ms` is accepted, never run and never answered. */
    freeze(ms: number) {
      frozenUntilMs = now() + ms
    },
    describe: () => ({ latencyMs, frozenForMs: Math.max(0, frozenUntilMs - now()), fail: failures }),
    clear() {
      failures = []
      latencyMs = 0
      frozenUntilMs = 0
    },
  }
}
