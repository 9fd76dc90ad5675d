import { createHash } from 'node:crypto'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Logger } from 'pino'
import { DatabasePool, onClient, type PoolOptions } from './pool.ts'
import { openReplica, type Reader, type Replica } from './replica.ts'
import { runAgain } from './run-again.ts'
import type { Query } from './service.ts'

/** One PostgreSQL database, shared by all services of the process that live in it. */
export type Database = {
  /** For people and metrics: `shared`, a service's name, `log`. */
  readonly name: string
  readonly url: string
  /**
   * Where a session is one's own, past a pooler: it can LISTEN, and prepare, and be told its time-outs. Undefined when only a pooler is
   * there: then nobody is woken, and work is looked for once a second.
   */
  readonly directUrl: string | undefined
  readonly pool: DatabasePool
  // biome-ignore lint/suspicious/noExplicitAny: each service sees it through its own tables
  readonly db: Kysely<any>
  readonly query: Query
  /** A `Query` on one client of the pool. */
  readonly queryOn: (client: pg.PoolClient) => Query
  /** Where those read who bear to be some seconds behind: the replica, or this database itself. */
  readonly reader: Reader
  readonly replica: Replica | undefined
  readonly close: () => Promise<void>
}

export type DatabaseOptions = {
  /** For people and metrics. Default: `shared`. */
  readonly name?: string
  /** With `?pgbouncer=true`, or with another `directUrl`, a pooler in transaction mode. */
  readonly url: string
  readonly directUrl?: string | undefined
  /** A server that repeats what this one writes. */
  readonly replicaUrl?: string | undefined
  /** A replica that is further behind is not read. Default: 5 s. */
  readonly replicaMaxLagMs?: number
  readonly poolSize: number
  readonly applicationName: string
  readonly log: Logger
}

/** Longest that one statement may run, wait for a lock, or leave its transaction idle. */
const SESSION_TIMEOUTS_MS = {
  statement_timeout: 15_000,
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 15_000,
} as const

/** The specification's bound of what a replica may be behind. */
export const REPLICA_MAX_LAG_MS = 5_000

const INT8 = 20

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8
      ? parseInt8
      : pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
}

/** An int8 that a Number cannot hold exactly is an error, never silently wrong. */
function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit a Number`)
  return value
}

export function openDatabase(options: DatabaseOptions): Database {
  const { name = 'shared', url, replicaUrl, poolSize, applicationName, log } = options
  const isPooled = isPooler(options)
  const open = (address: string, pooled: boolean, more: Partial<PoolOptions> = {}) =>
    new DatabasePool({
      url: address,
      size: poolSize,
      types,
      application_name: applicationName,
      // A pooler refuses parameters that its server connections would keep for the next client.
      ...(!pooled && SESSION_TIMEOUTS_MS),
      ...more,
      log,
    })
  const pool = open(url, isPooled)
  // What one client of a pooler has prepared, the next statement may not find: it runs on any of the server's connections.
  const queryOn = isPooled ? unprepared : prepared
  const own = {
    db: new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }),
    query: queryOnPool(pool, queryOn),
  }
  const isReplicaPooled = replicaUrl !== undefined && isPooler({ url: replicaUrl })
  const openStandby = (address: string, size: number) =>
    open(address, isReplicaPooled, {
      size,
      refuseStandby: false,
      // Read-only by itself, too: whoever writes there by mistake hears of it even when the address leads to the primary.
      ...(!isReplicaPooled && { options: '-c default_transaction_read_only=on' }),
    })
  const replica =
    replicaUrl === undefined
      ? undefined
      : openReplica({
          pool: openStandby(replicaUrl, poolSize),
          looks: { primary: open(url, isPooled, { size: 1 }), replica: openStandby(replicaUrl, 1) },
          queryOn: isPooled || isReplicaPooled ? unprepared : prepared,
          primary: pool,
          maxLagMs: options.replicaMaxLagMs ?? REPLICA_MAX_LAG_MS,
          log,
        })
  return {
    name,
    url,
    directUrl: options.directUrl ?? (isPooled ? undefined : url),
    pool,
    ...own,
    queryOn,
    reader: replica?.reader ?? own,
    replica,
    close: async () => {
      await Promise.all([pool.end(), replica?.close()])
    },
  }
}

/** Whether `url` leads to a pooler in transaction mode: it says so itself, or there is another way past it. */
const isPooler = ({ url, directUrl }: Pick<DatabaseOptions, 'url' | 'directUrl'>): boolean =>
  (directUrl !== undefined && directUrl !== url) || /[?&]pgbouncer=true\b/.test(url)

/** A pool of one connection past any pooler, whose statements may take as long as they take: for migrations. */
export async function onDirectPool<T>(
  { url, directUrl }: Pick<Database, 'url' | 'directUrl'>,
  work: (pool: pg.Pool) => Promise<T>,
): Promise<T> {
  const pool = new pg.Pool({
    connectionString: directUrl ?? url,
    max: 1,
    connectionTimeoutMillis: 5_000,
    application_name: 'stoa migrations',
  })
  pool.on('error', () => {})
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}

/**
 * Sees at the start that sessions have their time-outs. Behind a pooler they cannot bring them along, so they become settings of its role
 * in this database, which a role may change for itself; what is set already stands. Connections that the pooler has open keep
 * what they have until it renews them.
 */
export async function checkSessions({ name, url, directUrl, query }: Database, log: Logger): Promise<void> {
  const undeclared = (cause?: Error) =>
    new Error(
      `The address of the database ${name} leads to a pooler: set DATABASE_DIRECT_URL (or that of the service) to the server's own address, or add ?pgbouncer=true to it`,
      { cause },
    )
  const missing = await query<{ setting: keyof typeof SESSION_TIMEOUTS_MS }>(
    `select name as setting from pg_settings where name = any($1) and setting = '0'`,
    [Object.keys(SESSION_TIMEOUTS_MS)],
  ).catch((error: Error) => {
    throw /unsupported startup parameter/.test(error.message) ? undeclared(error) : error
  })
  if (missing.length === 0) return
  // A server does as it is told; a pooler may have been told to pass over it.
  if (directUrl === url) throw undeclared()
  const changes = missing.map(
    ({ setting }) =>
      `execute format('alter role %I in database %I set ${setting} = ${SESSION_TIMEOUTS_MS[setting]}', session_user, current_database());`,
  )
  try {
    // In turns: two that change the same role at once are an error.
    await query(`do $$ begin perform pg_advisory_xact_lock(727002, 0); ${changes.join(' ')} end $$`)
  } catch (error) {
    log.warn(
      { err: error, database: name, settings: missing.map(({ setting }) => setting) },
      'sessions behind the pooler have no time-outs of their own: set them for the role that it connects as',
    )
  }
}

/** Constant texts are prepared once per connection. */
const prepared =
  (client: pg.PoolClient): Query =>
  async <Row extends object>(text: string, values: readonly unknown[] = []) => {
    const result = await client.query({ name: statementName(text), text, values: values as unknown[] })
    return result.rows as Row[]
  }

const unprepared =
  (client: pg.PoolClient): Query =>
  async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await client.query(text, values as unknown[])).rows as Row[]

/**
 * A `Query` on any client of a pool, which runs a deadlock's victim again. The pool's own `query` closes the connection of every
 * statement that fails, a violated constraint too.
 */
const queryOnPool =
  (pool: pg.Pool, queryOn: (client: pg.PoolClient) => Query): Query =>
  (text, values) =>
    runAgain(() => onClient(pool, (client) => queryOn(client)(text, values)))

/** A Kysely bound to one connection, so that builder and hand-written statements share a transaction. */
export const kyselyOn = (client: pg.PoolClient): Kysely<unknown> =>
  new Kysely({
    dialect: new PostgresDialect({
      pool: {
        connect: async () => ({ query: client.query.bind(client), release() {} }) as unknown as pg.PoolClient,
        end: async () => {},
      } as unknown as pg.Pool,
    }),
  })

/** Bounds the memory of names; a service has a few dozen constant texts. */
const MAX_NAMED_STATEMENTS = 2_000
const names = new Map<string, string>()

function statementName(text: string): string | undefined {
  let name = names.get(text)
  if (name === undefined && names.size < MAX_NAMED_STATEMENTS) {
    name = createHash('sha256').update(text).digest('base64url').slice(0, 22)
    names.set(text, name)
  }
  return name
}
