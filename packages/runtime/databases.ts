import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import { type Environment, readConfig, setting } from './config.ts'
import { checkSessions, type Database, onDirectPool, openDatabase } from './database.ts'
import { migrate } from './migrate.ts'
import type { DatabasePool } from './pool.ts'
import { PostgresUrl } from './process-config.ts'
import type { Service } from './service.ts'

export type Databases = {
  readonly all: () => readonly Database[]
  /** The database that a service lives in. */
  readonly of: (service: Service) => Database
  /** The database of the event log and of leases, when the log is not in Kafka. */
  readonly log: () => Database
  /** Brings every service's schema up to date and sees that sessions are as they must be. */
  readonly prepare: (services: readonly Service[]) => Promise<void>
  readonly close: () => Promise<void>
}

export type DatabasesConfig = {
  readonly databaseUrl?: string | undefined
  readonly databaseDirectUrl?: string | undefined
  readonly logDatabaseUrl?: string | undefined
  readonly logDatabaseDirectUrl?: string | undefined
  readonly kafkaBrokers?: string | undefined
  readonly databaseReplicaUrl?: string | undefined
  readonly replicaMaxLagMs: number
  readonly poolSize: number
}

/** Ways to a database besides its address, each with the variable that names it. */
type Ways = Readonly<
  Record<'directUrl' | 'replicaUrl', { readonly env: string; readonly url: string | undefined }>
>

/** The databases of one process, each opened once however many services live in it. Nothing connects before it is used. */
export function openDatabases(config: DatabasesConfig, environment: Environment, log: Logger): Databases {
  const all = new Map<string, { readonly database: Database; readonly ways: Ways }>()
  const { poolSize, replicaMaxLagMs } = config
  const open = (name: string, url: string, ways: Ways): Database => {
    const opened = all.get(url)
    if (opened) {
      alreadyGiven(ways, opened.ways)
      return opened.database
    }
    const database = openDatabase({
      name,
      url,
      directUrl: ways.directUrl.url,
      replicaUrl: ways.replicaUrl.url,
      replicaMaxLagMs,
      poolSize,
      applicationName: 'stoa',
      log,
    })
    all.set(url, { database, ways })
    return database
  }
  const sharedWays: Ways = {
    directUrl: { env: 'DATABASE_DIRECT_URL', url: config.databaseDirectUrl },
    replicaUrl: { env: 'DATABASE_REPLICA_URL', url: config.databaseReplicaUrl },
  }
  const logWays: Ways = {
    directUrl: { env: 'LOG_DATABASE_DIRECT_URL', url: config.logDatabaseDirectUrl },
    replicaUrl: { env: 'LOG_DATABASE_REPLICA_URL', url: undefined },
  }
  goTogether('LOG_DATABASE_URL', config.logDatabaseUrl, logWays)
  const shared = () => {
    if (!config.databaseUrl)
      throw new Error('DATABASE_URL is not set, and no embedded PostgreSQL was started')
    return open('shared', config.databaseUrl, sharedWays)
  }
  const ofLog = () => {
    if (!config.logDatabaseUrl) return shared()
    if (config.logDatabaseUrl !== config.databaseUrl) return open('log', config.logDatabaseUrl, logWays)
    alreadyGiven(logWays, sharedWays)
    return shared()
  }
  const of = ({ contract: { name } }: Service): Database => {
    const own = `${name.toUpperCase()}_DATABASE`
    const { url, ...urls } = readConfig(
      {
        url: setting(`${own}_URL`, PostgresUrl.optional(), `The database of ${name} alone.`),
        directUrl: setting(
          `${own}_DIRECT_URL`,
          PostgresUrl.optional(),
          `The way past a pooler at ${own}_URL.`,
        ),
        replicaUrl: setting(`${own}_REPLICA_URL`, PostgresUrl.optional(), `A replica of ${own}_URL.`),
      },
      environment,
    )
    const ways: Ways = {
      directUrl: { env: `${own}_DIRECT_URL`, url: urls.directUrl },
      replicaUrl: { env: `${own}_REPLICA_URL`, url: urls.replicaUrl },
    }
    goTogether(`${own}_URL`, url, ways)
    if (!url) return shared()
    if (url === config.databaseUrl) {
      alreadyGiven(ways, sharedWays)
      return shared()
    }
    if (!config.logDatabaseUrl && !config.kafkaBrokers)
      throw new Error(`${own}_URL is set: say where the event log is with LOG_DATABASE_URL or KAFKA_BROKERS`)
    if (url === config.logDatabaseUrl) {
      alreadyGiven(ways, logWays)
      return ofLog()
    }
    return open(name, url, ways)
  }
  return {
    all: () => [...all.values()].map(({ database }) => database),
    of,
    log: ofLog,
    // One after the other: each may wait for another process.
    prepare: async (services) => {
      if (services.length > 0 && config.logDatabaseUrl && !config.kafkaBrokers)
        await checkSessions(ofLog(), log)
      const byDatabase = Map.groupBy(
        services.filter(({ migrations }) => migrations),
        of,
      )
      for (const [database, own] of byDatabase) {
        await checkSessions(database, log)
        await onDirectPool(database, async (pool) => {
          for (const { contract, migrations } of own) await migrate(pool, contract.name, migrations)
        })
      }
    },
    close: async () => {
      await Promise.all([...all.values()].map(({ database }) => database.close()))
    },
  }
}

/** A way to no database would be silently left out. */
function goTogether(env: string, url: string | undefined, ways: Ways): void {
  for (const way of Object.values(ways))
    if (way.url && !url) throw new Error(`${way.env} goes with ${env}, which is not set`)
}

/** A database is opened once, one way: another way to it would be silently left out. */
function alreadyGiven(wanted: Ways, given: Ways): void {
  for (const way of ['directUrl', 'replicaUrl'] as const) {
    const { env, url } = wanted[way]
    if (url && url !== given[way].url)
      throw new Error(
        `${env} would do nothing: its database is used by others, ${given[way].url ? 'with another one' : 'without one'}`,
      )
  }
}

/** What the pools of this process do, for those who watch it. */
export function createDatabaseMetrics(registry: Registry, databases: () => readonly Database[]): void {
  const registers = [registry]
  const labelNames = ['database'] as const
  const pools = () =>
    databases().flatMap(({ name, pool, replica }) => [
      { database: name, pool },
      ...(replica ? [{ database: `${name} replica`, pool: replica.pool }] : []),
    ])
  const gauge = (name: string, help: string, read: (pool: DatabasePool) => number) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const { database, pool } of pools()) this.set({ database }, read(pool))
      },
    })
  gauge(
    'stoa_database_pool_max',
    'Connections that this process may have to a database.',
    (pool) => pool.size,
  )
  gauge(
    'stoa_database_pool_size',
    'Connections that this process has to a database.',
    (pool) => pool.totalCount,
  )
  gauge(
    'stoa_database_pool_in_use',
    'Connections that somebody holds. Alert when it stays above 90 % of stoa_database_pool_max.',
    (pool) => pool.totalCount - pool.idleCount,
  )
  gauge('stoa_database_pool_waiting', 'Callers that wait for a connection.', (pool) => pool.waitingCount)
  new Counter({
    name: 'stoa_database_pool_lost_total',
    help: 'Connections that broke or were given up because the server was silent.',
    labelNames,
    registers,
    collect() {
      this.reset()
      for (const { database, pool } of pools()) this.inc({ database }, pool.lost)
    },
  })
  new Counter({
    name: 'stoa_database_pool_refused_total',
    help: 'Callers that got no connection: too many waited already (full), or the wait was too long (timeout).',
    labelNames: ['database', 'reason'],
    registers,
    collect() {
      this.reset()
      for (const { database, pool } of pools())
        for (const [reason, count] of Object.entries(pool.refusals)) this.inc({ database, reason }, count)
    },
  })
  new Gauge({
    name: 'stoa_database_replica_lag_seconds',
    help: 'How far a replica is behind its primary, asked when this is read; infinite when either does not say. Alert above 5.',
    labelNames,
    registers,
    async collect() {
      await Promise.all(
        databases().map(async ({ name, replica }) => {
          if (replica) this.set({ database: name }, await replica.lagSeconds())
        }),
      )
    },
  })
}
