import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Rejection } from '@stoa/contract'
import {
  allWithinOnce,
  createDatabase,
  eventually,
  startReplicatedPostgres,
  startTcpProxy,
  startTestHost,
  type TcpProxy,
  type TestDatabase,
  type TestHost,
  withinOnce,
} from '@stoa/testing'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { type Database, openDatabase } from './database.ts'
import { isOutage } from './database-errors.ts'
import { createDatabaseMetrics } from './databases.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { countingThing } from './fixture/counting-thing.ts'
import { thingContract } from './fixture/thing.ts'
import { DatabasePool } from './pool.ts'

const open = (url: string, poolSize = 2): Database & AsyncDisposable => {
  const database = openDatabase({
    url,
    poolSize,
    applicationName: 'test',
    log: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
  })
  return { ...database, [Symbol.asyncDispose]: database.close }
}
const pidOf = async ({ query }: Pick<Database, 'query'>) =>
  (await query<{ pid: number }>('select pg_backend_pid() as pid'))[0]!.pid
/** Opens as many connections as the pool may have. */
const fill = ({ pool, query }: Database) =>
  Promise.all(Array.from({ length: pool.size }, () => query('select pg_sleep(0.05)')))
const timed = async <T>(work: Promise<T>): Promise<{ ms: number; error: unknown }> => {
  const startedAt = performance.now()
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  return { ms: performance.now() - startedAt, error }
}

describe('A pool', () => {
  let test: TestDatabase
  let proxy: TcpProxy
  before(async () => {
    test = await createDatabase()
    proxy = await startTcpProxy(test.url)
  })
  after(async () => {
    await proxy?.[Symbol.asyncDispose]()
    await test?.drop()
  })

  it('hands out none of the connections that the server ended while they were idle', async () => {
    await using database = open(test.url, 4)
    await using other = open(test.url)
    await fill(database)
    await other.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    )
    await eventually(() => assert(database.pool.lost > 0))
    await Promise.all(Array.from({ length: 20 }, () => database.query('select 1')))
  })

  it('ends connections that nobody needs, after a quarter of an hour where nothing else is said', async () => {
    await using usual = open(test.url)
    assert.equal(usual.pool.options.idleTimeoutMillis, 15 * 60_000)
    const pool = new DatabasePool({
      url: test.url,
      size: 3,
      idleTimeoutMs: 500,
      log: pino({ level: 'silent' }),
    })
    try {
      const [inUse, ...others] = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
      assert.equal(pool.totalCount, 3)
      for (const client of others) client.release()
      await eventually(() => assert.equal(pool.totalCount, 1))
      await sleep(600)
      assert.equal(pool.totalCount, 1, 'the one that somebody holds stays')
      inUse.release()
      await eventually(() => assert.equal(pool.totalCount, 0))
      await pool.query('select 1')
      assert.equal(pool.lost, 0, 'none of them broke')
    } finally {
      await pool.end()
    }
  })

  it('asks, once a connection has broken, before it trusts the others: a forgotten one costs a second, no error', async () => {
    await allWithinOnce([4_000, 1_000], async () => {
      await using database = open(proxy.through(test.url), 3)
      await fill(database)
      proxy.freeze('those that there are')
      proxy.cut(1)
      await sleep(20)
      await new Promise(setImmediate)
      const { ms, error } = await timed(database.query('select 1'))
      assert.equal(error, undefined)
      assert(ms > 1_000, `${ms} ms`)
      const again = await timed(Promise.all(Array.from({ length: 3 }, () => database.query('select 1'))))
      assert.equal(again.error, undefined)
      proxy.cut()
      return [ms, again.ms]
    })
  })

  it('finds out within 5 s that the server is silent, and works again as soon as it speaks', async () => {
    await allWithinOnce([5_500, 3_000, 2_000], async () => {
      await using database = open(proxy.through(test.url))
      await fill(database)
      proxy.freeze()
      const answers = await Promise.all(Array.from({ length: 6 }, () => timed(database.query('select 1'))))
      for (const { error } of answers) assert(isOutage(error), String(error))
      // Once it is known, nobody waits.
      const known = await timed(database.query('select 1'))
      assert(isOutage(known.error), String(known.error))
      proxy.thaw()
      const { ms, error } = await timed(database.query('select 1'))
      assert.equal(error, undefined)
      assert(database.pool.lost >= 2)
      return [Math.max(...answers.map((answer) => answer.ms)), known.ms, ms]
    })
  })

  it('lets a slow statement be slow while the server answers others', async () => {
    await using database = open(test.url)
    const pid = await pidOf(database)
    await database.query('select pg_sleep(3.5)')
    assert.equal(await pidOf(database), pid)
    assert.equal(database.pool.lost, 0)
  })

  it('does not take the server for silent that lets nobody new in and answers the others', async () => {
    await using database = open(proxy.through(test.url))
    await fill(database)
    proxy.freeze('those to come')
    const chatting = setInterval(() => database.query('select 1').catch(() => {}), 200)
    try {
      await database.query('select pg_sleep(6)')
    } finally {
      clearInterval(chatting)
      proxy.thaw()
    }
    assert.equal(database.pool.lost, 0)
  })

  it('does not take the server for silent because this process is too busy to hear it', async () => {
    await using database = open(test.url, 1)
    await fill(database)
    const sleeping = database.query('select pg_sleep(6)')
    let over = false
    const ended = sleeping.finally(() => {
      over = true
    })
    while (!over) {
      const until = performance.now() + 800
      while (performance.now() < until);
      // One look at the network between two pieces of work.
      await new Promise(setImmediate)
    }
    await ended
    assert.equal(database.pool.lost, 0)
  })

  it('makes its connections anew when the server turns out to be read-only', async () => {
    await using database = open(test.url, 1)
    const pid = await pidOf(database)
    await database.query('set default_transaction_read_only = on')
    const { error } = await timed(database.query('create table written (id int)'))
    assert(isOutage(error), String(error))
    await database.query('create table written (id int)')
    assert.notEqual(await pidOf(database), pid)
  })

  it('lets a bounded number wait: one more is told at once', async () => {
    await using database = open(test.url)
    const held = [await database.pool.connect(), await database.pool.connect()]
    const waiting = Array.from({ length: 1_000 }, () => database.query('select 1'))
    await sleep(0)
    let refusals = 0
    await withinOnce(100, async () => {
      const { error } = await timed(database.query('select 1'))
      assert.match(String(error), /1000 callers wait/)
      assert(isOutage(error))
      refusals += 1
    })
    const registry = new Registry()
    createDatabaseMetrics(registry, () => [database])
    const metrics = await registry.metrics()
    for (const line of ['max', 'size', 'in_use'])
      assert.match(metrics, new RegExp(`stoa_database_pool_${line}\\{database="shared"\\} 2`))
    assert.match(metrics, /stoa_database_pool_waiting\{database="shared"\} 1000/)
    assert.match(
      metrics,
      new RegExp(`stoa_database_pool_refused_total\\{database="shared",reason="full"\\} ${refusals}\n`),
    )
    for (const client of held) client.release()
    await Promise.all(waiting)
  })

  it('tells a caller for whom no connection becomes free within 5 s', async () => {
    await allWithinOnce([6_500], async () => {
      await using database = open(test.url)
      const held = [await database.pool.connect(), await database.pool.connect()]
      const { ms, error } = await timed(database.query('select 1'))
      assert(isOutage(error), String(error))
      assert(ms > 4_500, `${ms} ms`)
      assert.equal(database.pool.refusals.timeout, 1)
      for (const client of held) client.release()
      return [ms]
    })
  })
})

it('A standby is not taken for the primary, until it has become one', async () => {
  await using servers = await startReplicatedPostgres()
  await using database = open(servers.standby().url)
  const { error } = await timed(database.query('select 1'))
  assert(isOutage(error), String(error))
  assert.match(String(error), /standby/)
  await using admin = openDatabaseOfStandby(servers.standby().url)
  await admin.query('select pg_promote()')
  await eventually(() => database.query('create table written (id int)'))
})

/** Reads from a standby, as a replica's pool does. */
function openDatabaseOfStandby(url: string) {
  const database = openDatabase({
    url,
    replicaUrl: url,
    poolSize: 1,
    applicationName: 'test',
    log: pino({ level: 'silent' }),
  })
  const { pool } = database.replica!
  return {
    query: (text: string) => pool.query(text),
    [Symbol.asyncDispose]: database.close,
  }
}

describe('A service', () => {
  it('answers 503 within its deadline while the database accepts and never answers, and goes on when it does', async () => {
    await using database = await createDatabase()
    await using proxy = await startTcpProxy(database.url)
    await using host = await startTestHost({
      services: [countingThing()],
      database,
      environment: { DATABASE_URL: proxy.through(database.url) },
    })
    const client = host.client(thingContract)
    await client.make({ id: 'a', versions: [1] })
    proxy.freeze()
    const calls = await Promise.all(
      Array.from({ length: 10 }, (_, n) => timed(client.make({ id: 'b', versions: [100 + n] }))),
    )
    for (const { ms, error } of calls) {
      assert(error instanceof Rejection && error.code === 'UNAVAILABLE', String(error))
      assert(ms < 9_000, `${ms} ms`)
    }
    assert.equal((await host.host.ready()).ok, false)
    proxy.thaw()
    await eventually(() => client.make({ id: 'a', versions: [2] }))
    // Reactions and jobs, too, have found out by themselves.
    await eventually(
      async () => {
        const { rows } = await host.pool.query(
          `select version::int from thing.done where by = 'count' and key = 'a' order by 1`,
        )
        assert.deepEqual(
          rows.map(({ version }) => version),
          [1, 2],
        )
      },
      { timeoutMs: 20_000 },
    )
    await eventually(async () => assert((await host.host.ready()).ok), { timeoutMs: 20_000 })
  })

  it('is ready, however many wait for a connection, while the server answers', async () => {
    await using host = await startTestHost({ services: [countingThing()] })
    const { query } = host.host.services[0]!.database
    const isReady = async () => {
      const { ok, checks } = await host.host.ready()
      assert(ok, JSON.stringify(checks))
    }
    // The last of them waits for two seconds and a half, on a machine that stands still for longer: after five it is told.
    const crowd = Promise.allSettled(Array.from({ length: 50 }, () => query('select pg_sleep(0.1)')))
    const { pool } = host.host.services[0]!.database
    await eventually(() => assert.ok(pool.waitingCount > 0))
    await isReady()
    await crowd
    assert.equal(pool.refusals.full, 0)
    const slow = [query('select pg_sleep(3.5)'), query('select pg_sleep(3.5)')]
    await sleep(2_500)
    await isReady()
    await Promise.all(slow)
  })

  it('survives a server that is killed under load: nothing is done twice, nothing that was accepted is lost', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'stoa-pool-'))
    const postgres = await startEmbeddedPostgres({ dataDirectory: join(directory, 'postgres') })
    try {
      await using database: TestDatabase = {
        name: 'postgres',
        url: postgres.url,
        drop: async () => {},
        [Symbol.asyncDispose]: async () => {},
      }
      await using host = await startTestHost({ services: [countingThing()], database })
      const load = startLoad(host)
      await eventually(() => assert(load.accepted.length > 50))
      // As a crash: the keeper of the embedded server starts it again on the same port.
      process.kill(postgres.pid, 'SIGKILL')
      await load.goesOnAfterAnOutage()
      await load.ends()
    } finally {
      await postgres.stop()
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('goes on at the standby that took over, with all that was accepted before', async () => {
    await using servers = await startReplicatedPostgres()
    // What is confirmed is on both.
    await using admin = open(servers.primary.url)
    await admin.query(`alter system set synchronous_standby_names = '*'`)
    await admin.query('select pg_reload_conf()')
    await using proxy = await startTcpProxy(servers.primary.url)
    await using database: TestDatabase = {
      name: 'postgres',
      url: proxy.through(servers.primary.url),
      drop: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }
    await using host = await startTestHost({ services: [countingThing()], database })
    const load = startLoad(host)
    await eventually(() => assert(load.accepted.length > 50), { timeoutMs: 20_000 })
    await servers.primary.stop()
    await using successor = openDatabaseOfStandby(servers.standby().url)
    await successor.query(`alter system set synchronous_standby_names = ''`)
    await successor.query('select pg_reload_conf()')
    await successor.query('select pg_promote()')
    proxy.lead(servers.standby().url)
    await load.goesOnAfterAnOutage()
    await load.ends()
  })
})

/** Four writers that never stop. Each call is accepted or refused as an outage. */
function startLoad(host: TestHost) {
  const client = host.client(thingContract)
  const accepted: number[] = []
  let [running, next, refused] = [true, 0, 0]
  const writer = async () => {
    while (running) {
      next += 1
      const n = next
      await client.make({ id: `k${n % 5}`, versions: [n] }).then(
        () => accepted.push(n),
        (error: unknown) => {
          assert(error instanceof Rejection && ['UNAVAILABLE', 'TIMEOUT'].includes(error.code), String(error))
          refused += 1
          return sleep(20)
        },
      )
    }
  }
  const writers = Promise.all(Array.from({ length: 4 }, writer))
  writers.catch(() => {})
  return {
    accepted,
    goesOnAfterAnOutage: async () => {
      await eventually(() => assert(refused > 0))
      const before = accepted.length
      await eventually(() => assert(accepted.length > before + 50, `${accepted.length - before} since`), {
        timeoutMs: 30_000,
      })
    },
    /** Every accepted change has its effect, and none has it twice. */
    ends: async () => {
      running = false
      await writers
      // A job that was locked into a connection that broke is free after half a minute at the latest.
      await host.host.background!.settled(60_000)
      const { rows } = await host.pool.query(
        `select by, version::int, count(*)::int as times from thing.done where by in ('count', 'follow') group by 1, 2`,
      )
      assert.deepEqual(
        rows.filter(({ times }) => times !== 1),
        [],
      )
      const done = new Set(rows.map(({ by, version }) => `${by} ${version}`))
      assert.deepEqual(
        accepted.flatMap((n) => [`count ${n}`, `follow ${n}`]).filter((effect) => !done.has(effect)),
        [],
      )
    },
  }
}
