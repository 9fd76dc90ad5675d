import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contract, operation, Rejection } from '@stoa/contract'
import { eventually, type ReplicatedPostgres, startReplicatedPostgres, startTestHost } from '@stoa/testing'
import pg from 'pg'
import { pino } from 'pino'
import { z } from 'zod'
import { type Host, startHost } from './host.ts'
import { defineService, type ServiceContext } from './service.ts'

const where = {
  method: 'GET',
  access: 'public',
  input: z.strictObject({ write: z.enum(['query', 'transaction']).optional() }),
  output: z.object({ fromReplica: z.boolean(), boxes: z.int() }),
} as const
const box = contract('box', {
  report: operation({ ...where, summary: 'May be behind', path: '/boxes/report', staleness: 'seconds' }),
  count: operation({ ...where, summary: 'Is of now', path: '/boxes/count' }),
})
type Tables = { boxes: { box_id: string; label: string } }

const count = async ({ write }: { write?: string | undefined }, ctx: ServiceContext<Tables>) => {
  const insert = `insert into box.boxes (box_id, label) values (gen_random_uuid(), 'x')`
  if (write === 'query') await ctx.query(insert)
  if (write === 'transaction') await ctx.transaction((tx) => tx.query(insert))
  const [row] = await ctx.query<{ fromReplica: boolean }>('select pg_is_in_recovery() as "fromReplica"')
  const { boxes } = await ctx.db
    .selectFrom('boxes')
    .select((select) => select.fn.countAll().as('boxes'))
    .executeTakeFirstOrThrow()
  return { ...row!, boxes: Number(boxes) }
}
const service = defineService({
  contract: box,
  migrations: new URL('./dispatch-test-migrations/', import.meta.url),
  operations: { report: count, count },
})

const MAX_LAG_MS = 400

describe('Reads of an operation that may be behind', () => {
  let servers: ReplicatedPostgres
  let host: Host
  before(async () => {
    servers = await startReplicatedPostgres()
    host = await startHost({
      services: [service],
      environment: {
        DATABASE_URL: servers.primary.url,
        DATABASE_REPLICA_URL: servers.standby().url,
        DATABASE_REPLICA_MAX_LAG_MS: String(MAX_LAG_MS),
        POOL_SIZE: '2',
      },
      logger: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
    })
  })
  after(async () => {
    await host?.stop()
    await servers?.[Symbol.asyncDispose]()
  })

  const on = async (url: string, ...statements: string[]) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  const report = () => host.client(box).report({})
  const readsFromReplica = (expected: boolean) =>
    eventually(async () => assert.equal((await report()).fromReplica, expected))

  it('come from the replica, and those of other operations from the primary', async () => {
    await readsFromReplica(true)
    assert.equal((await host.client(box).count({})).fromReplica, false)
  })

  it('come from the replica though a crowd waits for the primary', async () => {
    const { pool } = host.services[0]!.database
    const held = [await pool.connect(), await pool.connect()]
    try {
      await sleep(1_100)
      // A replica that is late with what was written just before the look may not be used.
      await readsFromReplica(true)
    } finally {
      for (const client of held) client.release()
    }
  })

  it('are no way to write: a transaction writes where it always does, a statement fails', async () => {
    const before = (await host.client(box).count({})).boxes
    await host.client(box).report({ write: 'transaction' })
    assert.equal((await host.client(box).count({})).boxes, before + 1)
    // Where the last look is too long ago, the primary answers, and takes it.
    let taken = 0
    await eventually(async () => {
      const error = await host
        .client(box)
        .report({ write: 'query' })
        .catch((error: unknown) => error)
      if (error instanceof Rejection) return assert.equal(error.code, 'INTERNAL')
      taken += 1
      return false
    })
    assert.equal((await host.client(box).count({})).boxes, before + 1 + taken)
  })

  it('are never further behind than the bound: then the primary answers, until the replica has caught up', async () => {
    await readsFromReplica(true)
    await on(servers.standby().url, 'select pg_wal_replay_pause()')
    for (let round = 0; round < 6; round += 1) {
      await host.client(box).report({ write: 'transaction' })
      const now = (await host.client(box).count({})).boxes
      await sleep(MAX_LAG_MS)
      // What was there a bound ago is seen now, from whichever server.
      assert((await report()).boxes >= now, `round ${round}`)
    }
    await readsFromReplica(false)
    assert.match(await host.metrics.metrics(), /stoa_database_replica_lag_seconds\{database="shared"\} [1-9]/)
    await on(servers.standby().url, 'select pg_wal_replay_resume()')
    await readsFromReplica(true)
    assert.match(await host.metrics.metrics(), /stoa_database_replica_lag_seconds\{database="shared"\} 0/)
  })

  it('leave a replica that was cut off from its primary, and thinks that it is up to date', async () => {
    await on(servers.standby().url, `alter system set primary_conninfo = ''`, 'select pg_reload_conf()')
    await host.client(box).report({ write: 'transaction' })
    await readsFromReplica(false)
    await on(
      servers.standby().url,
      `alter system set primary_conninfo = '${conninfo(servers.primary.url)}'`,
      'select pg_reload_conf()',
    )
    await readsFromReplica(true)
  })

  it('do not notice when it dies, and use it again when it is back', async () => {
    await servers.stopStandby()
    for (let reads = 0; reads < 10; reads += 1) assert.equal((await report()).fromReplica, false)
    const { ok, checks } = await host.ready()
    assert.deepEqual([ok, checks.databaseReplica], [true, 'degraded: does not answer'])
    assert.match(await host.metrics.metrics(), /stoa_database_replica_lag_seconds\{database="shared"\} \+Inf/)
    await servers.startStandby()
    await readsFromReplica(true)
  })

  it('leave one that has become a primary itself', async () => {
    await on(
      servers.standby().url,
      'select pg_promote()',
      'select pg_switch_wal()',
      'create table own (id int)',
    )
    await sleep(1_100)
    const before = (await host.client(box).count({})).boxes
    await host.client(box).report({ write: 'transaction' })
    for (let reads = 0; reads < 5; reads += 1) assert.equal((await report()).boxes, before + 1)
  })
})

it('A test host fails an operation that may be behind and writes', async () => {
  await using test = await startTestHost({ services: [service] })
  await test.client(box).report({ write: 'transaction' })
  assert.equal((await test.client(box).report({})).boxes, 1)
  await eventually(() => assert.rejects(test.client(box).report({ write: 'query' }), { code: 'INTERNAL' }))
})

const conninfo = (url: string): string => {
  const { port, username, password } = new URL(url)
  return `host=127.0.0.1 port=${port} user=${username} password=${password}`
}
