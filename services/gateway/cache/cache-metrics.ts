import { Counter, Gauge, type Registry } from 'prom-client'
import type { Kept } from './kept.ts'

/** `hit`: from memory; `stale`: from memory while another is made; `miss`: made now; `bypass`: not for the cache. */
export type CacheResult = 'hit' | 'stale' | 'miss' | 'bypass'

export type CacheMetrics = {
  /** Counts one request; bound to its operation, because a hit is worth microseconds. */
  readonly of: (operation: string) => Readonly<Record<CacheResult, () => void>>
}

export function cacheMetrics(registry: Registry, { answers }: Kept): CacheMetrics {
  const requests = new Counter({
    name: 'gateway_cache_requests_total',
    help: 'Requests for answers that may be kept, by what became of them',
    labelNames: ['operation', 'result'],
    registers: [registry],
  })
  new Gauge({
    name: 'gateway_cache_bytes',
    help: 'Memory that kept answers take, by operation',
    labelNames: ['operation'],
    registers: [registry],
    collect() {
      for (const [operation, bytes] of answers.bytes) this.set({ operation }, bytes)
    },
  })
  new Gauge({
    name: 'gateway_cache_answers',
    help: 'Answers that are kept',
    registers: [registry],
    collect() {
      this.set(answers.count)
    },
  })
  const count = (operation: string, result: CacheResult) => {
    const child = requests.labels(operation, result)
    return () => child.inc()
  }
  return {
    of: (operation) => ({
      hit: count(operation, 'hit'),
      stale: count(operation, 'stale'),
      miss: count(operation, 'miss'),
      bypass: count(operation, 'bypass'),
    }),
  }
}
