/**
 * A bounded memory of answers, per service. Values must be JSON, so that a shared cache can hold them too.
 * Concurrent misses of one key share one load.
 */
export type Cache = {
  /** The value under `key`, or what `load` returns, kept for `ttlSeconds`. A failed load is not kept. */
  readonly get: <T>(key: string, ttlSeconds: number, load: () => Promise<T>) => Promise<T>
  readonly drop: (key: string) => void
}

type Entry = { readonly value: Promise<unknown>; readonly expiresAt: number }

/** At most `maxEntries`; the least recently used goes first. */
export function memoryCache({
  maxEntries,
  now = Date.now,
}: {
  maxEntries: number
  now?: () => number
}): Cache {
  const entries = new Map<string, Entry>()
  return {
    get<T>(key: string, ttlSeconds: number, load: () => Promise<T>): Promise<T> {
      const found = entries.get(key)
      if (found) {
        entries.delete(key)
        if (found.expiresAt > now()) {
          entries.set(key, found)
          return found.value as Promise<T>
        }
      }
      const value = load()
      const entry: Entry = { value, expiresAt: now() + ttlSeconds * 1000 }
      entries.set(key, entry)
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
      value.catch(() => {
        if (entries.get(key) === entry) entries.delete(key)
      })
      return value
    },
    drop: (key) => void entries.delete(key),
  }
}
