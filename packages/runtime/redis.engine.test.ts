import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { freePort } from '@stoa/engines'
import {
  allWithinOnce,
  createAuthority,
  engineAddress,
  eventually,
  startRedisServer,
  withinOnce,
} from '@stoa/testing'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { COMMAND_TIMEOUT_MS, openRedis, type Redis, RedisAway, redisScript } from './redis.ts'

const { address, skip } = engineAddress('redis')

const put = redisScript('put', `redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return {1, ARGV[1]}`)

const get = redisScript('get', `return redis.call('GET', KEYS[1])`)

/** With patience, unless a test is about how long it waits: a reply that a busy machine holds up is late and no failure. */
const connected = async (url: string, { timeoutMs = 5_000 }: { timeoutMs?: number } = {}) => {
  const metrics = new Registry()
  const prefix = `test-${randomUUID()}:`
  const redis = await openRedis({ url, prefix, log: pino({ level: 'silent' }), metrics, timeoutMs })
  return { ...redis, metrics, [Symbol.asyncDispose]: redis.close }
}
const away = (error: unknown) => error instanceof RedisAway
const elapsed = async (work: Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work.catch(() => {})
  return performance.now() - began
}
const use = (redis: Redis) => redis.run(put, ['used'], ['yes', 60_000])

describe('a connection to Redis', { skip }, () => {
  it('runs scripts, known to the server or not, and reads text and bytes', async () => {
    await using redis = await connected(address)
    const script = redisScript('new', `${put.source} -- ${randomUUID()}`)
    assert.deepEqual(await redis.run(script, ['key'], ['täxt', 60_000]), [1, 'täxt'])
    assert.deepEqual(await redis.run(script, ['key'], [Buffer.from([0, 255]), 60_000]), [1, '\u0000\ufffd'])
    assert.deepEqual(await redis.run(get, ['key'], [], { asBytes: true }), Buffer.from([0, 255]))
    await redis.run(script, ['key'], ['text', 60_000])
    assert.equal(await redis.run(get, ['key'], []), 'text')
    assert.equal(await redis.run(get, ['no-such-key'], []), null)
  })

  it('sees nothing of what is kept under another prefix', async () => {
    await using one = await connected(address)
    await using other = await connected(address)
    await one.run(put, ['key'], ['mine', 60_000])
    assert.equal(await other.run(get, ['key'], []), null)
  })

  it('starts without a Redis, says so in its health, and refuses at once', async () => {
    await using redis = await connected('redis://127.0.0.1:1')
    assert.match(redis.health(), /^degraded: .*ECONNREFUSED/)
    await assert.rejects(use(redis), away)
    assert.match(
      await redis.metrics.metrics(),
      /stoa_redis_up 0[\s\S]*stoa_redis_failures_total{reason="away"} 1/,
    )
    await withinOnce(50, () => assert.rejects(use(redis), away))
  })
})

describe('a Redis that fails', { skip }, () => {
  it('is gone without when it stops, and used again when it is back', async () => {
    await using server = await startRedisServer()
    await using redis = await connected(server.url)
    await use(redis)
    await server.stop()
    await eventually(() => assert.match(redis.health(), /^degraded/))
    await withinOnce(50, () => assert.rejects(use(redis), away))
    await server.start()
    await eventually(() => assert.equal(redis.health(), 'ok'))
    await use(redis)
  })

  it('holds nobody for longer than the time-out when it freezes, and after three nobody at all', async () => {
    await using server = await startRedisServer()
    await using redis = await connected(server.url, { timeoutMs: COMMAND_TIMEOUT_MS })
    const bounds = [COMMAND_TIMEOUT_MS + 300, COMMAND_TIMEOUT_MS, COMMAND_TIMEOUT_MS, 50, 50]
    await allWithinOnce(bounds, async () => {
      await eventually(() => use(redis))
      server.freeze()
      const times: number[] = []
      for (const _ of bounds) times.push(await elapsed(assert.rejects(use(redis), away)))
      assert.ok(times[0]! > COMMAND_TIMEOUT_MS - 20, `${times}`)
      server.thaw()
      await eventually(() => assert.equal(redis.health(), 'ok'))
      return times
    })
    await eventually(() => use(redis))
  })

  it('is waited for as long as a test says, and used again at once', async () => {
    await using server = await startRedisServer()
    await using redis = await connected(server.url)
    await use(redis)
    server.freeze()
    const late = use(redis)
    await sleep(2 * COMMAND_TIMEOUT_MS)
    server.thaw()
    await late
    assert.equal(redis.health(), 'ok')
  })

  it('that wants a password is used with the right one alone', async () => {
    await using server = await startRedisServer({ requirepass: 'sesame' })
    await using right = await connected(`redis://:sesame@127.0.0.1:${server.port}`)
    await use(right)
    await using wrong = await connected(`redis://:open@127.0.0.1:${server.port}`)
    assert.match(wrong.health(), /^degraded: WRONGPASS/)
    await assert.rejects(use(wrong), away)
  })

  it('behind TLS is used with a certificate that is trusted, and with no other', async (test) => {
    await using authority = await createAuthority()
    const { certificateFile, keyFile } = await authority.issue('DNS:localhost')
    await using plain = await startRedisServer({
      'tls-cert-file': certificateFile,
      'tls-key-file': keyFile,
      'tls-auth-clients': 'no',
    })
    const port = await freePort()
    await plain.command('CONFIG', 'SET', 'tls-port', String(port))
    const url = `rediss://localhost:${port}`
    await using stranger = await connected(url)
    assert.match(stranger.health(), /^degraded: .*certificate/)
    const trusted = getCACertificates()
    test.after(() => setDefaultCACertificates(trusted))
    setDefaultCACertificates([...trusted, authority.certificate])
    await using redis = await connected(url)
    assert.equal(redis.health(), 'ok')
    await use(redis)
  })

  it('is used by who may neither ask what it is nor do what is dangerous', async () => {
    await using server = await startRedisServer({ user: 'shop on >sesame ~* &* +@all -@dangerous -@admin' })
    await using redis = await connected(`redis://shop:sesame@127.0.0.1:${server.port}`)
    assert.equal(redis.health(), 'ok')
    await use(redis)
  })

  it('that only follows another is gone without, until it leads', async () => {
    await using leader = await startRedisServer()
    await using server = await startRedisServer({ replicaof: `127.0.0.1 ${leader.port}` })
    await using redis = await connected(server.url)
    assert.match(redis.health(), /^degraded: READONLY/)
    await assert.rejects(use(redis), away)
    await server.command('REPLICAOF', 'NO', 'ONE')
    await eventually(() => assert.equal(redis.health(), 'ok'))
    await use(redis)
  })

  it('that is full is gone without, until there is room', async () => {
    await using server = await startRedisServer()
    await using redis = await connected(server.url)
    await use(redis)
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    for (let i = 0; i < 3; i += 1) await assert.rejects(use(redis), away)
    assert.match(redis.health(), /^degraded: OOM/)
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
    await eventually(() => assert.equal(redis.health(), 'ok'))
  })

  it('is asked for other keys in each of its lives, and for the same ones in one', async () => {
    await using server = await startRedisServer()
    await using redis = await connected(server.url)
    await using other = await connected(server.url)
    const before = redis.keyOfThisLife('key')
    assert.equal(other.keyOfThisLife('key'), before)
    await server.stop('gently')
    await server.start()
    await eventually(() => assert.notEqual(redis.keyOfThisLife('key'), before))
  })
})
