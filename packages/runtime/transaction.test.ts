import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { event, Rejection } from '@stoa/contract'
import { createDatabase, eventually, type TestDatabase } from '@stoa/testing'
import { pino } from 'pino'
import { v7 } from 'uuid'
import { z } from 'zod'
import { type Database, openDatabase } from './database.ts'
import { AlreadyHandled } from './hosted.ts'
import { claim, type IdempotencyScope } from './idempotency.ts'
import { migrate } from './migrate.ts'
import { job } from './service.ts'
import { newTrace } from './trace.ts'
import { createTransactions, type TransactionScope } from './transaction.ts'

const Counted = event({
  name: 'counter.counted',
  version: 1,
  payload: z.object({ name: z.string() }),
  key: ({ name }) => name,
})
const recount = job({ name: 'recount', input: z.object({ name: z.string() }), handle: async () => {} })

describe('a transaction', () => {
  let test: TestDatabase
  let database: Database
  let committed = 0
  let transaction: ReturnType<typeof createTransactions>

  before(async () => {
    test = await createDatabase()
    database = openDatabase({
      url: test.url,
      poolSize: 2,
      applicationName: 'test',
      log: pino({ level: 'silent' }),
    })
    await migrate(database.pool, 'counter', undefined)
    await database.query(`create table counter.counters (name text primary key, count int not null)`)
    await database.query(
      `create table counter.deferred (name text references counter.counters deferrable initially deferred)`,
    )
    transaction = createTransactions(database, 'counter', {
      committed: () => {
        committed += 1
      },
    })
  })
  after(async () => {
    await database.pool.end()
    await test[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    committed = 0
    await database.query(`truncate counter.counters, counter.deferred, counter.outbox, counter.inbox, counter.audit,
      counter.idempotency`)
    await database.query(`insert into counter.counters (name, count) values ('a', 0), ('b', 0)`)
  })

  const scope = (more: Partial<TransactionScope> = {}): TransactionScope => ({
    trace: newTrace(),
    actor: { kind: 'staff', id: 'u1', sessionId: 's', permissions: [] },
    name: 'counter.count',
    seen: { opened: 0, audited: false, answered: false },
    ...more,
  })
  const count = async (name: string) =>
    (
      await database.query<{ count: number }>(`select count from counter.counters where name = $1`, [name])
    )[0]!.count
  const outbox = () => database.query<{ kind: string; name: string }>(`select kind, name from counter.outbox`)
  const add = `update counter.counters set count = count + 1 where name = $1`

  it('commits a change together with what it announces and schedules, in one more statement', async () => {
    await transaction(scope(), async (tx) => {
      await tx.query(add, ['a'])
      tx.emit(Counted, { name: 'a' }, { version: 1 })
      tx.schedule(recount, { name: 'a' })
    })
    assert.equal(await count('a'), 1)
    assert.deepEqual(await outbox(), [
      { kind: 'event', name: 'counter.counted' },
      { kind: 'job', name: 'recount' },
    ])
    assert.equal(committed, 1)
  })

  it('commits neither when the work fails, and tells nobody', async () => {
    const work = transaction(scope(), async (tx) => {
      await tx.query(add, ['a'])
      tx.emit(Counted, { name: 'a' }, { version: 1 })
      throw new Error('no')
    })
    await assert.rejects(work, /no/)
    assert.equal(await count('a'), 0)
    assert.deepEqual(await outbox(), [])
    assert.equal(committed, 0)
  })

  it('commits neither when an event is larger than a log takes', async () => {
    const tell = (name: string) =>
      transaction(scope(), async (tx) => {
        await tx.query(add, ['a'])
        tx.emit(Counted, { name }, { version: 1 })
      })
    await assert.rejects(tell('ä'.repeat(450_001)), /counter\.counted has 9000\d\d bytes/)
    assert.equal(await count('a'), 0)
    assert.deepEqual(await outbox(), [])
    await tell('ä'.repeat(449_990))
    assert.equal(await count('a'), 1)
  })

  it('commits neither when the commit itself fails', async () => {
    const work = transaction(scope(), async (tx) => {
      await tx.query(`insert into counter.deferred values ('nobody')`)
      tx.emit(Counted, { name: 'a' }, { version: 1 })
    })
    await assert.rejects(work, { code: '23503' })
    assert.deepEqual(await outbox(), [])
    assert.equal(committed, 0)
  })

  it('is an error, not a success, when the work ignores a statement that failed', async () => {
    const work = transaction(scope(), async (tx) => {
      await tx.query(add, ['a'])
      await tx.query('select 1 / 0').catch(() => {})
    })
    await assert.rejects(work, /nothing committed/)
    assert.equal(await count('a'), 0)
  })

  it('runs the victim of a deadlock again, and announces once', async () => {
    let tries = 0
    const meet = Promise.withResolvers<void>()
    let waiting = 0
    const both = (first: string, second: string) =>
      transaction(scope(), async (tx) => {
        tries += 1
        await tx.query(add, [first])
        tx.emit(Counted, { name: first }, { version: 1 })
        waiting += 1
        if (waiting === 2) meet.resolve()
        await meet.promise
        await tx.query(add, [second])
      })
    await Promise.all([both('a', 'b'), both('b', 'a')])
    assert.equal(tries, 3)
    assert.equal(await count('a'), 2)
    assert.equal(await count('b'), 2)
    assert.equal((await outbox()).length, 2)
    assert.equal(committed, 2)
  })

  it('runs again what could not be serialised, three times at most, and not after its deadline', async () => {
    let tries = 0
    const overtaken = (times: number, more: Partial<TransactionScope> = {}) =>
      transaction(scope(more), async (tx) => {
        tries += 1
        await tx.query('set transaction isolation level repeatable read')
        await tx.query('select from counter.counters')
        if (tries <= times) await database.query(add, ['a'])
        await tx.query(add, ['a'])
        tx.emit(Counted, { name: 'a' }, { version: tries })
      })
    await overtaken(2)
    assert.deepEqual([tries, await count('a'), (await outbox()).length], [3, 3, 1])
    tries = 0
    await assert.rejects(overtaken(3), { code: '40001' })
    assert.deepEqual([tries, await count('a'), (await outbox()).length], [3, 6, 1])
    tries = 0
    await assert.rejects(overtaken(1, { deadlineAt: Date.now() }), { code: '40001' })
    assert.equal(tries, 1)
  })

  it('runs a single statement outside of it again when it was the victim of a deadlock', async () => {
    const other = await database.pool.connect()
    const url = new URL(test.url)
    // A deadlock is looked for once, so long after a wait began: the other one has to wait by then.
    url.searchParams.set('options', '-c deadlock_timeout=3s')
    const patient = openDatabase({
      url: url.href,
      poolSize: 1,
      applicationName: 'test',
      log: pino({ level: 'silent' }),
    })
    try {
      await other.query('begin')
      // The victim is who notices first: the single one, after its three seconds.
      await other.query(`set local deadlock_timeout = '10s'`)
      await other.query(add, ['b'])
      // Takes a, then waits for b; the other one, which has b, then asks for a.
      const single = patient.query(`with first as materialized (${add.replace('$1', `'a'`)} returning 1)
        update counter.counters set count = count + 10 where name = 'b' and exists (select from first)`)
      single.catch(() => {})
      await eventually(async () => {
        const { rowCount } = await other.query(
          'select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))',
        )
        assert.equal(rowCount, 1)
      })
      await other.query(add, ['a'])
      await other.query('commit')
      await single
      assert.deepEqual([await count('a'), await count('b')], [2, 11])
    } finally {
      other.release()
      await patient.close()
    }
  })

  it('gives its connection back, however it ends', async () => {
    for (let turn = 0; turn < 5; turn += 1)
      await transaction(scope(), (tx) => tx.query('not sql')).catch(() => {})
    assert.equal(database.pool.waitingCount, 0)
    assert.equal(database.pool.idleCount, database.pool.totalCount)
  })

  it('does not commit after the deadline of its call', async () => {
    const work = transaction(scope({ deadlineAt: Date.now() + 20 }), async (tx) => {
      await tx.query(add, ['a'])
      await new Promise((resolve) => setTimeout(resolve, 40))
    })
    await assert.rejects(work, (error) => error instanceof Rejection && error.code === 'TIMEOUT')
    assert.equal(await count('a'), 0)
  })

  it('records a staff write: who, where, what, before, after', async () => {
    const of = scope()
    await transaction(of, async (tx) => {
      tx.audit({ subject: 'a', before: { count: 0 }, after: { count: 1 } })
      tx.audit({ subject: 'b', before: undefined, after: null })
    })
    assert.equal(of.seen.audited, true)
    assert.deepEqual(
      await database.query(
        `select actor, operation, trace_id, subject, before, after from counter.audit order by position`,
      ),
      [
        { subject: 'a', before: { count: 0 }, after: { count: 1 } },
        { subject: 'b', before: null, after: null },
      ].map((row) => ({ actor: 'staff:u1', operation: 'counter.count', trace_id: of.trace.traceId, ...row })),
    )
  })

  describe('of an effect', () => {
    const effect = (...eventIds: string[]) => scope({ inbox: { reaction: 'count', eventIds } })
    const handle = (of: TransactionScope) =>
      transaction(of, async (tx) => {
        await tx.query(add, ['a'])
        tx.emit(Counted, { name: 'a' }, { version: 1 })
      })

    it('remembers its events with their effect', async () => {
      const [one, two] = [v7(), v7()]
      await handle(effect(one, two))
      assert.equal((await database.query(`select from counter.inbox`)).length, 2)
    })

    it('changes nothing for an event whose effect has committed, and says so', async () => {
      const [one, two] = [v7(), v7()]
      await handle(effect(one))
      await assert.rejects(handle(effect(one, two)), AlreadyHandled)
      assert.equal(await count('a'), 1)
      assert.equal((await outbox()).length, 1)
    })

    it('happens once when two replicas handle the same event', async () => {
      const id = v7()
      const ends = await Promise.allSettled([handle(effect(id)), handle(effect(id))])
      assert.deepEqual(ends.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      assert.equal(await count('a'), 1)
    })

    it('is the only one that the effect may open', async () => {
      const of = effect(v7())
      await handle(of)
      await assert.rejects(handle(of), /exactly one transaction/)
    })
  })

  describe('of a keyed operation', () => {
    const idempotency: IdempotencyScope = { actor: 'anonymous', operation: 'count', key: 'k1' }
    const claimed = (deadlineMs = 10_000) =>
      claim({ database, schema: 'counter' }, idempotency, {
        input: { name: 'a' },
        operation: { deadlineMs } as never,
        deadlineAt: Date.now() + 1_000,
      })
    const handle = (answer: string) =>
      transaction(scope({ idempotency, headers: { etag: '"1"' } }), async (tx) => {
        await tx.query(add, ['a'])
        tx.answer({ answer })
      })

    it('stores the answer with the effect', async () => {
      assert.equal((await claimed()).state, 'ours')
      await handle('first')
      assert.deepEqual(await claimed(), {
        state: 'answered',
        answer: { answer: 'first' },
        headers: { etag: '"1"' },
      })
    })

    it('stores no answer without the effect', async () => {
      await claimed()
      const work = transaction(scope({ idempotency }), async (tx) => {
        tx.answer({ answer: 'first' })
        throw new Error('no')
      })
      await assert.rejects(work, /no/)
      assert.deepEqual(await database.query(`select answer from counter.idempotency`), [{ answer: null }])
    })

    it('has no effect when another try of the key has answered meanwhile', async () => {
      await claimed()
      const ends = await Promise.allSettled([handle('first'), handle('second')])
      const refused = ends.find((end) => end.status === 'rejected')
      assert.equal(refused?.reason.code, 'IN_PROGRESS')
      assert.equal(await count('a'), 1)
    })
  })

  it('leaves a statement outside of it its connection when it violates a constraint', async () => {
    const pid = async () => (await database.query<{ pid: number }>('select pg_backend_pid() as pid'))[0]!.pid
    const before = await pid()
    await assert.rejects(database.query(`insert into counter.counters values ('a', 1)`), { code: '23505' })
    assert.equal(await pid(), before)
  })
})
