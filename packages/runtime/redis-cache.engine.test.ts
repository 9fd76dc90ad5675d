import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { allWithinOnce, engineAddress, eventually, startRedisServer, withinOnce } from '@stoa/testing'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { Cache } from './cache.ts'
import { cacheContract, counter } from './cache-contract.ts'
import { COMMAND_TIMEOUT_MS, openRedis, redisScript } from './redis.ts'
import { redisCache } from './redis-cache.ts'

const { address, skip } = engineAddress('redis')

const forget = redisScript('forget', `return redis.call('UNLINK', unpack(KEYS))`)

/**
 * A process: a connection and a service's cache of its own. It waits for a reply that a busy machine holds up: who goes on
 * without one loads once more, and is not heard when he drops.
 */
async function aProcess(
  url: string,
  { prefix = `test-${randomUUID()}:`, service = 'shop', timeoutMs = 5_000 } = {},
) {
  const log = pino({ level: 'silent' })
  const redis = await openRedis({ url, prefix, log, metrics: new Registry(), timeoutMs })
  await eventually(() => redis.isUp())
  const cache = redisCache({ redis, service })
  return { redis, ...cache, cache, [Symbol.asyncDispose]: redis.close }
}

/** Several processes that share what is kept. */
async function processes(url: string, count: number) {
  const prefix = `test-${randomUUID()}:`
  const all = await Promise.all(Array.from({ length: count }, () => aProcess(url, { prefix })))
  return Object.assign(all, {
    [Symbol.asyncDispose]: async () => {
      for (const one of all) await one[Symbol.asyncDispose]()
    },
  })
}

/** The way to a Redis, which may be cut and mended while Redis itself lives on. */
async function cuttable(address: string) {
  const { hostname, port } = new URL(address)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((socket) => {
    const there = connect(Number(port), hostname)
    for (const [one, other] of [
      [socket, there],
      [there, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {}).on('close', () => other.destroy())
    }
    if (isCut) socket.destroy()
    else socket.pipe(there).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => {
      isCut = false
    },
    [Symbol.asyncDispose]: async () => {
      cut()
      server.close()
    },
  }
}

const forAMinute = { ttlSeconds: 60 }

describe('the cache in Redis', { skip }, () => {
  cacheContract(() => aProcess(address))

  it('gives one process what another has loaded', async () => {
    await using all = await processes(address, 2)
    const load = counter()
    assert.equal(await all[0]!.get('a', forAMinute, load), 1)
    assert.equal(await all[1]!.get('a', forAMinute, load), 1)
  })

  it('lets one load for all processes that ask at once', async () => {
    await using all = await processes(address, 4)
    let answers: number[] = []
    // Nobody waits for the load of another for more than a second.
    await withinOnce(900, async (attempt) => {
      const load = counter()
      const slowly = async () => {
        await sleep(100)
        return load()
      }
      const ask = (one: { cache: Cache }) => one.cache.get(`a ${attempt}`, forAMinute, slowly)
      answers = await Promise.all(all.flatMap((one) => [ask(one), ask(one)]))
    })
    assert.deepEqual(new Set(answers), new Set([1]))
  })

  it('waits a second for a load elsewhere and then loads for itself', async () => {
    await using all = await processes(address, 2)
    await allWithinOnce([2_500], async (attempt) => {
      const stuck = Promise.withResolvers<number>()
      const loads = Promise.withResolvers<void>()
      const first = all[0]!.get(`a ${attempt}`, forAMinute, () => {
        loads.resolve()
        return stuck.promise
      })
      await loads.promise
      const began = performance.now()
      assert.equal(await all[1]!.get(`a ${attempt}`, forAMinute, async () => 2), 2)
      const waited = performance.now() - began
      assert.ok(waited > 900, `${waited}`)
      stuck.resolve(1)
      assert.equal(await first, 1)
      return [waited]
    })
  })

  it('lets the next process load at once where a load failed', async () => {
    await using all = await processes(address, 2)
    const fails = Promise.withResolvers<number>()
    const loads = Promise.withResolvers<void>()
    const first = all[0]!.get('a', forAMinute, () => {
      loads.resolve()
      return fails.promise
    })
    await loads.promise
    const second = all[1]!.get('a', forAMinute, async () => 2)
    fails.reject(new Error('away'))
    await assert.rejects(first, /away/)
    assert.equal(await second, 2)
    assert.equal(await all[0]!.get('a', forAMinute, async () => 3), 2)
  })

  it('reaches every process with a drop', async () => {
    await using all = await processes(address, 3)
    const load = counter()
    for (const one of all) await one.get('a', { ttlSeconds: 60, tags: () => ['red'] }, load)
    await all[1]!.drop('red')
    for (const one of all) assert.equal(await one.get('a', forAMinute, load), 2)
    await all[2]!.drop('a')
    for (const one of all) assert.equal(await one.get('a', forAMinute, load), 3)
  })

  it('does not keep what one process began to load before another dropped it', async () => {
    await using all = await processes(address, 2)
    for (const options of [forAMinute, { ttlSeconds: 60, tags: () => ['red'] }]) {
      const old = Promise.withResolvers<string>()
      const began = Promise.withResolvers<void>()
      const first = all[0]!.get('a', options, () => {
        began.resolve()
        return old.promise
      })
      await began.promise
      await all[1]!.drop('tags' in options ? 'red' : 'a')
      old.resolve('old')
      assert.equal(await first, 'old')
      assert.equal(await all[1]!.get('a', options, async () => 'new'), 'new')
      assert.equal(await all[0]!.get('a', options, async () => 'newer'), 'new')
      await all[0]!.drop('a')
    }
  })

  it('never gives any process a value older than a drop by any other', async () => {
    await using all = await processes(address, 3)
    let stored = 0
    let dropped = 0
    const options = { ttlSeconds: 60, tags: () => ['red'] }
    const work = async (at: number) => {
      for (let round = 0; round < 150; round += 1) {
        if (round % 5 === at) {
          stored += 1
          const changed = stored
          await all[at]!.drop(round % 2 === 0 ? 'a' : 'red')
          dropped = Math.max(dropped, changed)
        }
        const atLeast = dropped
        const value = await all[at]!.get('a', options, async () => {
          const value = stored
          await sleep(round % 3)
          return value
        })
        assert.ok(value >= atLeast, `${value} was given after ${atLeast} was dropped`)
        await sleep(round % 2)
      }
    }
    await Promise.all(all.map((_, at) => work(at)))
    assert.equal(await all[0]!.get('a', options, async () => stored), stored)
  })

  it('keeps services and shops apart', async () => {
    await using one = await aProcess(address, { prefix: 'test-apart:', service: 'one' })
    await using other = await aProcess(address, { prefix: 'test-apart:', service: 'other' })
    await using elsewhere = await aProcess(address, { prefix: 'test-elsewhere:', service: 'one' })
    const load = counter()
    const key = randomUUID()
    for (const [at, { get }] of [one, other, elsewhere].entries())
      assert.equal(await get(key, forAMinute, load), at + 1)
    await one.drop(key)
    assert.equal(await other.get(key, forAMinute, load), 2)
    assert.equal(await elsewhere.get(key, forAMinute, load), 3)
    for (const { drop } of [other, elsewhere]) await drop(key)
  })
})

describe('the cache while Redis fails', { skip }, () => {
  it('loads, with one load for those who ask at once, and keeps again when it is back', async () => {
    await using server = await startRedisServer()
    await using one = await aProcess(server.url)
    const load = counter()
    await one.get('a', forAMinute, load)
    await server.stop()
    assert.equal(await one.get('a', forAMinute, load), 2)
    assert.deepEqual(
      await Promise.all([one.get('a', forAMinute, load), one.get('a', forAMinute, load)]),
      [3, 3],
    )
    await one.drop('a')
    await server.start()
    await eventually(async () =>
      assert.equal(await one.get('a', forAMinute, load), await one.get('a', forAMinute, load)),
    )
  })

  it('costs a frozen Redis each of the first requests a moment, and the others nothing', async () => {
    await using server = await startRedisServer()
    await using one = await aProcess(server.url, { timeoutMs: COMMAND_TIMEOUT_MS })
    await allWithinOnce([600, 600, 600, ...Array<number>(7).fill(50)], async (attempt) => {
      await eventually(() => one.redis.isUp())
      server.freeze()
      const times: number[] = []
      for (let i = 0; i < 10; i += 1) {
        const began = performance.now()
        assert.equal(await one.get(`${attempt} ${i}`, forAMinute, async () => i), i)
        times.push(performance.now() - began)
      }
      server.thaw()
      return times
    })
  })

  it('tells a drop again that Redis did not hear, and believes nothing that is kept until then', async () => {
    await using line = await cuttable(address)
    const prefix = `test-${randomUUID()}:`
    await using cut = await aProcess(line.url, { prefix })
    await using other = await aProcess(address, { prefix })
    for (const key of ['a', 'b'])
      await cut.get(key, { ttlSeconds: 60, tags: () => [`of ${key}`] }, async () => 'old')
    line.cut()
    await cut.drop('a', 'of b')
    assert.equal(await other.get('a', forAMinute, async () => 'new'), 'old')
    line.mend()
    await eventually(() => cut.redis.isUp())
    for (const key of ['a', 'b']) assert.equal(await cut.get(key, forAMinute, async () => 'new'), 'new')
    await eventually(async () => {
      for (const key of ['a', 'b']) assert.equal(await other.get(key, forAMinute, async () => 'new'), 'new')
    })
  })

  it('takes what Redis has forgotten of its tags for dropped', async () => {
    await using one = await aProcess(address)
    const options = { ttlSeconds: 60, tags: () => ['red'] }
    const base = one.redis.keyOfThisLife('cache:{shop}')
    await one.get('a', options, async () => 'old')
    await one.drop('red')
    await one.redis.run(forget, [`${base}:tag:red`], [])
    assert.equal(await one.get('a', options, async () => 'new'), 'new')
    for (const key of ['b', 'a']) {
      const old = Promise.withResolvers<string>()
      const began = Promise.withResolvers<void>()
      const first = one.get(key, { ttlSeconds: 60, tags: () => ['blue'] }, () => {
        began.resolve()
        return old.promise
      })
      if (key === 'b') await began.promise
      await one.drop('blue')
      await one.redis.run(forget, [`${base}:tag:blue`, `${base}:dropped`], [])
      old.resolve('old')
      await first
      assert.equal(await one.get(key, options, async () => 'new'), 'new')
    }
  })

  it('does not bring back what was dropped after the last time Redis saved itself', async () => {
    await using server = await startRedisServer({ save: '3600 1' })
    await using one = await aProcess(server.url)
    await one.get('a', forAMinute, async () => 'old')
    await server.stop('gently')
    await server.start()
    await eventually(() => assert.ok(one.redis.isUp()))
    assert.equal(await one.get('a', forAMinute, async () => 'new'), 'new')
  })

  it('bears a Redis that throws away whatever it likes', async () => {
    await using server = await startRedisServer({ maxmemory: '3mb', 'maxmemory-policy': 'allkeys-lru' })
    await using all = await processes(server.url, 2)
    let stored = 0
    /** What was stored when all, or those of a key, were dropped: nothing older may be given out after it. */
    let ofAll = 0
    const ofKey = new Map<string, number>()
    for (let round = 0; round < 400; round += 1) {
      const key = `${round % 40}`
      const options = { ttlSeconds: 60, tags: () => [`of ${key}`, 'of all'] }
      if (round % 7 === 0) {
        stored += 1
        if (round % 14 === 0) ofAll = stored
        else ofKey.set(key, stored)
        await all[round % 2]!.drop(round % 14 === 0 ? 'of all' : `of ${key}`)
      }
      // Nothing that can be compressed: all of them together are more than fits.
      const load = async () => ({ stored, filling: randomBytes(75_000).toString('base64') })
      const value = await all[(round + 1) % 2]!.get(key, options, load)
      assert.ok(value.stored >= Math.max(ofAll, ofKey.get(key) ?? 0))
    }
    const told = await all[0]!.redis.run(
      redisScript('stats', `return redis.call('INFO', 'stats')`),
      ['any'],
      [],
    )
    assert.ok(Number(/^evicted_keys:(\d+)/m.exec(String(told))![1]) > 0, 'it threw something away')
  })
})
