import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startTestHost } from '@stoa/testing'
import { thing } from './fixture/thing.ts'
import { jobRetention, logRetention, serviceRetention } from './retention.ts'
import type { Query } from './service.ts'

it('What the runtime keeps leaves after its time, and not before', async () => {
  await using host = await startTestHost({ services: [thing({})] })
  const hosted = host.host.services[0]!
  await host.host.background!.stop()
  const { pool } = host
  const ages = (table: string, columns: string, values: string, days: readonly number[]) =>
    Promise.all(
      days.map((age) =>
        pool.query(
          `insert into ${table} (${columns}) values (${values.replaceAll('AGE', `now() - interval '${age} days'`)})`,
        ),
      ),
    )
  await ages('thing.inbox', 'reaction, event_id, handled_at', `'r', gen_random_uuid(), AGE`, [15, 17])
  await ages(
    'thing.parked',
    'reaction, event_id, event, error, parked_at',
    `'r', gen_random_uuid(), '{}', 'e', AGE`,
    [89, 91],
  )
  await ages(
    'thing.idempotency',
    'actor, operation, key, body_hash, new_id, created_at',
    `'a', 'o', gen_random_uuid()::text, '', gen_random_uuid(), AGE`,
    [0.9, 1.1],
  )
  await pool.query(`insert into log.topic (name) values ('t')`)
  let position = 0
  for (const age of [29, 27, 20, 15, 13, 1]) {
    position += 1
    await pool.query(
      `insert into log.event (topic, position, id, type, schema_version, key, aggregate_version, payload, occurred_at, appended_at)
      values ('t', $1, gen_random_uuid(), 't.x', 1, 'k', 1, '{}', now(), now() - $2 * interval '1 day')`,
      [position, age],
    )
  }
  // A group that has come to the third event holds up the fourth, but not what is older than four weeks.
  await pool.query(
    `insert into log.cursor ("group", topic, position) values ('slow', 't', 3), ('quick', 't', 6)`,
  )
  await pool.query(
    `insert into log.lease (name, owner, until) values ('old', 'x', now() - interval '2 days'), ('new', 'x', now())`,
  )
  for (const age of [29, 31]) {
    await pool.query(`select graphile_worker.add_job('thing/lost')`)
    await pool.query(
      `update graphile_worker._private_jobs set attempts = max_attempts, updated_at = now() - $1 * interval '1 day' where attempts = 0`,
      [age],
    )
  }
  const { signal } = new AbortController()
  for (const chore of [
    serviceRetention(hosted),
    jobRetention(hosted.database),
    logRetention(hosted.database),
  ]) {
    await chore.run(signal)
  }
  const left = async (sql: string) => (await pool.query(sql)).rows.map((row) => Object.values(row)[0])
  assert.deepEqual(await left('select count(*)::int from thing.inbox'), [1])
  assert.deepEqual(await left('select count(*)::int from thing.parked'), [1])
  assert.deepEqual(await left('select count(*)::int from thing.idempotency'), [1])
  assert.deepEqual(await left('select position::int from log.event order by 1'), [4, 5, 6])
  assert.deepEqual(await left('select name from log.lease'), ['new'])
  assert.deepEqual(await left(`select count(*)::int from graphile_worker._private_jobs`), [1])
})

it('The log is swept without reading what stays', async () => {
  await using host = await startTestHost({ services: [thing({})] })
  const { database } = host.host.services[0]!
  await host.host.background!.stop()
  await host.pool.query(`insert into log.topic (name, last_position) values ('t', 20000)`)
  await host.pool.query(
    `insert into log.event (topic, position, id, type, schema_version, key, aggregate_version, payload, occurred_at, appended_at)
    select 't', n, gen_random_uuid(), 't.x', 1, 'k', 1, '{}', now(), now() - interval '30 days' + n * interval '2 minutes'
    from generate_series(1, 20000) n`,
  )
  await host.pool.query('analyze log.event')
  const plans: string[] = []
  const seen = new Set<string>()
  const query: Query = async (text, values) => {
    if (text.includes('log.event') && !seen.has(text)) {
      seen.add(text)
      const { rows } = await host.pool.query(`explain ${text}`, values as unknown[])
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
    }
    return database.query(text, values)
  }
  await logRetention({ ...database, query }).run(new AbortController().signal)
  const { rows } = await host.pool.query(
    `select count(*)::int as n, min(appended_at) > now() - interval '14 days 5 minutes' as swept from log.event`,
  )
  // 16 days at 720 events a day are gone, in three batches.
  assert.ok(rows[0].swept && Math.abs(rows[0].n - 8_480) <= 10, JSON.stringify(rows))
  for (const plan of plans) assert.doesNotMatch(plan, /Seq Scan on event/)
  assert.ok(plans.some((plan) => plan.startsWith('Delete on event')))
})
