import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, startTestHost, type TestHost } from '@stoa/testing'
import { jobInput, record, type ThingContext, thing, thingContract } from './fixture/thing.ts'
import { type Job, job } from './service.ts'
import { jobChannel } from './wake.ts'

type ThingJob = Job<typeof jobInput, ThingContext>

const telling = (over: Partial<ThingJob> = {}): ThingJob =>
  job({
    name: 'tell',
    input: jobInput,
    handle: async ({ n }, ctx: ThingContext) =>
      void (await record(ctx, [{ by: 'tell', key: 'n', version: n }])),
    ...over,
  })

/** Its first run, of `n` 1, has `begun` and lasts until the gate is opened. */
function slowAtFirst() {
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = telling({
    handle: async ({ n }, ctx) => {
      begun.resolve()
      if (n === 1) await gate.promise
      await record(ctx, [{ by: 'tell', key: 'n', version: n }])
    },
  })
  return { slow, begun: begun.promise, gate }
}

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

/**
 * How long after it was scheduled the job ran, in each of at most three rounds: a machine that is busy with something else says nothing
 * about us, so the first round within the bound ends them.
 */
async function waits(inMs: number, boundMs: number): Promise<number[]> {
  const ranAt = new Map<number, number>()
  const timed = telling({
    handle: async ({ n }) => {
      assert.ok(!ranAt.has(n), 'once')
      ranAt.set(n, performance.now())
    },
  })
  await using host = await startTestHost({ services: [thing({ jobs: [timed] })] })
  const waited: number[] = []
  for (let n = 1; n <= 3 && !waited.some((ms) => ms < boundMs); n += 1) {
    const scheduledAt = performance.now()
    await host.client(thingContract).schedule({ job: 'tell', n, ...(inMs > 0 && { inMs }) })
    await eventually(() => assert.ok(ranAt.has(n)), { timeoutMs: 10_000 })
    waited.push(ranAt.get(n)! - scheduledAt)
  }
  await host.settled()
  assert.deepEqual(await jobs(host), [])
  assert.equal(ranAt.size, waited.length)
  return waited
}

describe('A job', () => {
  it('runs once it was committed, soon', async () => {
    const waited = await waits(0, 1_000)
    assert.ok(waited.at(-1)! < 1_000, `${waited} ms`)
  })

  it('runs at its time, not at the next poll', async () => {
    const waited = await waits(500, 1_500)
    assert.ok(waited.at(-1)! < 1_500, `${waited} ms`)
    // The clock that says when and the one that measures may differ by a moment.
    assert.ok(Math.min(...waited) >= 490, `${waited} ms`)
  })

  it('that waits is replaced by one of the same key; one that runs is followed', async () => {
    const { slow, begun, gate } = slowAtFirst()
    await using host = await startTestHost({ services: [thing({ jobs: [slow] })] })
    const { schedule } = host.client(thingContract)
    await schedule({ job: 'tell', n: 1, key: 'same' })
    await begun
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

  it('waits for a process that runs jobs, though one that runs none leads its service', async () => {
    const services = [thing({ jobs: [telling({ maxAttempts: 7 })] })]
    await using command = await startTestHost({ services, jobs: 'none' })
    await command.client(thingContract).schedule({ job: 'tell', n: 1 })
    await eventually(async () =>
      assert.deepEqual(await jobs(command), [
        { identifier: 'thing/tell', attempts: 0, max_attempts: 7, locked_by: null, last_error: null },
      ]),
    )
    await using replica = await startTestHost({ services, database: command.database })
    await eventually(async () => assert.deepEqual(await told(replica), [1]))
    await command.client(thingContract).schedule({ job: 'tell', n: 2 })
    await eventually(async () => assert.deepEqual(await told(replica), [1, 2]))
  })

  it('with a crontab runs once over all replicas', async () => {
    // Some twelve hours ago: one moment of it, not two, lies in the hours that are made up for, and none comes meanwhile.
    const nightly = telling({ name: 'nightly', cron: `17 ${(new Date().getUTCHours() + 12) % 24} * * *` })
    await using host = await startTestHost({ services: [thing({ jobs: [nightly] })], jobs: 'all' })
    await host.host.background!.stop()
    // As if this crontab had been known for two days and nobody had been there to run it.
    await host.pool.query(
      `update graphile_worker._private_known_crontabs set known_since = now() - interval '2 days', last_execution = null`,
    )
    const replica = () =>
      startTestHost({ services: [thing({ jobs: [nightly] })], database: host.database, jobs: 'all' })
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

it('A job of a process that died is taken over when the lease of its worker has expired; one of a process that lives is not', async () => {
  await using host = await startTestHost({ services: [thing({ jobs: [telling()] })] })
  const lock = async (n: number, worker: string, leaseEnds: string) => {
    await host.pool.query(
      `insert into log.lease (name, owner, until) values ('worker:' || $1, 'another process', now() + $2::interval)`,
      [worker, leaseEnds],
    )
    await host.pool.query(
      `select graphile_worker.add_job('thing/tell', json_build_object('input', json_build_object('n', $1::int)), run_at => now() + interval '1 hour')`,
      [n],
    )
    await host.pool.query(
      `update graphile_worker._private_jobs set run_at = now() - interval '1 minute', attempts = 1,
        locked_by = $1, locked_at = now() - interval '40 seconds' where locked_by is null`,
      [worker],
    )
  }
  await lock(1, 'alive', '10 minutes')
  await lock(2, 'dead', '1 second')
  // A process that has just started lets two beats pass before it takes anybody for dead.
  await eventually(async () => assert.deepEqual(await told(host), [2]), { timeoutMs: 20_000 })
  await sleep(1_000)
  assert.deepEqual(await told(host), [2])
})

it('A job that was freed under its run is not deleted by the end of that run, nor is one that has replaced it', async () => {
  const { slow, begun, gate } = slowAtFirst()
  await using host = await startTestHost({ services: [thing({ jobs: [slow] })] })
  const { schedule } = host.client(thingContract)
  await schedule({ job: 'tell', n: 1, key: 'same' })
  await begun
  // Later, so that nobody fetches it while it is replaced.
  await host.pool.query(`update graphile_worker._private_jobs set run_at = now() + interval '1 hour'`)
  // The process is not heard of any more, and another sees it.
  await host.pool.query(`
    create function log.unheard() returns trigger language plpgsql as 'begin return null; end';
    do $$ begin execute format(
      'create trigger unheard before insert or update on log.lease for each row when (new.owner = %L) execute function log.unheard()',
      (select owner from log.lease where name like 'worker:%')); end $$`)
  await using other = await startTestHost({
    services: [thing({ jobs: [slow] })],
    database: host.database,
    jobs: 'none',
  })
  await eventually(
    async () =>
      assert.deepEqual(
        (await jobs(host)).map(({ locked_by }) => locked_by),
        [null],
      ),
    { timeoutMs: 40_000 },
  )
  await other.client(thingContract).schedule({ job: 'tell', n: 2, key: 'same', inMs: 60_000 })
  const waiting = async () =>
    (await host.pool.query(`select (payload->'input'->>'n')::int as n from graphile_worker._private_jobs`))
      .rows
  await eventually(async () => assert.deepEqual(await waiting(), [{ n: 2 }]))
  gate.resolve()
  await eventually(async () => assert.deepEqual(await told(host), [1]))
  await sleep(500)
  assert.deepEqual(await waiting(), [{ n: 2 }])
})

it('A job runner that loses its connections while they are in use is begun anew', async () => {
  await using host = await startTestHost({ services: [thing({ jobs: [telling()] })] })
  await host.settled()
  const workers = async () =>
    (await host.pool.query(`select name from log.lease where name like 'worker:%'`)).rows.map(
      ({ name }) => name as string,
    )
  const before = await workers()
  assert.equal(before.length, 1)
  const lock = await host.pool.connect()
  const runners = `where datname = current_database() and application_name = 'stoa jobs'`
  try {
    await lock.query('begin')
    await lock.query('lock table graphile_worker._private_jobs in access exclusive mode')
    await eventually(
      async () => {
        await host.pool.query('select pg_notify($1, $2)', [jobChannel('thing'), '8'])
        // The other one is the library's, to listen with.
        const { rows } = await host.pool.query(
          `select from pg_stat_activity ${runners} and wait_event_type = 'Lock'`,
        )
        assert.equal(rows.length, 1)
      },
      { timeoutMs: 10_000 },
    )
    await host.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity ${runners}`)
  } finally {
    await lock.query('rollback')
    lock.release()
  }
  await eventually(
    async () => {
      const now = await workers()
      assert.ok(now.length === 1 && now[0] !== before[0], `${before} and ${now}`)
    },
    { timeoutMs: 20_000 },
  )
  await host.client(thingContract).schedule({ job: 'tell', n: 1 })
  await eventually(async () => assert.deepEqual(await told(host), [1]))
})

it('A stopping process waits for its jobs, and leaves none locked', async () => {
  let ended = 0
  const gate = Promise.withResolvers<void>()
  const slow = telling({
    handle: async ({ n }, ctx) => {
      if (n === 1) await gate.promise
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
  const stopping = host.host.background!.stop()
  await sleep(500)
  gate.resolve()
  await stopping
  assert.equal(ended, 2)
  assert.deepEqual(await jobs(host), [])
  assert.equal((await host.pool.query('select from log.lease')).rowCount, 0)
})
