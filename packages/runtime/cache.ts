import { Counter, type Registry } from 'prom-client'

/**
 * A bounded memory of what was loaded, per service: in this process, or in Redis where `REDIS_URL` names one. It holds copies: whatever
 * is lost, dropped too early or away is loaded again, and nothing fails for it.
 *
 * - **One load.** Concurrent misses of a key share one load within a process. Over processes that share a Redis one loads and the others
 *   wait for it, at most a second; after that they load for themselves.
 * - **No old value.** A value whose load began before a drop of its key, or of one of its tags, is given to those who wait for it and
 *   never kept.
 * - **JSON.** Everybody is given the value as JSON has it (a `Date` is text by then), and must not change it.
 */
export type Cache = {
  /** The value under `key`, or what `load` answers, kept for at most `ttlSeconds`. A failed load is not kept. */
  readonly get: <T>(key: string, options: CacheOptions<T>, load: () => Promise<T>) => Promise<T>
  /**
   * Forgets what is kept under these keys, and what has them as tags; `ALL` forgets everything. In this process it holds from the call
   * on. In Redis it holds for all processes when the promise resolves, or, while Redis is away, from when it is back: it is repeated
   * until then. So what may on no account outlive a change is dropped by an `everywhere` reaction as well: each process does it.
   */
  readonly drop: (...names: readonly string[]) => Promise<void>
}

export type CacheOptions<T> = {
  /** At most 30 days; up to a tenth less, so that what was kept at once is not missed at once. 0: is not kept. */
  readonly ttlSeconds: number | ((value: T) => number)
  /** By what else it is dropped: what it shows, and what would show in it. At most `MAX_TAGS`; with more it is not kept. */
  readonly tags?: (value: T) => readonly string[]
  /** Kept only where a drop reaches every process by itself: in Redis. Without one it is loaded each time. */
  readonly sharedOnly?: boolean
}

/** A name that everything has. */
export const ALL = '*'
export const MAX_TAGS = 250
/** What shortens a time to live at random. */
export const JITTER = 0.1

export type CacheResult = 'hit' | 'miss' | 'joined' | 'bypass'

/** Counts what became of requests, by service. */
export function createCacheMetrics(
  registry: Registry,
): (service: string) => Readonly<Record<CacheResult, () => void>> {
  const requests = new Counter({
    name: 'stoa_cache_requests_total',
    help: "Requests to a service's cache: hit, miss (loaded), joined (a load that ran already), bypass (Redis is away).",
    labelNames: ['service', 'result'],
    registers: [registry],
  })
  return (service) => {
    const count = (result: CacheResult) => {
      const child = requests.labels(service, result)
      return () => child.inc()
    }
    return { hit: count('hit'), miss: count('miss'), joined: count('joined'), bypass: count('bypass') }
  }
}

type Entry = { readonly value: unknown; readonly tags: readonly string[]; readonly expiresAt: number }
/** A load under way, and what was dropped since it began. Nobody who comes after a drop joins it. */
type Flight = { value: Promise<unknown> | undefined; readonly dropped: Set<string> }

/** In this process. At most `maxEntries`; the least recently used goes first. */
export function memoryCache({
  maxEntries,
  counts,
  now = Date.now,
  random = Math.random,
}: {
  maxEntries: number
  counts?: Readonly<Record<CacheResult, () => void>>
  now?: () => number
  random?: () => number
}): Cache {
  const entries = new Map<string, Entry>()
  const byTag = new Map<string, Set<string>>()
  const flights = new Map<string, Flight>()
  /** All that run, those that nobody joins any longer included. */
  const flying = new Set<Flight>()

  const forget = (key: string): void => {
    const entry = entries.get(key)
    if (!entry) return
    entries.delete(key)
    for (const tag of entry.tags) {
      const keys = byTag.get(tag)
      keys?.delete(key)
      if (keys?.size === 0) byTag.delete(tag)
    }
  }
  const keep = (key: string, entry: Entry): void => {
    forget(key)
    entries.set(key, entry)
    for (const tag of entry.tags) byTag.set(tag, (byTag.get(tag) ?? new Set()).add(key))
    if (entries.size > maxEntries) forget(entries.keys().next().value as string)
  }

  const fly = <T>(key: string, options: CacheOptions<T>, load: () => Promise<T>): Promise<T> => {
    const flight: Flight = { value: undefined, dropped: new Set() }
    const run = async (): Promise<T> => {
      const beganAt = now()
      try {
        const loaded = asJson(await load())
        if (loaded === undefined || options.sharedOnly) return loaded
        const tags = options.tags?.(loaded) ?? []
        const ttlMs = ttlMsOf(options, loaded, random)
        const { dropped } = flight
        const isCurrent = dropped.size === 0 || ![ALL, key, ...tags].some((name) => dropped.has(name))
        if (isCurrent && ttlMs > 0 && tags.length <= MAX_TAGS)
          keep(key, { value: loaded, tags, expiresAt: beganAt + ttlMs })
        return loaded
      } finally {
        flying.delete(flight)
        if (flights.get(key) === flight) flights.delete(key)
      }
    }
    flights.set(key, flight)
    flying.add(flight)
    const value = run()
    flight.value = value
    return value
  }

  return {
    async get<T>(key: string, options: CacheOptions<T>, load: () => Promise<T>): Promise<T> {
      const found = entries.get(key)
      if (found && found.expiresAt > now()) {
        entries.delete(key)
        entries.set(key, found)
        counts?.hit()
        return found.value as T
      }
      forget(key)
      const flight = flights.get(key)
      if (flight?.value) {
        counts?.joined()
        return flight.value as Promise<T>
      }
      counts?.miss()
      return fly(key, options, load)
    },
    async drop(...names) {
      flights.clear()
      for (const flight of flying) for (const name of names) flight.dropped.add(name)
      if (names.includes(ALL)) {
        entries.clear()
        byTag.clear()
        return
      }
      for (const name of names) {
        forget(name)
        for (const key of [...(byTag.get(name) ?? [])]) forget(key)
      }
    },
  }
}

/** A value as JSON has it. */
function asJson<T>(value: T): T {
  if (typeof value === 'string' || value === undefined) return value
  const text = JSON.stringify(value)
  return text === undefined ? (undefined as T) : JSON.parse(text)
}

const MAX_TTL_MS = 30 * 86_400_000

/** How long a value is kept, shortened at random. */
export function ttlMsOf<T>({ ttlSeconds }: CacheOptions<T>, value: T, random: () => number): number {
  const seconds = typeof ttlSeconds === 'number' ? ttlSeconds : ttlSeconds(value)
  return Math.min(MAX_TTL_MS, Math.floor(seconds * 1_000 * (1 - JITTER * random())))
}
