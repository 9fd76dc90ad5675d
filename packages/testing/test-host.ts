import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Client, Contract, EventType } from '@stoa/contract'
import { type Actor, type Host, type HostOptions, type Service, startHost, topicOf } from '@stoa/runtime'
import pg from 'pg'
import { pino } from 'pino'
import type { z } from 'zod'
import { createDatabase, type TestDatabase, templateDatabase } from './database.ts'

export type TestHost = AsyncDisposable & {
  readonly host: Host
  readonly database: TestDatabase
  /** A connection pool of the test's own, for assertions in SQL. */
  readonly pool: pg.Pool
  /** A typed client: anonymous unless an actor is given; `via` opens operations whose access is `service`. */
  readonly client: <C extends Contract>(
    contract: C,
    caller?: { actor?: Actor; via?: string; address?: string },
  ) => Client<C>
  /** Waits until all that was announced has had its effect, and every due job has run. */
  readonly settled: () => Promise<void>
  /** Appends an event to the log as the service that owns it would. The same `id` again is a redelivery. */
  readonly publish: <E extends EventType>(
    type: E,
    payload: z.input<E['payload']>,
    options?: { version?: number; id?: string },
  ) => Promise<string>
  /** What was announced so far, oldest first. */
  readonly loggedEvents: () => Promise<{ id: string; name: string; version: number; payload: unknown }[]>
}

type TestHostOptions = {
  readonly services: readonly Service[]
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Default 2: nothing may hold one connection while it waits for another. */
  readonly poolSize?: number
  /** Default `asked`: no test depends on the minute. */
  readonly jobs?: HostOptions['jobs']
  /** A database of the test's own: that of a test host that runs already makes another replica. */
  readonly database?: TestDatabase
  /** As a process of a shop has it: it goes on without a Redis that is late. Otherwise one that a busy machine holds up is waited for. */
  readonly impatientWithRedis?: boolean
}

/** Waited for by who tests what processes share through Redis: what they do without it is another test. */
const REDIS_TIMEOUT_MS = 5_000

/** Starts services on a database of their own, in this process, and stops both at the end of the test. */
export async function startTestHost(options: TestHostOptions): Promise<TestHost> {
  const { services, poolSize = 2, jobs = 'asked' } = options
  const database = options.database ?? (await createDatabase({ template: await migratedTemplate(services) }))
  const environment = {
    POOL_SIZE: String(poolSize),
    INTERNAL_SECRET: 'secret-of-the-tests',
    DATABASE_URL: database.url,
    // The same server in read-only sessions: an operation that says that it may be behind, and writes, fails.
    DATABASE_REPLICA_URL: database.url,
    ...options.environment,
  }
  const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' })
  const host = await startHost({
    services,
    environment,
    logger,
    jobs,
    checkAnswers: true,
    ...(options.impatientWithRedis ? {} : { redisTimeoutMs: REDIS_TIMEOUT_MS }),
  })
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => {})
  return {
    host,
    database,
    pool,
    client: host.client,
    settled: () => host.background!.settled(),
    publish: async (type, payload, { version = 1, id = randomUUID() } = {}) => {
      const fact = type.payload.parse(payload)
      await host.log!.append([
        {
          id,
          topic: topicOf(type.name),
          type: type.name,
          schemaVersion: type.version,
          key: type.key(fact),
          version,
          payload: fact,
          traceparent: undefined,
          occurredAt: new Date(),
        },
      ])
      return id
    },
    loggedEvents: async () => {
      await host.background!.settled()
      const { rows } = await pool.query(
        `select id, type as name, aggregate_version::int as version, payload from log.event order by appended_at, topic, position`,
      )
      return rows
    },
    [Symbol.asyncDispose]: async () => {
      await host.stop()
      await pool.end()
      if (!options.database) await database.drop()
    },
  }
}

/** A template with every migration of these services in it, keyed by what the migrations say. */
async function migratedTemplate(services: readonly Service[]): Promise<string> {
  const hash = createHash('sha256')
  const directories = [
    import.meta.resolve('@stoa/runtime').replace(/[^/]*$/, 'migrations/'),
    import.meta.resolve('@stoa/runtime').replace(/[^/]*$/, 'log-migrations/'),
    ...services.map((service) => service.migrations?.href),
  ]
  for (const service of services) hash.update(service.contract.name).update('\n')
  for (const directory of directories) {
    if (!directory) continue
    for (const file of readdirSync(new URL(directory)).sort())
      hash.update(file).update(readFileSync(new URL(file, directory)))
  }
  return templateDatabase(hash.digest('hex').slice(0, 16), async (url) => {
    const migrated = services.filter((service) => service.migrations)
    const host = await startHost({
      // Their tables alone: no resources, no needs.
      services: migrated.map((service) => ({
        ...service,
        needs: {},
        resources: undefined,
        edge: undefined,
        reactions: [],
        jobs: [],
      })),
      environment: { DATABASE_URL: url, POOL_SIZE: '2' },
      logger: pino({ level: 'silent' }),
    })
    await host.stop()
  })
}
