/** Remembers for a time, at most so many: the oldest are forgotten first. */
export type ExpiringMap<T> = {
  readonly get: (key: string) => T | undefined
  readonly set: (key: string, value: T) => void
}

export function expiringMap<T>({
  keepMs,
  max,
  now,
}: {
  keepMs: number
  max: number
  now: () => number
}): ExpiringMap<T> {
  const entries = new Map<string, { value: T; until: number }>()
  return {
    get: (key) => {
      const entry = entries.get(key)
      if (!entry) return undefined
      if (entry.until > now()) return entry.value
      entries.delete(key)
      return undefined
    },
    set: (key, value) => {
      entries.delete(key)
      entries.set(key, { value, until: now() + keepMs })
      for (const oldest of entries.keys()) {
        if (entries.size <= max) break
        entries.delete(oldest)
      }
    },
  }
}
