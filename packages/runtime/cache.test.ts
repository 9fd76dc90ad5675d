import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Registry } from 'prom-client'
import { createCacheMetrics, memoryCache } from './cache.ts'
import { cacheContract, counter } from './cache-contract.ts'

describe('the cache in memory', () => {
  cacheContract(async () => ({
    cache: memoryCache({ maxEntries: 100 }),
    [Symbol.asyncDispose]: async () => {},
  }))

  it('forgets what was least recently used when it is full, and its tags with it', async () => {
    const cache = memoryCache({ maxEntries: 2 })
    const load = counter()
    const options = { ttlSeconds: 1, tags: () => ['red'] }
    await cache.get('a', options, load)
    await cache.get('b', options, load)
    await cache.get('a', options, load)
    await cache.get('c', options, load)
    assert.equal(await cache.get('a', options, load), 1)
    assert.equal(await cache.get('b', options, load), 4)
    await cache.drop('red')
    assert.equal(await cache.get('a', options, load), 5)
  })

  it('keeps a value for up to a tenth less than it was told, so that not all expire at once', async () => {
    const at = { ms: 0 }
    const cache = memoryCache({ maxEntries: 10, now: () => at.ms, random: () => 1 })
    const load = counter()
    await cache.get('a', { ttlSeconds: 10 }, load)
    at.ms = 8_999
    assert.equal(await cache.get('a', { ttlSeconds: 10 }, load), 1)
    at.ms = 9_000
    assert.equal(await cache.get('a', { ttlSeconds: 10 }, load), 2)
  })

  it('does not keep what may be kept only where a drop reaches every process, and shares its load', async () => {
    const cache = memoryCache({ maxEntries: 10 })
    const load = counter()
    const options = { ttlSeconds: 60, sharedOnly: true }
    assert.deepEqual(
      await Promise.all([cache.get('a', options, load), cache.get('a', options, load)]),
      [1, 1],
    )
    assert.equal(await cache.get('a', options, load), 2)
  })

  it('counts what became of requests', async () => {
    const registry = new Registry()
    const cache = memoryCache({ maxEntries: 10, counts: createCacheMetrics(registry)('shop') })
    const load = counter()
    await Promise.all([cache.get('a', { ttlSeconds: 60 }, load), cache.get('a', { ttlSeconds: 60 }, load)])
    await cache.get('a', { ttlSeconds: 60 }, load)
    const text = await registry.metrics()
    for (const result of ['hit', 'miss', 'joined'])
      assert.match(text, new RegExp(`stoa_cache_requests_total\\{service="shop",result="${result}"\\} 1`))
  })
})
