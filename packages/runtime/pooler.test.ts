import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { contract, event, operation } from '@stoa/contract'
import {
  createDatabase,
  eventually,
  type PgBouncer,
  startPgBouncer,
  startTestHost,
  type TestDatabase,
  type TestHost,
  withinOnce,
  withoutPgBouncer,
} from '@stoa/testing'
import { z } from 'zod'
import { countingThing } from './fixture/counting-thing.ts'
import { thingContract } from './fixture/thing.ts'
import { defineService, type ServiceContext } from './service.ts'

const skip = await withoutPgBouncer()
const SERVER_CONNECTIONS = 3

const NoteKept = event({
  name: 'note.kept',
  version: 1,
  payload: z.object({ text: z.string() }),
  key: ({ text }) => text,
})
const noteContract = contract('note', {
  keep: operation({
    summary: 'Keeps a note, once per key',
    method: 'POST',
    path: '/notes',
    access: 'public',
    idempotency: 'key',
    input: z.strictObject({ text: z.string() }),
    output: z.object({ noteId: z.string() }),
  }),
  bounds: operation({
    summary: 'What bounds the statements of its session',
    method: 'GET',
    path: '/notes/bounds',
    access: 'public',
    input: z.strictObject({}),
    output: z.object({ timeouts: z.array(z.string()) }),
  }),
})
const note = () =>
  defineService({
    contract: noteContract,
    migrations: new URL('./dispatch-test-migrations/', import.meta.url),
    operations: {
      keep: async ({ text }, ctx: ServiceContext) =>
        ctx.transaction(async (tx) => {
          await tx.query('select pg_sleep(0.05)')
          tx.emit(NoteKept, { text }, { version: 1 })
          return { noteId: ctx.newId }
        }),
      bounds: async (_input, ctx: ServiceContext) => {
        const rows = await ctx.query<{ value: string }>(
          `select current_setting(name) as value
           from unnest(array['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) as name`,
        )
        return { timeouts: rows.map(({ value }) => value) }
      },
    },
  })

describe('Behind PgBouncer in transaction mode', { skip }, () => {
  let pgbouncer: PgBouncer
  before(async () => {
    pgbouncer = await startPgBouncer({ connections: SERVER_CONNECTIONS })
  })
  after(() => pgbouncer?.[Symbol.asyncDispose]())

  const ways = {
    'with a direct address': (database: TestDatabase) => ({
      DATABASE_URL: pgbouncer.through(database.url),
      DATABASE_DIRECT_URL: database.url,
    }),
    'without any other address, by looking once a second': (database: TestDatabase) => ({
      DATABASE_URL: `${pgbouncer.through(database.url)}?pgbouncer=true`,
    }),
  }
  for (const [way, addresses] of Object.entries(ways)) {
    describe(way, () => {
      let database: TestDatabase
      let replicas: TestHost[]
      before(async () => {
        database = await createDatabase()
        const start = () =>
          startTestHost({
            services: [countingThing(), note()],
            database,
            environment: addresses(database),
            // More than the pooler has: its connections change hands between the statements of each.
            poolSize: 2 * SERVER_CONNECTIONS,
          })
        replicas = [await start(), await start()]
      })
      after(async () => {
        for (const replica of replicas ?? []) await replica[Symbol.asyncDispose]()
        await database?.drop()
      })

      it('migrates, and has every effect and job of 200 events exactly once', async () => {
        const [first] = replicas as [TestHost]
        await Promise.all(
          Array.from({ length: 20 }, async (_, writer) => {
            const client = replicas[writer % 2]!.client(thingContract)
            for (let n = 0; n < 10; n += 1)
              await client.make({ id: `w${writer}`, versions: [writer * 10 + n] })
          }),
        )
        for (const replica of replicas) await replica.settled()
        const { rows } = await first.pool.query(
          'select by, count(*)::int as all, count(distinct version)::int as different from thing.done group by by order by by',
        )
        assert.deepEqual(rows, [
          { by: 'count', all: 200, different: 200 },
          { by: 'follow', all: 200, different: 200 },
          { by: 'tell', all: 200, different: 200 },
        ])
      })

      it('hears within moments of what another process has announced, unasked', async () => {
        for (const [index, replica] of replicas.entries()) {
          const version = 2_000 + index
          await replica.client(thingContract).make({ id: 'heard', versions: [version] })
          await eventually(async () => {
            const { rowCount } = await replica.pool.query('select from thing.done where version = $1', [
              version,
            ])
            assert.equal(rowCount, 3, 'the effect, what followed it and its job')
          })
        }
      })

      it('runs a job that is scheduled for later when its time has come', async () => {
        const [first] = replicas as [TestHost]
        await withinOnce(4_000, async (attempt) => {
          const n = 1_000 + attempt
          const startedAt = performance.now()
          await first.client(thingContract).schedule({ job: 'tell', n, inMs: 300 })
          await eventually(async () => {
            const { rowCount } = await first.pool.query('select from thing.done where version = $1', [n])
            assert.equal(rowCount, 1)
          })
          const ms = performance.now() - startedAt
          assert(ms > 300, `${ms} ms`)
        })
      })

      it('answers a repeated call with the first answer, also while the first one runs', async () => {
        const clients = replicas.map((replica) => replica.client(noteContract))
        const answers = await Promise.all(
          Array.from({ length: 12 }, (_, call) =>
            clients[call % 2]!.keep({ text: 'once' }, { idempotencyKey: `keep-${way.length}` }),
          ),
        )
        assert.equal(new Set(answers.map(({ noteId }) => noteId)).size, 1)
        const events = await replicas[0]!.loggedEvents()
        assert.equal(events.filter(({ name }) => name === 'note.kept').length, 1)
      })

      it('bounds statements, waits for locks and idle transactions like sessions of our own', async () => {
        // What the pooler had open when the first process came keeps what it had: renewed, as the pooler does by itself within the hour.
        await replicas[0]!.pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
        )
        await eventually(async () => {
          const { timeouts } = await replicas[0]!.client(noteContract).bounds({})
          assert.deepEqual(timeouts, ['15s', '5s', '15s'])
        })
      })

      it('is as healthy as without', async () => {
        await eventually(async () => assert.deepEqual((await replicas[0]!.host.ready()).ok, true))
      })
    })
  }

  for (const ignore of [[], ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']])
    it(`needs to be told of: an address that is only a pooler, which ${ignore.length > 0 ? 'passes over' : 'refuses'} our time-outs, stops the process and names the variable`, async () => {
      await using undeclared = await startPgBouncer({ ignore })
      await using database = await createDatabase()
      await assert.rejects(
        startTestHost({
          services: [note()],
          database,
          environment: { DATABASE_URL: undeclared.through(database.url) },
        }),
        /leads to a pooler: set DATABASE_DIRECT_URL/,
      )
    })
})
