import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { allWithinOnce, eventually, startTestHost, type TestHost } from '@stoa/testing'
import { pino } from 'pino'
import { type Database, openDatabase } from './database.ts'
import { jobInput, record, type ThingContext, thing } from './fixture/thing.ts'
import type { EventLog } from './log.ts'
import { createPostgresLog } from './postgres-log.ts'
import { createRelay } from './relay.ts'
import { job } from './service.ts'

const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' })

/** Everything but the background work of a host: relays are started by the test. */
async function setUp() {
  const later = job({ name: 'later', input: jobInput, maxAttempts: 7, handle: async () => {} })
  const host = await startTestHost({ services: [thing({ jobs: [later] })] })
  // The host's own relay must not help.
  await host.host.background!.stop()
  const databases: Database[] = []
  const open = () => {
    const database = openDatabase({
      url: host.database.url,
      poolSize: 2,
      applicationName: 'test',
      log: logger,
    })
    databases.push(database)
    return database
  }
  const relay = async (
    over: { append?: (log: EventLog) => EventLog['append']; leads?: () => boolean } = {},
  ) => {
    const database = open()
    const log = await createPostgresLog(database)
    return createRelay({
      services: host.host.services.map((hosted) => ({ ...hosted, database })),
      database,
      log: over.append ? { ...log, append: over.append(log) } : log,
      logger,
      leads: over.leads ?? (() => true),
      scheduled: () => {},
    })
  }
  return {
    host,
    relay,
    logged: async () => {
      const { rows } = await host.pool.query(
        'select key, aggregate_version::int as version from log.event order by topic, position',
      )
      return rows.map(({ key, version }) => `${key}${version}`)
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(databases.map(({ pool }) => pool.end()))
      await host[Symbol.asyncDispose]()
    },
  }
}

const announce = (
  connection: { query: (text: string, values: unknown[]) => Promise<unknown> },
  key: string,
  version: number,
) =>
  connection.query(
    `insert into thing.outbox (kind, id, name, key, aggregate_version, payload)
    values ('event', $1, 'thing.made', $2, $3, jsonb_build_object('id', $2::text, 'n', $3::bigint))`,
    [randomUUID(), key, version],
  )

const scheduleRow = (host: TestHost, name: string, key: string | null, n: number) =>
  host.pool.query(
    `insert into thing.outbox (kind, id, name, key, payload) values ('job', $1, $2, $3, jsonb_build_object('n', $4::int))`,
    [randomUUID(), name, key, n],
  )

async function drained(relay: {
  wake: (names: string[]) => void
  isEmpty: (names: string[]) => Promise<boolean>
}) {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await relay.isEmpty(['thing'])) return
    relay.wake(['thing'])
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail('the outbox was not emptied in time')
}

/** One that loses its lease with its first append: the turn of that is its last, until it has the lease again. */
const relayOfOneAppend = async (test: Awaited<ReturnType<typeof setUp>>) => {
  const lease = { held: true }
  const relay = await test.relay({
    leads: () => lease.held,
    append: (log) => async (events) => {
      await log.append(events)
      lease.held = false
    },
  })
  return { relay, lease }
}

describe('The relay', () => {
  it('loses no event whose lower position becomes visible after a higher one', async () => {
    await using test = await setUp()
    const relay = await test.relay()
    const slow = await test.host.pool.connect()
    try {
      await slow.query('begin')
      await announce(slow, 'a', 1)
      await announce(test.host.pool, 'b', 1)
      // The other row holds the lower position and is not visible yet, so the outbox looks empty when b is through.
      await drained(relay)
      assert.deepEqual(await test.logged(), ['b1'])
      await slow.query('commit')
      await drained(relay)
      assert.deepEqual(await test.logged(), ['b1', 'a1'])
    } finally {
      slow.release()
      await relay.stop()
    }
  })

  it('loses, doubles and reorders nothing when two run because a lease has expired under a slow turn', async () => {
    await using test = await setUp()
    // Every turn of the slow one ends between 0 and 40 ms after it has read its rows.
    const slow = await test.relay({
      append: (log) => async (events) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 40))
        await log.append(events)
      },
    })
    const quick = await test.relay()
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let version = 1; version <= 60; version += 1) {
        await announce(test.host.pool, `key${writer}-`, version)
        slow.wake(['thing'])
        quick.wake(['thing'])
      }
    })
    await Promise.all(writers)
    await Promise.all([drained(slow), drained(quick)])
    const logged = await test.logged()
    assert.equal(logged.length, 240)
    for (let writer = 0; writer < 4; writer += 1) {
      assert.deepEqual(
        logged.filter((entry) => entry.startsWith(`key${writer}-`)),
        Array.from({ length: 60 }, (_, index) => `key${writer}-${index + 1}`),
      )
    }
    await Promise.all([slow.stop(), quick.stop()])
  })

  it('keeps everything in the outbox while the log is away, and goes on by itself', async () => {
    await using test = await setUp()
    let failures = 0
    const relay = await test.relay({
      append: (log) => async (events) => {
        failures += 1
        if (failures <= 2) throw new Error('the log is away')
        await log.append(events)
      },
    })
    await announce(test.host.pool, 'a', 1)
    await announce(test.host.pool, 'a', 2)
    relay.wake(['thing'])
    await drained(relay)
    assert.equal(failures, 3)
    assert.deepEqual(await test.logged(), ['a1', 'a2'])
    await relay.stop()
  })

  it('tells how long the oldest has waited that the log or the job runner does not take, and 0 when nothing waits', async () => {
    await using test = await setUp()
    let isAway = true
    let leads = true
    const relay = await test.relay({
      leads: () => leads,
      append: (log) => async (events) => {
        if (isAway) throw new Error('the log is away')
        await log.append(events)
      },
    })
    const waits = () => relay.waiting().get('thing')!
    const leave = (kind: 'event' | 'job', count: number, minutes: number) =>
      test.host.pool.query(
        `insert into thing.outbox (kind, id, name, key, aggregate_version, payload, occurred_at)
        select $1, gen_random_uuid(), case $1 when 'event' then 'thing.made' else 'later' end, 'a' || n, n,
          jsonb_build_object('id', 'a', 'n', n), now() - make_interval(mins => $3)
        from generate_series(1, $2::int) n order by n`,
        [kind, count, minutes],
      )
    assert.equal(waits(), 0)
    // Two batches, and more.
    await leave('event', 600, 20)
    await leave('event', 600, 10)
    relay.wake(['thing'])
    await eventually(() => assert.ok(waits() >= 20 * 60_000 && waits() < 25 * 60_000, `${waits()} ms`))
    await leave('job', 1, 30)
    await test.host.pool.query(`alter function graphile_worker.add_jobs rename to add_no_jobs`)
    relay.wake(['thing'])
    await eventually(() => assert.ok(waits() >= 30 * 60_000, `${waits()} ms`))
    leads = false
    assert.deepEqual([...relay.waiting()], [], 'another process tells it')
    leads = true
    await test.host.pool.query(`alter function graphile_worker.add_no_jobs rename to add_jobs`)
    relay.wake(['thing'])
    await eventually(() => assert.ok(waits() < 25 * 60_000, `${waits()} ms`), { timeoutMs: 10_000 })
    isAway = false
    // At once, and not only when it next looks.
    await eventually(() => assert.equal(waits(), 0), { timeoutMs: 10_000 })
    // What it cannot read may wait.
    await test.host.pool.query('alter table thing.outbox rename to hidden')
    relay.wake(['thing'])
    await eventually(() => assert.ok(waits() > 0))
    await test.host.pool.query('alter table thing.hidden rename to outbox')
    await eventually(() => assert.equal(waits(), 0), { timeoutMs: 10_000 })
    await relay.stop()
  })

  it('tells of a backlog that it works off no more than has left, and no less than waits', async () => {
    await using test = await setUp()
    const { relay, lease } = await relayOfOneAppend(test)
    // A batch, and more.
    await test.host.pool.query(
      `insert into thing.outbox (kind, id, name, key, aggregate_version, payload, occurred_at)
      select 'event', gen_random_uuid(), 'thing.made', 'a', n, jsonb_build_object('id', 'a', 'n', n), now() - make_interval(mins => 1000 - n)
      from generate_series(1, 600) n order by n`,
    )
    relay.wake(['thing'])
    await eventually(async () => assert.equal((await test.logged()).length, 500))
    await eventually(() => assert.equal(lease.held, false))
    lease.held = true
    await eventually(() => {
      const minutes = relay.waiting().get('thing')! / 60_000
      assert.ok(minutes >= 500 && minutes < 505, `${minutes} min`)
    })
    await relay.stop()
  })

  it('hands jobs over at once while the log is away or says nothing, however many events wait', async () => {
    await using test = await setUp()
    let answer = Promise.withResolvers<void>()
    const relay = await test.relay({
      append: (log) => async (events) => {
        await answer.promise
        await log.append(events)
      },
    })
    const handedOver = async () => {
      const { rows } = await test.host.pool.query(
        `select (payload->'input'->>'n')::int as n from graphile_worker._private_jobs where key like 'thing/%' order by 1`,
      )
      return rows.map(({ n }) => n)
    }
    const soonHandedOver = async (...expected: number[]) => {
      relay.wake(['thing'])
      await eventually(async () => assert.deepEqual(await handedOver(), expected), { timeoutMs: 4_000 })
    }
    await test.host.pool.query(
      `insert into thing.outbox (kind, id, name, key, aggregate_version, payload)
      select 'event', gen_random_uuid(), 'thing.made', 'a', n, jsonb_build_object('id', 'a', 'n', n)
      from generate_series(1, 1200) n order by n`,
    )
    await scheduleRow(test.host, 'later', 'behind-them', 1)
    await soonHandedOver(1)
    // The append of before is still without an answer.
    await scheduleRow(test.host, 'later', 'meanwhile', 2)
    await soonHandedOver(1, 2)
    answer.reject(new Error('the log is away'))
    await scheduleRow(test.host, 'later', 'away', 3)
    await soonHandedOver(1, 2, 3)
    assert.deepEqual(await test.logged(), [])
    answer = Promise.withResolvers<void>()
    answer.resolve()
    await drained(relay)
    assert.deepEqual(
      await test.logged(),
      Array.from({ length: 1_200 }, (_, index) => `a${index + 1}`),
    )
    await relay.stop()
  })

  it('appends once what the log takes while a turn for jobs alone is under way', async () => {
    await using test = await setUp()
    const gate = Promise.withResolvers<void>()
    const asked: string[][] = []
    const relay = await test.relay({
      append: (log) => async (events) => {
        asked.push(events.map(({ key }) => key))
        if (asked.length === 1) await gate.promise
        await log.append(events)
      },
    })
    await announce(test.host.pool, 'a', 1)
    relay.wake(['thing'])
    await eventually(() => assert.equal(asked.length, 1))
    // Slow by now.
    await sleep(1_200)
    const lock = await test.host.pool.connect()
    try {
      await lock.query('begin')
      await lock.query('lock table thing.outbox in access exclusive mode')
      relay.wake(['thing'])
      await eventually(async () => {
        const { rows } = await test.host.pool.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
        assert.equal(rows.length, 1)
      })
      gate.resolve()
      await eventually(async () => assert.deepEqual(await test.logged(), ['a1']))
      await sleep(50)
    } finally {
      await lock.query('rollback')
      lock.release()
    }
    await drained(relay)
    assert.deepEqual(asked, [['a']])
    await relay.stop()
  })

  it('ends within 2 s though the log says nothing, and leaves its events to the next', async () => {
    await using test = await setUp()
    const silence = Promise.withResolvers<void>()
    await announce(test.host.pool, 'a', 1)
    await allWithinOnce([2_000], async () => {
      const asked = Promise.withResolvers<void>()
      const append = () => () => {
        asked.resolve()
        return silence.promise
      }
      const relay = await test.relay({ append })
      relay.wake(['thing'])
      await asked.promise
      const startedAt = performance.now()
      await relay.stop()
      return [performance.now() - startedAt]
    })
    const next = await test.relay()
    next.wake(['thing'])
    await drained(next)
    assert.deepEqual(await test.logged(), ['a1'])
    silence.resolve()
    await next.stop()
  })

  it('appends nothing more of a service that another process leads by now', async () => {
    await using test = await setUp()
    let leads = true
    let appends = 0
    const relay = await test.relay({
      leads: () => leads,
      append: (log) => async (events) => {
        appends += 1
        leads = false
        await log.append(events)
      },
    })
    // Three turns' worth.
    await test.host.pool.query(
      `insert into thing.outbox (kind, id, name, key, aggregate_version, payload)
      select 'event', gen_random_uuid(), 'thing.made', 'a', n, jsonb_build_object('id', 'a', 'n', n)
      from generate_series(1, 1200) n order by n`,
    )
    relay.wake(['thing'])
    const left = async () =>
      (await test.host.pool.query('select count(*)::int as n from thing.outbox')).rows[0].n
    await eventually(async () => assert.equal(await left(), 700), { timeoutMs: 4_000 })
    await relay.stop()
    assert.deepEqual([appends, await left()], [1, 700])
  })

  it('deletes what it has delivered of a service that another process leads by now', async () => {
    await using test = await setUp()
    const { relay } = await relayOfOneAppend(test)
    await announce(test.host.pool, 'a', 1)
    relay.wake(['thing'])
    await eventually(async () => assert.deepEqual(await test.logged(), ['a1']))
    await drained(relay)
    const { rows } = await test.host.pool.query('select count(*)::int as n from thing.outbox')
    assert.deepEqual(rows, [{ n: 0 }])
    await relay.stop()
  })

  it('hands a job over exactly once, though two relays run', async () => {
    await using test = await setUp()
    const relays = [await test.relay(), await test.relay()]
    for (let n = 0; n < 100; n += 1) {
      await scheduleRow(test.host, 'later', null, n)
      for (const relay of relays) relay.wake(['thing'])
    }
    for (const relay of relays) await drained(relay)
    const { rows } = await test.host.pool.query(
      `select count(*)::int as n, count(distinct payload->'input'->>'n')::int as distinct_n
      from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = task_id
      where t.identifier = 'thing/later'`,
    )
    assert.deepEqual(rows, [{ n: 100, distinct_n: 100 }])
    await Promise.all(relays.map((relay) => relay.stop()))
  })

  it('hands a job over though the one that it replaces is being fetched at that moment', async () => {
    await using test = await setUp()
    const relay = await test.relay()
    await scheduleRow(test.host, 'later', 'k', 1)
    relay.wake(['thing'])
    await drained(relay)
    const fetch = await test.host.pool.connect()
    try {
      await fetch.query('begin')
      await fetch.query(`update graphile_worker._private_jobs set locked_at = now(), locked_by = 'worker'`)
      await scheduleRow(test.host, 'later', 'k', 2)
      relay.wake(['thing'])
      await eventually(async () => {
        const { rows } = await test.host.pool.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
        assert.equal(rows.length, 1)
      })
      await fetch.query('commit')
    } finally {
      fetch.release()
    }
    await drained(relay)
    const { rows } = await test.host.pool.query(
      `select (payload->'input'->>'n')::int as n, locked_by from graphile_worker._private_jobs order by 1`,
    )
    assert.deepEqual(rows, [
      { n: 1, locked_by: 'worker' },
      { n: 2, locked_by: null },
    ])
    await relay.stop()
  })

  it('keeps one waiting job per key, the latest, also within one turn', async () => {
    await using test = await setUp()
    const relay = await test.relay()
    for (let n = 1; n <= 3; n += 1) await scheduleRow(test.host, 'later', 'same', n)
    await drained(relay)
    await scheduleRow(test.host, 'later', 'same', 4)
    await scheduleRow(test.host, 'later', 'x'.repeat(2_000), 5)
    await drained(relay)
    const { rows } = await test.host.pool.query(
      `select (payload->'input'->>'n')::int as n from graphile_worker._private_jobs where key like 'thing/%' order by 1`,
    )
    assert.deepEqual(rows, [{ n: 4 }, { n: 5 }])
    await relay.stop()
  })
})

it('announces to listeners outside of business transactions only', async () => {
  const tell = job({
    name: 'tell',
    input: jobInput,
    handle: async (_, ctx: ThingContext) => void (await record(ctx, [])),
  })
  await using host = await startTestHost({ services: [thing({ jobs: [tell] })] })
  const client = await host.pool.connect()
  const notified: string[] = []
  client.on('notification', ({ channel }) => notified.push(channel))
  try {
    await client.query(
      'listen stoa_outbox; listen "stoa_log:thing.made"; listen "stoa_jobs:thing"; listen "jobs:insert"',
    )
    await host.host.background!.stop()
    const things = host.client(host.host.services[0]!.service.contract) as unknown as Record<
      string,
      (input: object) => Promise<unknown>
    >
    await things.make!({ id: 'a', versions: [1, 2] })
    await things.schedule!({ job: 'tell', n: 1 })
    await client.query('select 1')
    assert.deepEqual(notified, [])
  } finally {
    client.release(true)
  }
})
