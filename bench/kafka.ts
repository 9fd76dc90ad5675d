import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger, startHost } from '@stoa/runtime'
import { shareEngines } from '@stoa/testing/shared-engines'
import pg from 'pg'
import { factsService, type Times } from './facts/service.ts'
import { commitToReaction } from './reactions.ts'
import { type Bench, bounded, number, type Section } from './section.ts'

const ROWS = 100_000
const AT_LEAST_PER_SECOND = 5_000
const PER_SECOND = 500
const DRAINED_WITHIN_MS = 120_000

/** The log in Kafka: what waits in an outbox to its effects, through brokers at `KAFKA_BROKERS`, beside the same with the log in PostgreSQL. */
export const kafka: Section = {
  name: 'kafka',
  always: true,
  needs: 'KAFKA_BROKERS',
  run: async (bench) => {
    const brokers = process.env.KAFKA_BROKERS
    if (!brokers) throw new Error('The section kafka needs KAFKA_BROKERS: npm run engines -- up prints it')
    await using engines = shareEngines('bench', { KAFKA_BROKERS: brokers })
    const { environment } = engines
    bench.say('draining an outbox through Kafka')
    const perSecond = await drain(bench, 'kafka_drain', environment)
    bench.say('draining an outbox through the log in PostgreSQL')
    const inPostgres = await drain(bench, 'postgres_drain', {})
    const delays = { ...environment, KAFKA_PREFIX: `${environment.KAFKA_PREFIX}delay.` }
    return [
      bounded(
        'Outbox through Kafka to effects',
        perSecond,
        'events/s',
        { atLeast: AT_LEAST_PER_SECOND },
        `${number(perSecond / inPostgres)} times the log in PostgreSQL, ${number(inPostgres)} events/s`,
      ),
      await commitToReaction(bench, {
        name: 'Commit to reaction through Kafka: p99',
        database: 'kafka_reactions',
        perSecond: PER_SECOND,
        environment: delays,
      }),
      await commitToReaction(bench, {
        name: 'The same through PostgreSQL: p99',
        database: 'postgres_reactions',
        perSecond: PER_SECOND,
      }),
    ]
  },
}

/** Events a second from a full outbox to committed effects, with one process that relays and reacts. */
async function drain(
  bench: Bench,
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  await using database = await bench.createDatabase(name)
  const times: Times = { toldAt: new Map(), heardAt: new Map() }
  const options = {
    services: [factsService(times)],
    environment: { DATABASE_URL: database.url, ...environment },
    logger: createLogger('error'),
  }
  // Its tables, and nothing that runs.
  await (await startHost({ ...options, background: false })).stop()
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  await pool.query(
    `insert into facts.outbox (kind, id, name, schema_version, key, aggregate_version, payload)
    select 'event', gen_random_uuid(), 'facts.told', 1, n::text, 1, jsonb_build_object('number', n)
    from generate_series(1, ${ROWS}) n`,
  )
  await pool.query('vacuum analyze facts.outbox')
  const startedAt = performance.now()
  await using _host = await startHost(options)
  while (times.heardAt.size < ROWS) {
    assert.ok(
      performance.now() - startedAt < DRAINED_WITHIN_MS,
      `${times.heardAt.size} of ${ROWS} were heard`,
    )
    await sleep(10)
  }
  const seconds = (performance.now() - startedAt) / 1000
  const { rows } = await pool.query(
    'select count(*)::int as n, count(distinct number)::int as distinct from facts.heard',
  )
  assert.deepEqual(rows, [{ n: ROWS, distinct: ROWS }])
  await pool.end()
  return ROWS / seconds
}
