import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryCache } from './cache.ts'

describe('the cache', () => {
  const at = { ms: 0 }
  const cacheOf = (maxEntries: number) => memoryCache({ maxEntries, now: () => at.ms })
  const counter = () => {
    let loads = 0
    return async () => {
      loads += 1
      return loads
    }
  }

  it('loads a value once until it expires', async () => {
    const cache = cacheOf(10)
    const load = counter()
    at.ms = 0
    assert.equal(await cache.get('a', 1, load), 1)
    at.ms = 999
    assert.equal(await cache.get('a', 1, load), 1)
    at.ms = 1000
    assert.equal(await cache.get('a', 1, load), 2)
  })
  it('shares one load among those who ask at once', async () => {
    const cache = cacheOf(10)
    const load = counter()
    assert.deepEqual(await Promise.all([cache.get('a', 1, load), cache.get('a', 1, load)]), [1, 1])
  })
  it('does not keep a failure', async () => {
    const cache = cacheOf(10)
    await assert.rejects(
      cache.get('a', 1, () => Promise.reject(new Error('away'))),
      /away/,
    )
    assert.equal(await cache.get('a', 1, async () => 'back'), 'back')
  })
  it('keeps a newer value when an older load fails late', async () => {
    const cache = cacheOf(10)
    const old = Promise.withResolvers<string>()
    const first = cache.get('a', 1, () => old.promise)
    cache.drop('a')
    await cache.get('a', 1, async () => 'new')
    old.reject(new Error('late'))
    await assert.rejects(first, /late/)
    assert.equal(await cache.get('a', 1, async () => 'newest'), 'new')
  })
  it('forgets what was least recently used when it is full', async () => {
    const cache = cacheOf(2)
    const load = counter()
    await cache.get('a', 1, load)
    await cache.get('b', 1, load)
    await cache.get('a', 1, load)
    await cache.get('c', 1, load)
    assert.equal(await cache.get('a', 1, load), 1)
    assert.equal(await cache.get('b', 1, load), 4)
  })
})
