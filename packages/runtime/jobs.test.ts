import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, startTestHost, type TestHost } from '@stoa/testing'
import { jobInput, record, type ThingContext, thing, thingContract } from './fixture/thing.ts'
import { type Job, job } from './service.ts'

type ThingJob = Job<typeof jobInput, ThingContext>

const telling = (over: Partial<ThingJob> = {}): ThingJob =>
  job({
    name: 'tell',
    input: jobInput,
    handle: async ({ n }, ctx: ThingContext) =>
      void (await record(ctx, [{ by: 'tell', key: 'n', version: n }])),
    ...over,
  })

const told = async ({ pool }: TestHost): Promise<number[]> => {
  const { rows } = await pool.query('select version::int from thing.done order by position')
  return rows.map(({ version }) => version)
}

const jobs = async ({ pool }: TestHost) => {
  const { rows } = await pool.query(
    `select t.identifier, j.attempts, j.max_attempts, j.locked_by, j.last_error
    from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
    where t.identifier like 'thing/%' order by j.id`,
  )
  return rows
}

describe('A job', () => {
  it('runs once it was committed, soon', async () => {
    await using host = await startTestHost({ services: [thing({ jobs: [telling()] })] })
    const startedAt = performance.now()
    await host.client(thingContract).schedule({ job: 'tell', n: 1 })
    await eventually(async () => assert.deepEqual(await told(host), [1]))
    assert.ok(performance.now() - startedAt < 1_000)
    await host.settled()
    assert.deepEqual(await jobs(host), [])
  })

  it('runs at its time, not at the next poll', async () => {
    await using host = await startTestHost({ services: [thing({ jobs: [telling()] })] })
    await host.client(thingContract).schedule({ job: 'tell', n: 1, inMs: 500 })
    const scheduledAt = performance.now()
    await host.settled()
    assert.deepEqual(await told(host), [])
    await eventually(async () => assert.deepEqual(await told(host), [1]))
    const tookMs = performance.now() - scheduledAt
    assert.ok(tookMs >= 450 && tookMs < 1_500, `${tookMs} ms`)
  })

  it('that waits is replaced by one of the same key; one that runs is followed', async () => {
    let running = 0
    const gate = Promise.withResolvers<void>()
    const slow = telling({
      handle: async ({ n }, ctx) => {
        running += 1
        if (n === 1) await gate.promise
        await record(ctx, [{ by: 'tell', key: 'n', version: n }])
      },
    })
    await using host = await startTestHost({ services: [thing({ jobs: [slow] })] })
    const { schedule } = host.client(thingContract)
    await schedule({ job: 'tell', n: 1, key: 'same' })
    await eventually(() => assert.equal(running, 1))
    await schedule({ job: 'tell', n: 2, key: 'same', inMs: 60_000 })
    await eventually(async () => assert.equal((await jobs(host)).length, 2))
    await schedule({ job: 'tell', n: 3, key: 'same' })
    await eventually(async () => assert.deepEqual(await told(host), [3]))
    gate.resolve()
    await host.settled()
    assert.deepEqual(await told(host), [3, 1])
  })

  it('that fails is tried again, and given up after its last attempt', async () => {
    let tries = 0
    const failing = telling({
      maxAttempts: 2,
      handle: async () => {
        tries += 1
        throw new Error('no')
      },
    })
    await using host = await startTestHost({ services: [thing({ jobs: [failing] })] })
    await host.client(thingContract).schedule({ job: 'tell', n: 1 })
    await eventually(() => assert.equal(tries, 1))
    await host.settled()
    await host.pool.query('update graphile_worker._private_jobs set run_at = now()')
    await host.settled()
    assert.equal(tries, 2)
    await host.pool.query('update graphile_worker._private_jobs set run_at = now()')
    await host.settled()
    assert.equal(tries, 2)
    const [left] = await jobs(host)
    assert.deepEqual([left.attempts, left.max_attempts, left.last_error], [2, 2, 'no'])
  })

  it('whose input no longer fits its schema is given up at once', async () => {
    let tries = 0
    const strict = telling({
      handle: async () => {
        tries += 1
      },
    })
    await using host = await startTestHost({ services: [thing({ jobs: [strict] })] })
    await host.pool.query(
      `insert into thing.outbox (kind, id, name, payload) values ('job', gen_random_uuid(), 'tell', '{"n": "one"}')`,
    )
    await host.settled()
    const [left] = await jobs(host)
    assert.deepEqual([left.attempts, left.locked_by], [left.max_attempts, null])
    assert.match(left.last_error, /does not fit its schema/)
    assert.equal(tries, 0)
  })

  it('with a crontab runs once over all replicas', async () => {
    const nightly = telling({ name: 'nightly', cron: '17 3 * * *' })
    await using host = await startTestHost({ services: [thing({ jobs: [nightly] })] })
    await host.host.background!.stop()
    // As if this crontab had been known for two days and nobody had been there to run it.
    await host.pool.query(
      `update graphile_worker._private_known_crontabs set known_since = now() - interval '2 days', last_execution = null`,
    )
    const replica = () => startTestHost({ services: [thing({ jobs: [nightly] })], database: host.database })
    await using replicas = new AsyncDisposableStack()
    const started = await Promise.all([replica(), replica()])
    for (const other of started) replicas.use(other)
    await eventually(async () => assert.ok((await told(host)).length >= 1))
    for (const { settled } of started) await settled()
    assert.deepEqual(await told(host), [0])
  })

  it('holds no connection while it runs: more than the pool has run at once', async () => {
    let running = 0
    let most = 0
    const gate = Promise.withResolvers<void>()
    const slow = telling({
      handle: async ({ n }, ctx) => {
        running += 1
        most = Math.max(most, running)
        if (running === 6) gate.resolve()
        await gate.promise
        await record(ctx, [{ by: 'tell', key: 'n', version: n }])
        running -= 1
      },
    })
    await using host = await startTestHost({ services: [thing({ jobs: [slow] })], poolSize: 2 })
    const { schedule } = host.client(thingContract)
    await Promise.all([1, 2, 3, 4, 5, 6].map((n) => schedule({ job: 'tell', n })))
    await host.settled()
    assert.equal(most, 6)
    assert.equal((await told(host)).length, 6)
  })
})

describe('A job of a process that died', { concurrency: true }, () => {
  const abandon = async (host: TestHost, worker: string, lockedAgo: string) => {
    await host.pool.query(
      `select graphile_worker.add_job('thing/tell', '{"input": {"n": 7}}', run_at => now() + interval '1 hour')`,
    )
    await host.pool.query(
      `update graphile_worker._private_jobs set run_at = now() - interval '1 minute', attempts = 1,
        locked_by = $1, locked_at = now() - $2::interval`,
      [worker, lockedAgo],
    )
  }

  it('is taken over when the lease of its worker has expired', async () => {
    await using host = await startTestHost({ services: [thing({ jobs: [telling()] })] })
    await abandon(host, 'pool-dead', '1 second')
    await host.pool.query(
      `insert into log.lease (name, owner, until) values ('worker:pool-dead', 'a dead process', now() + interval '1 second')`,
    )
    await sleep(700)
    assert.deepEqual(await told(host), [])
    await eventually(async () => assert.deepEqual(await told(host), [7]), { timeoutMs: 10_000 })
  })

  it('keeps being another’s while that one lives', async () => {
    await using host = await startTestHost({ services: [thing({ jobs: [telling()] })] })
    await abandon(host, 'pool-alive', '40 seconds')
    await host.pool.query(
      `insert into log.lease (name, owner, until) values ('worker:pool-alive', 'another process', now() + interval '1 minute')`,
    )
    await sleep(5_500)
    assert.deepEqual(await told(host), [])
  })
})

it('A stopping process waits for its jobs, and leaves none locked', async () => {
  let ended = 0
  const slow = telling({
    handle: async ({ n }, ctx) => {
      if (n === 1) await sleep(1_500)
      // This one ends only because it is told to.
      else await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
      ended += 1
    },
  })
  await using host = await startTestHost({ services: [thing({ jobs: [slow] })] })
  const { schedule } = host.client(thingContract)
  await schedule({ job: 'tell', n: 1 })
  await schedule({ job: 'tell', n: 2 })
  await eventually(async () =>
    assert.equal((await jobs(host)).filter(({ locked_by }) => locked_by).length, 2),
  )
  await host.host.background!.stop()
  assert.equal(ended, 2)
  assert.deepEqual(await jobs(host), [])
  assert.equal((await host.pool.query('select from log.lease')).rowCount, 0)
})
