import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contract } from '@stoa/contract'
import {
  createDatabase,
  eventually,
  startTcpProxy,
  startTestHost,
  statements,
  type TestHost,
  withinOnce,
} from '@stoa/testing'
import { countingThing } from './fixture/counting-thing.ts'
import { type ThingContext, ThingMade, thing, thingContract } from './fixture/thing.ts'
import { defineService, effect, type Service } from './service.ts'

/** How often each of `versions` was done, by whom: [once, missing, more than once]. */
const tally = async ({ pool }: TestHost, by: string, total: number) => {
  const { rows } = await pool.query(
    `select count(*) filter (where n = 1)::int as once, count(*) filter (where n > 1)::int as more
    from (select version, count(*) as n from thing.done where by = $1 group by version) d`,
    [by],
  )
  return { once: rows[0].once, missing: total - rows[0].once - rows[0].more, more: rows[0].more }
}

describe('Two replicas side by side', () => {
  it('have every effect of 500 events exactly once, follow-ups and jobs included, with a pool of two', async () => {
    await using first = await startTestHost({ services: [countingThing()], poolSize: 2 })
    await using second = await startTestHost({
      services: [countingThing()],
      poolSize: 2,
      database: first.database,
    })
    const clients = [first.client(thingContract), second.client(thingContract)]
    await Promise.all(
      Array.from({ length: 10 }, async (_, writer) => {
        for (let n = 0; n < 50; n += 1) {
          await clients[n % 2]!.make({ id: `w${writer}`, versions: [writer * 50 + n] })
        }
      }),
    )
    await Promise.all([first.settled(), second.settled()])
    await first.settled()
    for (const by of ['count', 'follow', 'tell']) {
      assert.deepEqual(await tally(first, by, 500), { once: 500, missing: 0, more: 0 }, by)
    }
    const { rows } = await first.pool.query(
      `select key from (select key, version, lag(version) over (partition by key order by position) as before
      from thing.done where by = 'count') d where version < before`,
    )
    assert.deepEqual(rows, [], 'in order per key')
  })

  it('take over from each other at once when one stops', async () => {
    const atOnceMs = 2_000
    await using first = await startTestHost({ services: [countingThing()] })
    await using others = new AsyncDisposableStack()
    const another = async () =>
      others.use(await startTestHost({ services: [countingThing()], database: first.database }))
    let last = await another()
    await first.host.stop()
    await withinOnce(atOnceMs, async (version) => {
      const startedAt = performance.now()
      await last.client(thingContract).make({ id: 'a', versions: [version] })
      await eventually(async () => assert.equal((await tally(last, 'follow', version)).once, version))
      if (performance.now() - startedAt <= atOnceMs) return
      // For the next round, which there is when this one has taken longer.
      const next = await another()
      await last.host.stop()
      last = next
    })
  })
})

it('Cut connections to PostgreSQL, again and again under load, cost nothing but time', async () => {
  await using host = await startTestHost({ services: [countingThing()] })
  const client = host.client(thingContract)
  const made = new Set<number>()
  let stop = false
  const load = (async () => {
    for (let n = 0; !stop; n += 1) {
      // A cut may come between the commit and its answer: only what was answered is owed for certain.
      await client.make({ id: `k${n % 7}`, versions: [n] }).then(
        () => made.add(n),
        () => {},
      )
      await sleep(3)
    }
  })()
  const answered = (more: number) => {
    const goal = made.size + more
    return eventually(() => assert.ok(made.size >= goal), { timeoutMs: 30_000 })
  }
  for (let cut = 0; cut < 4; cut += 1) {
    await answered(30)
    await host.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
  }
  await answered(30)
  stop = true
  await load
  await eventually(() => host.settled(), { timeoutMs: 30_000 })
  const outcomes = async () => {
    const { rows } = await host.pool.query(
      `select e.aggregate_version::int as n,
        (select count(*)::int from thing.done where by = 'count' and version = e.aggregate_version) as counted,
        (select count(*)::int from thing.done where by = 'follow' and version = e.aggregate_version) as followed,
        (select count(*)::int from thing.done where by = 'tell' and version = e.aggregate_version) as told
      from log.event e where type = 'thing.made'`,
    )
    return rows
  }
  // A job that failed because its connection was cut comes again some 3 s later.
  await eventually(async () => assert.ok((await outcomes()).every(({ told }) => told >= 1)), {
    timeoutMs: 30_000,
  })
  const rows = await outcomes()
  const logged = new Set(rows.map(({ n }) => n))
  assert.deepEqual(
    [...made].filter((n) => !logged.has(n)),
    [],
    'everything that was answered is in the log',
  )
  assert.deepEqual(
    rows.filter(({ counted, followed }) => counted !== 1 || followed !== 1),
    [],
  )
  assert.equal((await host.pool.query('select from thing.parked')).rowCount, 0)
})

/** A process whose database is at `address`, or whose log is; where it answers its metrics and says whether it is ready. */
const watched = async (address: Record<string, string>, besides: readonly Service[] = []) => {
  const host = await startTestHost({
    services: [countingThing(), ...besides],
    environment: { INTERNAL_PORT: '0', DATABASE_REPLICA_URL: undefined, ...address },
  })
  const look = async (path: string) => {
    const response = await fetch(`${host.host.internalUrl}${path}`)
    return { status: response.status, text: await response.text() }
  }
  return Object.assign(host, {
    metrics: async () => (await look('/metrics')).text,
    ready: async () => {
      const { status, text } = await look('/readyz')
      return { status, checks: JSON.parse(text).checks as Record<string, string> }
    },
  })
}

describe('A process', { concurrency: true }, () => {
  it('says in its metrics that its database is away, which /metrics answers all the same', async () => {
    const database = await createDatabase()
    try {
      await using way = await startTcpProxy(database.url)
      await using host = await watched({ DATABASE_URL: way.through(database.url) })
      await eventually(async () => assert.match(await host.metrics(), /^stoa_ready 1$/m))
      way.lead('http://127.0.0.1:9')
      way.cut()
      await eventually(
        async () => {
          assert.equal((await host.ready()).status, 503)
          assert.match(await host.metrics(), /^stoa_ready 0$/m)
        },
        { timeoutMs: 10_000 },
      )
      way.lead(database.url)
      await eventually(async () => assert.match(await host.metrics(), /^stoa_ready 1$/m), {
        timeoutMs: 20_000,
      })
    } finally {
      await database.drop()
    }
  })

  it('is ready without a database that nothing lives in', async () => {
    const own = await createDatabase()
    try {
      const withoutTables = defineService({ contract: contract('passer', {}), operations: {} })
      await using host = await watched(
        {
          DATABASE_URL: 'postgres://nobody@127.0.0.1:9/nothing',
          THING_DATABASE_URL: own.url,
          LOG_DATABASE_URL: own.url,
        },
        [withoutTables],
      )
      await eventually(async () => assert.equal((await host.ready()).status, 200))
    } finally {
      await own.drop()
    }
  })

  it('goes on, degraded, while the database of the log alone is away, and says what waits', async () => {
    const ofLog = await createDatabase()
    try {
      await using way = await startTcpProxy(ofLog.url)
      await using host = await watched({ LOG_DATABASE_URL: way.through(ofLog.url) })
      const client = host.client(thingContract)
      await client.make({ id: 'a', versions: [1] })
      await host.settled()
      assert.match(await host.metrics(), /^stoa_log_up 1$/m)
      assert.match(await host.metrics(), /^stoa_outbox_oldest_seconds\{service="thing"\} 0$/m)
      way.lead('http://127.0.0.1:9')
      way.cut()
      await client.make({ id: 'a', versions: [2, 3] })
      await eventually(
        async () => {
          const { status, checks } = await host.ready()
          assert.equal(status, 200)
          assert.match(checks.log ?? '', /^degraded: /)
          const metrics = await host.metrics()
          assert.match(metrics, /^stoa_ready 1$/m)
          assert.match(metrics, /^stoa_log_up 0$/m)
          assert.match(metrics, /^stoa_outbox_oldest_seconds\{service="thing"\} (?!0$)/m)
        },
        { timeoutMs: 10_000 },
      )
      way.lead(ofLog.url)
      await eventually(() => host.settled(), { timeoutMs: 30_000 })
      assert.deepEqual(await tally(host, 'follow', 3), { once: 3, missing: 0, more: 0 })
      await eventually(async () => {
        assert.equal((await host.ready()).checks.log, 'ok')
        const metrics = await host.metrics()
        assert.match(metrics, /^stoa_log_up 1$/m)
        assert.match(metrics, /^stoa_outbox_oldest_seconds\{service="thing"\} 0$/m)
      })
    } finally {
      await ofLog.drop()
    }
  })
})

// They mostly wait.
describe('With nothing to do', { concurrency: true }, () => {
  it('leases of a dead process are taken over soon after they expire', async () => {
    await using host = await startTestHost({ services: [countingThing()] })
    await host.host.background!.stop()
    await host.pool.query(
      `insert into log.lease (name, owner, until)
      select name, 'a dead process', now() + interval '1 hour'
      from unnest(array['relay:thing', 'group:thing.count', 'group:thing.follow']) as name`,
    )
    await using next = await startTestHost({ services: [countingThing()], database: host.database })
    await next.client(thingContract).make({ id: 'a', versions: [1] })
    await sleep(1_000)
    assert.deepEqual(await tally(host, 'count', 1), { once: 0, missing: 1, more: 0 })
    await host.pool.query(`update log.lease set until = now() where owner = 'a dead process'`)
    // Seen by the next beat, which comes every 5 s.
    await eventually(async () => assert.equal((await tally(next, 'follow', 1)).once, 1), {
      timeoutMs: 12_000,
    })
  })

  it('leases are renewed though every connection of the calls is taken', async () => {
    await using host = await startTestHost({ services: [countingThing()] })
    const until = async () => {
      const { rows } = await host.pool.query(
        `select until from log.lease where name in ('relay:thing', 'group:thing.count') order by name`,
      )
      return rows.map((row) => row.until.getTime())
    }
    const { pool } = host.host.services[0]!.database
    const taken = await Promise.all(Array.from({ length: pool.size }, () => pool.connect()))
    try {
      const before = await until()
      assert.equal(before.length, 2)
      await eventually(
        async () => assert.ok((await until()).every((time, lease) => time > before[lease]! + 3_000)),
        { timeoutMs: 12_000 },
      )
    } finally {
      for (const client of taken) client.release()
    }
  })

  it('a process asks the database less than once a second', async () => {
    await using host = await startTestHost({ services: [countingThing()] })
    await host.client(thingContract).make({ id: 'a', versions: [1] })
    await host.settled()
    const until = async () => {
      const { rows } = await host.pool.query('select max(until) as until from log.lease')
      return rows[0].until.getTime() as number
    }
    const before = await until()
    // From one second after a beat on, two more come within ten, however long it takes to count them.
    await eventually(async () => assert.notEqual(await until(), before), { timeoutMs: 12_000 })
    await sleep(1_000)
    const counter = statements(host.database.url)
    await counter.reset()
    await sleep(10_000)
    const counts = [await counter.ofServices(), await counter.ofPlatform()]
    const total = counts.reduce((sum, { total }) => sum + total, 0)
    const all = counts.flatMap((part) => part.statements)
    assert.ok(total <= 10, `${total} statements in 10 s: ${JSON.stringify(all, null, 2)}`)
    assert.ok(all.every(({ calls }) => calls <= 10))
    assert.ok(total > 0, 'the counter counts')
  })
})

/** A machine that is busy with something else for a second says nothing about us: one round must do. */
const ROUNDS = 6

it('From commit to reaction it takes less than 250 ms at 200 events a second, in 99 of 100 cases', async () => {
  const took: number[] = []
  const committedAt = new Map<number, number>()
  const timed = effect({
    name: 'timed',
    hears: [ThingMade],
    handle: async (facts, ctx: ThingContext) => {
      await ctx.transaction(async () => {})
      for (const { payload } of facts) took.push(performance.now() - committedAt.get(payload.n)!)
    },
  })
  await using host = await startTestHost({ services: [thing({ reactions: [timed] })] })
  const client = host.client(thingContract)
  const round = async (first: number): Promise<number> => {
    took.length = 0
    const writes: Promise<unknown>[] = []
    const startedAt = performance.now()
    for (let at = 0; at < 400; at += 1) {
      const n = first + at
      const wait = startedAt + at * 5 - performance.now()
      if (wait > 0) await sleep(wait)
      committedAt.set(n, performance.now())
      writes.push(client.make({ id: `k${first}-${n % 20}`, versions: [n] }))
    }
    await Promise.all(writes)
    await host.settled()
    assert.equal(took.length, 400)
    took.sort((a, b) => a - b)
    return took[Math.floor(took.length * 0.99)]!
  }
  committedAt.set(-1, performance.now())
  await client.make({ id: 'warm', versions: [-1] })
  await host.settled()
  const p99s: number[] = []
  while (p99s.length < ROUNDS && !p99s.some((p99) => p99 < 250)) {
    // What is busy beside us is not for ever.
    if (p99s.length > 0) await sleep(2_000)
    p99s.push(await round(p99s.length * 1_000))
  }
  assert.ok(
    p99s.some((p99) => p99 < 250),
    `p99 of each round: ${p99s.map((p99) => p99.toFixed(1)).join(', ')} ms`,
  )
})
