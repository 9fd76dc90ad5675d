import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Environment } from './config.ts'
import { checkSessions, type Database, onDirectPool, openDatabase } from './database.ts'
import { migrate } from './migrate.ts'
import type { Service } from './service.ts'

export type Databases = {
  readonly all: () => readonly Database[]
  /** The database that a service lives in. */
  readonly of: (service: Service) => Database
  /** The database of the event log, of leases. */
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
  readonly poolSize: number
}

/** The databases of one process, each opened once however many services live in it. Nothing connects before it is used. */
export function openDatabases(config: DatabasesConfig, environment: Environment, log: Logger): Databases {
  const all = new Map<string, Database>()
  const open = (name: string, url: string, directUrl: string | undefined): Database => {
    let database = all.get(url)
    if (!database) {
      database = openDatabase({
        name,
        url,
        directUrl,
        poolSize: config.poolSize,
        applicationName: 'stoa',
        log,
      })
      all.set(url, database)
    }
    return database
  }
  const shared = () => {
    if (!config.databaseUrl)
      throw new Error('DATABASE_URL is not set, and no embedded PostgreSQL was started')
    return open('shared', config.databaseUrl, config.databaseDirectUrl)
  }
  const ofLog = () => {
    if (!config.logDatabaseUrl || config.logDatabaseUrl === config.databaseUrl) return shared()
    return open('log', config.logDatabaseUrl, config.logDatabaseDirectUrl)
  }
  const of = ({ contract: { name } }: Service): Database => {
    const own = `${name.toUpperCase()}_DATABASE_URL`
    const url = environment[own]
    if (!url || url === config.databaseUrl) return shared()
    if (!config.logDatabaseUrl)
      throw new Error(`${own} is set: name the database of the event log with LOG_DATABASE_URL`)
    if (url === config.logDatabaseUrl) return ofLog()
    return open(name, url, environment[`${name.toUpperCase()}_DATABASE_DIRECT_URL`])
  }
  return {
    all: () => [...all.values()],
    of,
    log: ofLog,
    // One after the other: each may wait for another process.
    prepare: async (services) => {
      if (services.length > 0 && config.logDatabaseUrl) await checkSessions(ofLog(), log)
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
      await Promise.all([...all.values()].map(({ pool }) => pool.end()))
    },
  }
}

/** What the pools of this process do, for those who watch it. In use for long above 90 % of `max`: alert. */
export function createPoolMetrics(registry: Registry, databases: () => readonly Database[]): void {
  const registers = [registry]
  const labelNames = ['database'] as const
  const gauge = (name: string, help: string, read: (database: Database) => number) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const database of databases()) this.set({ database: database.name }, read(database))
      },
    })
  gauge(
    'stoa_database_pool_max',
    'Connections that this process may have to a database.',
    ({ pool }) => pool.size,
  )
  gauge(
    'stoa_database_pool_size',
    'Connections that this process has to a database.',
    ({ pool }) => pool.totalCount,
  )
  gauge(
    'stoa_database_pool_in_use',
    'Connections that somebody holds. Alert when it stays above 90 % of stoa_database_pool_max.',
    ({ pool }) => pool.totalCount - pool.idleCount,
  )
  gauge('stoa_database_pool_waiting', 'Callers that wait for a connection.', ({ pool }) => pool.waitingCount)
  new Counter({
    name: 'stoa_database_pool_lost_total',
    help: 'Connections that broke or were given up because the server was silent.',
    labelNames,
    registers,
    collect() {
      this.reset()
      for (const { name, pool } of databases()) this.inc({ database: name }, pool.lost)
    },
  })
  new Counter({
    name: 'stoa_database_pool_refused_total',
    help: 'Callers that got no connection: too many waited already (full), or the wait was too long (timeout).',
    labelNames: ['database', 'reason'],
    registers,
    collect() {
      this.reset()
      for (const { name, pool } of databases())
        for (const [reason, count] of Object.entries(pool.refusals))
          this.inc({ database: name, reason }, count)
    },
  })
}
