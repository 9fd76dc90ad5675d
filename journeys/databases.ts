import assert from 'node:assert/strict'
import { loadServices } from '@stoa/host'
import { createDatabase, type TestDatabase } from '@stoa/testing'
import pg from 'pg'

/** Where the tables of a shop are, and how a journey looks at them. */
export type ShopDatabases = {
  /** What a process is told of them. */
  readonly environment: Readonly<Record<string, string>>
  /** Sees every table of the shop, under the name that it has where it lives. To look: what is changed or locked is so in `of`. */
  readonly pool: pg.Pool
  /** The database of a service. */
  readonly of: (service: string) => pg.Pool
  /** What services have made is seen from here on. */
  readonly open: () => Promise<void>
  readonly drop: () => Promise<void>
}

/** All in one: at `url`, which is the caller's, or one of its own. */
export async function oneDatabase(url?: string): Promise<ShopDatabases> {
  const database = url === undefined ? await createDatabase() : { url, drop: async () => {} }
  const pool = openPool(database.url)
  return {
    environment: { DATABASE_URL: database.url },
    pool,
    of: () => pool,
    open: async () => {},
    drop: async () => {
      await pool.end()
      await database.drop()
    },
  }
}

/**
 * One for each service that has tables, one for the event log when that is in PostgreSQL, and one, at `DATABASE_URL`, for what is nobody's. No process is
 * told of the one that journeys look into, which holds nothing but foreign tables: what a service reads of another's is not there.
 */
export async function ownDatabases(options: { withLog: boolean }): Promise<ShopDatabases> {
  const undo: (() => Promise<unknown>)[] = []
  const drop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  const create = async (): Promise<TestDatabase & { pool: pg.Pool }> => {
    const database = await createDatabase()
    undo.push(() => database.drop())
    const pool = openPool(database.url)
    undo.push(() => pool.end())
    return { ...database, pool }
  }
  try {
    const shared = await create()
    const log = options.withLog ? await create() : undefined
    const own = new Map<string, TestDatabase & { pool: pg.Pool }>()
    for (const { contract, migrations } of await loadServices())
      if (migrations) own.set(contract.name, await create())
    const { pool } = await create()
    return {
      environment: {
        DATABASE_URL: shared.url,
        ...(log && { LOG_DATABASE_URL: log.url }),
        ...Object.fromEntries(
          [...own].map(([service, { url }]) => [`${service.toUpperCase()}_DATABASE_URL`, url]),
        ),
      },
      pool,
      of: (service) => {
        const database = own.get(service)
        assert(database, `${service} has no tables`)
        return database.pool
      },
      open: async () => {
        await pool.query('create extension postgres_fdw')
        for (const [service, { url }] of own) await seeSchema(pool, service, new URL(url))
      },
      drop,
    }
  } catch (error) {
    await drop()
    throw error
  }
}

async function seeSchema(pool: pg.Pool, schema: string, url: URL): Promise<void> {
  const text = (value: string) => pg.escapeLiteral(decodeURIComponent(value))
  await pool.query(`
    create server "${schema}" foreign data wrapper postgres_fdw
      options (host ${text(url.hostname)}, port ${text(url.port)}, dbname ${text(url.pathname.slice(1))}, updatable 'false');
    create user mapping for current_user server "${schema}"
      options (user ${text(url.username)}, password ${text(url.password)});
    create schema "${schema}";
    import foreign schema "${schema}" from server "${schema}" into "${schema}"`)
}

function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 4 })
  pool.on('error', () => {})
  return pool
}
