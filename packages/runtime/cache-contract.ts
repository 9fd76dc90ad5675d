import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ALL, type Cache, MAX_TAGS } from './cache.ts'

export type CacheUnderTest = { readonly cache: Cache } & AsyncDisposable

const forAMinute = { ttlSeconds: 60 }

/** Answers how often it was called, so far. */
export const counter = () => {
  let loads = 0
  return async () => {
    loads += 1
    return loads
  }
}

/** What every cache promises, whatever it is kept in. `open` makes an empty one. */
export function cacheContract(open: () => Promise<CacheUnderTest>): void {
  const using = (name: string, test: (cache: Cache) => Promise<void>) =>
    it(name, async () => {
      await using opened = await open()
      await test(opened.cache)
    })

  using('loads a value once until it expires', async (cache) => {
    const briefly = { ttlSeconds: 0.5 }
    const load = counter()
    const began = performance.now()
    assert.equal(await cache.get('a', briefly, load), 1)
    const second = await cache.get('a', briefly, load)
    const tookMs = performance.now() - began
    // On a busy machine it may have expired by then, a tenth early at most.
    assert.ok(second === 1 || (second === 2 && tookMs >= 450), `${second} after ${tookMs} ms`)
    await sleep(550)
    assert.equal(await cache.get('a', briefly, load), second + 1)
  })

  using('shares one load among those who ask at once', async (cache) => {
    const load = counter()
    const asked = Array.from({ length: 5 }, () => cache.get('a', forAMinute, load))
    assert.deepEqual(await Promise.all(asked), [1, 1, 1, 1, 1])
  })

  using('gives everybody the value as JSON has it', async (cache) => {
    const at = new Date(0)
    const load = async (): Promise<unknown> => ({ at, text: 'ä\n', list: [null, 1.5], missing: undefined })
    const expected = { at: at.toISOString(), text: 'ä\n', list: [null, 1.5] }
    assert.deepEqual(await cache.get('a', forAMinute, load), expected)
    assert.deepEqual(await cache.get('a', forAMinute, load), expected)
    for (const value of ['', 'text', 'x'.repeat(100_000), null, 0, false, []]) {
      await cache.drop('b')
      assert.deepEqual(await cache.get<unknown>('b', forAMinute, async () => value), value)
      assert.deepEqual(await cache.get<unknown>('b', forAMinute, async () => 'other'), value)
    }
  })

  using('does not keep a failure', async (cache) => {
    const fails = () => Promise.reject(new Error('away'))
    await assert.rejects(cache.get('a', forAMinute, fails), /away/)
    assert.equal(await cache.get('a', forAMinute, async () => 'back'), 'back')
  })

  using('bears a load that throws before it promises anything', async (cache) => {
    const throws = () => {
      throw new Error('at once')
    }
    await assert.rejects(cache.get('a', forAMinute, throws), /at once/)
    assert.equal(await cache.get('a', forAMinute, async () => 'back'), 'back')
  })

  using('keeps a value for as long as the value says, and not at all for 0 s', async (cache) => {
    const load = counter()
    const options = { ttlSeconds: (value: number) => (value < 2 ? 0 : 60) }
    assert.equal(await cache.get('a', options, load), 1)
    assert.equal(await cache.get('a', options, load), 2)
    assert.equal(await cache.get('a', options, load), 2)
  })

  using('forgets a key that is dropped, and nothing else', async (cache) => {
    const load = counter()
    const long = 'b'.repeat(5_000)
    for (const key of ['a', long, `${long}c`]) await cache.get(key, forAMinute, load)
    await cache.drop('a', long)
    assert.equal(await cache.get('a', forAMinute, load), 4)
    assert.equal(await cache.get(long, forAMinute, load), 5)
    assert.equal(await cache.get(`${long}c`, forAMinute, load), 3)
  })

  using('forgets what has a tag that is dropped, and nothing else', async (cache) => {
    const load = counter()
    const tagged = (...tags: string[]) => ({ ttlSeconds: 60, tags: () => tags })
    await cache.get('a', tagged('red', 'round'), load)
    await cache.get('b', tagged('red'), load)
    await cache.get('c', tagged('round'), load)
    await cache.get('red/d', tagged(), load)
    await cache.drop('red')
    assert.equal(await cache.get('a', tagged('red', 'round'), load), 5)
    assert.equal(await cache.get('b', tagged('red'), load), 6)
    assert.equal(await cache.get('c', tagged('round'), load), 3)
    assert.equal(await cache.get('red/d', tagged(), load), 4)
    await cache.drop('round')
    assert.equal(await cache.get('a', tagged('red', 'round'), load), 7)
    assert.equal(await cache.get('b', tagged('red'), load), 6)
  })

  using('forgets everything when all is dropped', async (cache) => {
    const load = counter()
    await cache.get('a', forAMinute, load)
    await cache.get('b', { ttlSeconds: 60, tags: () => ['red'] }, load)
    await cache.drop(ALL)
    assert.equal(await cache.get('a', forAMinute, load), 3)
    assert.equal(await cache.get('b', forAMinute, load), 4)
  })

  using('does not keep what has too many tags', async (cache) => {
    const load = counter()
    const tags = Array.from({ length: MAX_TAGS + 1 }, (_, at) => `tag ${at}`)
    await cache.get('a', { ttlSeconds: 60, tags: () => tags }, load)
    assert.equal(await cache.get('a', { ttlSeconds: 60, tags: () => tags.slice(1) }, load), 2)
    assert.equal(await cache.get('a', forAMinute, load), 2)
    await cache.drop(tags.at(-1)!)
    assert.equal(await cache.get('a', forAMinute, load), 3)
  })

  for (const [what, name] of [
    ['its key', 'a'],
    ['a tag of it', 'red'],
    ['everything', ALL],
  ] as const) {
    using(`gives what was begun before a drop of ${what} to who waited, and keeps it not`, async (cache) => {
      const options = { ttlSeconds: 60, tags: () => ['red'] }
      // The tag is known from before in one case and new in the other.
      for (const key of ['a', 'b']) {
        if (name === 'a' && key === 'b') continue
        const old = Promise.withResolvers<string>()
        const began = Promise.withResolvers<void>()
        const first = cache.get(key, options, () => {
          began.resolve()
          return old.promise
        })
        await began.promise
        await cache.drop(name)
        const second = cache.get(key, options, async () => 'new')
        old.resolve('old')
        assert.equal(await first, 'old')
        assert.equal(await second, 'new')
        assert.notEqual(await cache.get(key, options, async () => 'newest'), 'old')
      }
    })
  }

  using('keeps a newer value when an older load fails late', async (cache) => {
    const old = Promise.withResolvers<string>()
    const first = cache.get('a', forAMinute, () => old.promise)
    await cache.drop('a')
    await cache.get('a', forAMinute, async () => 'new')
    old.reject(new Error('late'))
    await assert.rejects(first, /late/)
    assert.equal(await cache.get('a', forAMinute, async () => 'newest'), 'new')
  })

  using('never gives a value that is older than a drop, however loads and drops meet', async (cache) => {
    let stored = 0
    /** What has been changed and dropped: nobody who asks now may be given an older one. */
    let dropped = 0
    let loads = 0
    const changes = 60
    const options = { ttlSeconds: 60, tags: () => ['red'] }
    const read = async (): Promise<void> => {
      for (let round = 0; dropped < changes; round += 1) {
        const atLeast = dropped
        const value = await cache.get('a', options, async () => {
          loads += 1
          const value = stored
          await sleep(round % 3)
          return value
        })
        assert.ok(value >= atLeast, `${value} was given after ${atLeast} was dropped`)
        await sleep(round % 2)
      }
    }
    const write = async (): Promise<void> => {
      while (dropped < changes) {
        stored += 1
        await cache.drop(stored % 2 === 0 ? 'a' : 'red')
        dropped = stored
        await sleep(stored % 4)
      }
    }
    await Promise.all([read(), read(), read(), write()])
    assert.ok(loads > 1)
  })
}
