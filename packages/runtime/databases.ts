import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Environment } from './config.ts'
import { checkSessions, type Database, onDirectPool, openDatabase } from './database.ts'
import { migrate } from './migrate.ts'
import type { DatabasePool } from './pool.ts'
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

/** The databases of one process, each opened once however many services live in it. Nothing connects before it is used. */
export function openDatabases(config: DatabasesConfig, environment: Environment, log: Logger): Databases {
  const all = new Map<string, Database>()
  const { poolSize, replicaMaxLagMs } = config
  const open = (
    name: string,
    url: string,
    ways: { directUrl?: string | undefined; replicaUrl?: string | undefined },
  ): Database => {
    let database = all.get(url)
    if (!database) {
      database = openDatabase({ name, url, ...ways, replicaMaxLagMs, poolSize, applicationName: 'stoa', log })
      all.set(url, database)
    }
    return database
  }
  const shared = () => {
    if (!config.databaseUrl)
      throw new Error('DATABASE_URL is not set, and no embedded PostgreSQL was started')
    return open('shared', config.databaseUrl, {
      directUrl: config.databaseDirectUrl,
      replicaUrl: config.databaseReplicaUrl,
    })
  }
  const ofLog = () => {
    if (!config.logDatabaseUrl || config.logDatabaseUrl === config.databaseUrl) return shared()
    return open('log', config.logDatabaseUrl, { directUrl: config.logDatabaseDirectUrl })
  }
  const of = ({ contract: { name } }: Service): Database => {
    const own = `${name.toUpperCase()}_DATABASE`
    const url = environment[`${own}_URL`]
    if (!url || url === config.databaseUrl) return shared()
    if (!config.logDatabaseUrl && !config.kafkaBrokers)
      throw new Error(`${own}_URL is set: say where the event log is with LOG_DATABASE_URL or KAFKA_BROKERS`)
    if (url === config.logDatabaseUrl) return ofLog()
    return open(name, url, {
      directUrl: environment[`${own}_DIRECT_URL`] || undefined,
      replicaUrl: environment[`${own}_REPLICA_URL`] || undefined,
    })
  }
  return {
    all: () => [...all.values()],
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
      await Promise.all([...all.values()].map((database) => database.close()))
    },
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
