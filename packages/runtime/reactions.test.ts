import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contract, event, Rejection } from '@stoa/contract'
import { eventually, startTestHost, type TestHost } from '@stoa/testing'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { record, type ThingContext, ThingLost, ThingMade, thing, thingContract } from './fixture/thing.ts'
import type { LeaseWatcher } from './leases.ts'
import { createBackgroundMetrics } from './metrics.ts'
import { startReactions } from './reactions.ts'
import { defineService, effect, everywhere, type Fact, projection } from './service.ts'

type Made = Fact<typeof ThingMade>

const done = async ({ pool }: TestHost, by: string): Promise<string[]> => {
  const { rows } = await pool.query('select key, version from thing.done where by = $1 order by position', [
    by,
  ])
  return rows.map(({ key, version }) => `${key}${version}`)
}

const doneOf = (by: string, facts: readonly Made[]) =>
  facts.map(({ key, payload }) => ({ by, key, version: payload.n }))

/** An effect that records each fact; `fails` may throw before or inside of the transaction. */
const recording = (
  name: string,
  fails: { before?: (facts: readonly Made[]) => void; inside?: (facts: readonly Made[]) => void } = {},
) =>
  effect({
    name,
    hears: [ThingMade],
    handle: async (facts, ctx: ThingContext) => {
      fails.before?.(facts)
      await ctx.transaction(async (tx) => {
        await record(tx, doneOf(name, facts))
        fails.inside?.(facts)
      })
    },
  })

/** The same name in a later version, which nobody hears yet. */
const ThingMadeNext = event({ ...ThingMade, version: 2, key: () => 'a' })

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('An effect', () => {
  it('has each fact once and in order, in lists that share a transaction', async () => {
    let lists = 0
    const count = recording('count', {
      before: () => {
        lists += 1
      },
    })
    await using host = await startTestHost({ services: [thing({ reactions: [count] })] })
    await host.client(thingContract).make({ id: 'a', versions: range(1, 250) })
    await host.settled()
    assert.deepEqual(
      await done(host, 'count'),
      range(1, 250).map((n) => `a${n}`),
    )
    assert.ok(lists <= 5, `${lists} lists`)
  })

  it('does nothing more when facts are delivered again, alone or among new ones', async () => {
    await using host = await startTestHost({ services: [thing({ reactions: [recording('count')] })] })
    await host.client(thingContract).make({ id: 'a', versions: [1, 2] })
    await host.settled()
    // A crash before the position was stored: the group starts again from the beginning.
    await host.host.background!.stop()
    await host.pool.query('delete from log.cursor')
    await using again = await startTestHost({
      services: [thing({ reactions: [recording('count')] })],
      database: host.database,
    })
    await again.client(thingContract).make({ id: 'a', versions: [3] })
    await again.settled()
    assert.deepEqual(await done(host, 'count'), ['a1', 'a2', 'a3'])
  })

  it('does not happen when its memory cannot be written, and happens when it can', async () => {
    let failures = 2
    const count = recording('count', {
      inside: () => {
        failures -= 1
        if (failures >= 0) throw new Error('after the write, before the commit')
      },
    })
    await using host = await startTestHost({ services: [thing({ reactions: [count] })] })
    await host.client(thingContract).make({ id: 'a', versions: [1] })
    await host.settled()
    assert.deepEqual(await done(host, 'count'), ['a1'])
  })

  it('hears only the events and versions that it names', async () => {
    await using host = await startTestHost({ services: [thing({ reactions: [recording('count')] })] })
    await host.publish(ThingLost, { id: 'a' })
    await host.publish(ThingMadeNext, { id: 'a', n: 2 })
    await host.publish(ThingMade, { id: 'a', n: 1 })
    await host.settled()
    assert.deepEqual(await done(host, 'count'), ['a1'])
  })
})

describe('An event that keeps failing', { concurrency: true }, () => {
  const poison = (facts: readonly Made[]) => {
    if (facts.some(({ payload }) => payload.n === 3))
      throw new Error('cannot digest 3', { cause: new Error('too odd') })
  }

  it('is parked with its error while the rest goes on, and leaves when it is put back and succeeds', async () => {
    let cured = false
    const count = recording('count', { inside: (facts) => (cured ? undefined : poison(facts)) })
    await using host = await startTestHost({ services: [thing({ reactions: [count, recording('other')] })] })
    await host.client(thingContract).make({ id: 'a', versions: range(1, 6) })
    await host.settled()
    assert.deepEqual(await done(host, 'count'), ['a1', 'a2', 'a4', 'a5', 'a6'])
    assert.deepEqual(await done(host, 'other'), ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'])
    const { rows } = await host.pool.query('select reaction, event_id, event, error from thing.parked')
    assert.equal(rows.length, 1)
    assert.equal(rows[0].reaction, 'count')
    assert.match(rows[0].error, /cannot digest 3[\s\S]*caused by: Error: too odd/)
    assert.match(await host.host.metrics.metrics(), /stoa_parked_events_total\{reaction="thing\.count"\} 1/)

    const { background } = host.host
    const failed = await background!.putBack('thing', { eventId: rows[0].event_id })
    assert.equal(failed.done, 0)
    assert.match(failed.failed[0]!.error, /cannot digest 3/)
    cured = true
    assert.deepEqual(await background!.putBack('thing', { reaction: 'unheard' }), { done: 0, failed: [] })
    assert.deepEqual(await background!.putBack('thing'), { done: 1, failed: [] })
    assert.deepEqual(await done(host, 'count'), ['a1', 'a2', 'a4', 'a5', 'a6', 'a3'])
    assert.equal((await host.pool.query('select from thing.parked')).rowCount, 0)
  })

  it('is parked at once when its payload does not fit the schema that the service knows', async () => {
    await using host = await startTestHost({ services: [thing({ reactions: [recording('count')] })] })
    await host.host.log!.append([
      {
        id: randomUUID(),
        topic: 'thing',
        type: 'thing.made',
        schemaVersion: 1,
        key: 'a',
        version: 1,
        payload: { id: 'a', n: 'one' },
        traceparent: undefined,
        occurredAt: new Date(),
      },
    ])
    await host.client(thingContract).make({ id: 'a', versions: [2] })
    await host.settled()
    assert.deepEqual(await done(host, 'count'), ['a2'])
    const { rows } = await host.pool.query('select error from thing.parked')
    assert.match(rows[0].error, /does not fit its schema/)
  })

  it('waits, and the group with it, while something that it needs is away', async () => {
    let tries = 0
    const count = recording('count', {
      before: () => {
        tries += 1
        // More often than an event may fail by its own fault.
        if (tries <= 6) throw new Rejection('UNAVAILABLE')
      },
    })
    await using host = await startTestHost({ services: [thing({ reactions: [count] })] })
    await host.client(thingContract).make({ id: 'a', versions: [1, 2] })
    await eventually(() =>
      assert.match(
        host.host.background!.health().reactions!,
        /^degraded: waiting: thing\.count: UNAVAILABLE/,
      ),
    )
    const gauge = async (name: string) =>
      Number(
        new RegExp(`^${name}\\{reaction="thing\\.count"\\} (\\S+)$`, 'm').exec(
          await host.host.metrics.metrics(),
        )?.[1],
      )
    const seconds = await gauge('stoa_reaction_behind_seconds')
    assert(seconds > 0 && seconds < 5, `${seconds} s behind`)
    assert.equal(await gauge('stoa_reaction_lag'), 2, 'both events wait')
    await host.settled()
    assert.equal(await gauge('stoa_reaction_behind_seconds'), 0)
    assert.equal(await gauge('stoa_reaction_lag'), 0)
    assert.equal(host.host.background!.health().reactions, 'ok')
    assert.deepEqual(await done(host, 'count'), ['a1', 'a2'])
    assert.equal((await host.pool.query('select from thing.parked')).rowCount, 0)
  })
})

describe('A projection', () => {
  it('is delivered again from an older position when that is set back', async () => {
    const view = projection({
      name: 'view',
      hears: [ThingMade],
      handle: async (facts, ctx: ThingContext) => void (await record(ctx, doneOf('view', facts))),
    })
    await using host = await startTestHost({ services: [thing({ reactions: [view] })] })
    await host.client(thingContract).make({ id: 'a', versions: [1, 2] })
    await host.settled()
    await host.host.background!.stop()
    await host.pool.query(`update log.cursor set position = 0 where "group" = 'thing.view'`)
    await using again = await startTestHost({
      services: [thing({ reactions: [view] })],
      database: host.database,
    })
    await again.settled()
    assert.deepEqual(await done(host, 'view'), ['a1', 'a2', 'a1', 'a2'])
  })
})

describe('An everywhere reaction', () => {
  it('runs in each process, from the moment on in which it has subscribed, after it has loaded', async () => {
    const told: string[][] = [[], []]
    const replica = (index: number) =>
      thing({
        reactions: [
          everywhere({
            name: 'memory',
            hears: [ThingMade],
            load: async (ctx: ThingContext) => {
              told[index]!.push('loading')
              await ctx.query('select 1')
              await sleep(50)
              told[index]!.push('loaded')
            },
            handle: async (facts) => void told[index]!.push(...facts.map(({ payload }) => `${payload.n}`)),
          }),
        ],
      })
    await using first = await startTestHost({ services: [replica(0)] })
    const make = (n: number) => first.client(thingContract).make({ id: 'a', versions: [n] })
    await make(1)
    await first.settled()
    const starting = startTestHost({ services: [replica(1)], database: first.database })
    await eventually(() => assert.equal(told[1]!.length, 1))
    // While the second one loads.
    await make(2)
    await using second = await starting
    await make(3)
    await first.settled()
    await second.settled()
    assert.deepEqual(told[0], ['loading', 'loaded', '1', '2', '3'])
    assert.deepEqual(told[1], ['loading', 'loaded', '2', '3'])
  })

  it('that cannot load tries again, and hears nothing before it could', async () => {
    const told: string[] = []
    const unlucky = everywhere({
      name: 'memory',
      hears: [ThingMade],
      load: async () => {
        told.push('loading')
        if (told.length < 3) throw new Error('cannot load')
      },
      handle: async (facts) => void told.push(...facts.map(({ payload }) => `${payload.n}`)),
    })
    await using host = await startTestHost({ services: [thing({ reactions: [unlucky] })] })
    await host.client(thingContract).make({ id: 'a', versions: [1] })
    await host.settled()
    assert.deepEqual(told, ['loading', 'loading', 'loading', '1'])
  })

  it('may live in a service that has no tables', async () => {
    const told: number[] = []
    const hearing = everywhere({
      name: 'memory',
      hears: [ThingMade],
      handle: async (facts) => void told.push(...facts.map(({ payload }) => payload.n)),
    })
    const listener = defineService({
      contract: contract('listener', {}),
      operations: {},
      reactions: [hearing],
    })
    await using host = await startTestHost({ services: [thing({}), listener] })
    await host.client(thingContract).make({ id: 'a', versions: [1] })
    await host.settled()
    assert.deepEqual(told, [1])
  })

  it('keeps its place when the database connections are cut', async () => {
    const seen: number[] = []
    const memory = everywhere({
      name: 'memory',
      hears: [ThingMade],
      handle: async (facts) => void seen.push(...facts.map(({ payload }) => payload.n)),
    })
    await using host = await startTestHost({ services: [thing({ reactions: [memory] })] })
    await host.publish(ThingMade, { id: 'a', n: 1 })
    await host.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    )
    await host.pool.query(
      `select log.append(jsonb_build_array(jsonb_build_object('id', $1::uuid, 'topic', 'thing', 'type', 'thing.made', 'schema_version', 1,
        'key', 'a', 'aggregate_version', 1, 'payload', jsonb_build_object('id', 'a', 'n', 2), 'occurred_at', now())))`,
      [randomUUID()],
    )
    await eventually(() => assert.deepEqual(seen, [1, 2]), { timeoutMs: 8_000 })
  })
})

it('Republishing emits page by page until the service says that it is through', async () => {
  const pages: (string | undefined)[] = []
  const service = thing({
    reactions: [recording('count')],
    republish: async (after, tx) => {
      pages.push(after)
      const n = Number(after ?? 0) + 1
      tx.emit(ThingMade, { id: 'again', n } as never, { version: n })
      return n < 3 ? String(n) : undefined
    },
  })
  await using host = await startTestHost({ services: [service] })
  assert.equal(await host.host.background!.republish('thing'), 3)
  await host.settled()
  assert.deepEqual(pages, [undefined, '1', '2'])
  assert.deepEqual(await done(host, 'count'), ['again1', 'again2', 'again3'])
})

describe('A group whose lease comes and goes', () => {
  const setUp = async () => {
    const host = await startTestHost({ services: [thing({ reactions: [recording('count')] })] })
    await host.host.background!.stop()
    let watcher: LeaseWatcher
    let [failures, begun, running] = [0, 0, 0]
    const logger = pino({ level: 'silent' })
    const reactions = await startReactions({
      services: host.host.services,
      log: {
        ...host.host.log!,
        assignsGroups: false,
        consume: async () => {
          begun += 1
          if (failures > 0) {
            failures -= 1
            throw new Error('the log is away')
          }
          running += 1
          const stop = async () => {
            running -= 1
          }
          return { lag: () => 0, stop }
        },
      },
      leases: {
        owner: 'test',
        want: (_name, watch) => {
          watcher = watch!
        },
        drop: async () => {},
        holds: () => true,
        beat: async () => [],
        unknown: async () => [],
        release: async () => {},
      },
      metrics: createBackgroundMetrics(new Registry(), {
        progress: () => new Map(),
        logIsUp: () => true,
        waiting: () => new Map(),
      }),
      logger,
      signal: new AbortController().signal,
    })
    return {
      watcher: watcher!,
      begins: (count: number) => eventually(() => assert.equal(begun, count)),
      runs: (count: number) => eventually(() => assert.equal(running, count)),
      fail: (times: number) => {
        failures = times
      },
      counts: () => ({ begun, running }),
      [Symbol.asyncDispose]: async () => {
        await reactions.stop()
        assert.equal(running, 0)
        await host[Symbol.asyncDispose]()
      },
    }
  }

  it('begins, again when it could not, and ends with the lease', async () => {
    await using group = await setUp()
    group.fail(2)
    group.watcher.acquired()
    await group.runs(1)
    assert.equal(group.counts().begun, 3)
    group.watcher.lost()
    await group.runs(0)
    group.watcher.acquired()
    await group.runs(1)
  })

  it('does not begin when the lease is lost before it tries again', async () => {
    await using group = await setUp()
    group.fail(1)
    group.watcher.acquired()
    await group.begins(1)
    await new Promise(setImmediate)
    group.watcher.lost()
    // Longer than the pause after a first failure.
    await sleep(200)
    assert.deepEqual(group.counts(), { begun: 1, running: 0 })
  })

  it('runs once when the lease was lost and is there again before it tries again', async () => {
    await using group = await setUp()
    group.fail(1)
    group.watcher.acquired()
    await group.begins(1)
    await new Promise(setImmediate)
    group.watcher.lost()
    group.watcher.acquired()
    await group.runs(1)
    await sleep(200)
    assert.deepEqual(group.counts(), { begun: 2, running: 1 })
  })
})
