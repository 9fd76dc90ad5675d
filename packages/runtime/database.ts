import { createHash } from 'node:crypto'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Logger } from 'pino'
import type { Query } from './service.ts'

/** One PostgreSQL database, shared by all services of the process that live in it. */
export type Database = {
  readonly url: string
  /** Where listeners connect: past a pooler that cannot LISTEN. */
  readonly directUrl: string
  readonly pool: pg.Pool
  // biome-ignore lint/suspicious/noExplicitAny: each service sees it through its own tables
  readonly db: Kysely<any>
  readonly query: Query
}

export type DatabaseOptions = {
  readonly url: string
  readonly directUrl?: string | undefined
  readonly poolSize: number
  readonly applicationName: string
  readonly log: Logger
}

/** Longest that one statement may run, wait for a lock, or leave its transaction idle; and that a caller waits for a connection. */
const STATEMENT_TIMEOUT_MS = 15_000
const LOCK_TIMEOUT_MS = 5_000
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000
const CONNECT_TIMEOUT_MS = 5_000

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

export function openDatabase({ url, directUrl, poolSize, applicationName, log }: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    types,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
  })
  // A connection that breaks while somebody holds it also says so to its holder, by failing the statement: without a listener of
  // its own that event would end the process.
  pool.on('connect', (client) =>
    client.on('error', (error) => log.debug({ err: error }, 'a database connection broke')),
  )
  // An idle connection that the server closed: the pool opens another when one is needed.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'))
  return {
    url,
    directUrl: directUrl ?? url,
    pool,
    db: new Kysely({ dialect: new PostgresDialect({ pool }) }),
    query: queryOnPool(pool),
  }
}

/** A `Query` on one client. */
export const queryOn =
  (client: pg.PoolClient): Query =>
  async <Row extends object>(text: string, values: readonly unknown[] = []) => {
    const result = await client.query({ name: statementName(text), text, values: values as unknown[] })
    return result.rows as Row[]
  }

/** A `Query` on any client of a pool. The pool's own `query` closes the connection of every statement that fails, a violated constraint too. */
const queryOnPool =
  (pool: pg.Pool): Query =>
  async (text, values) => {
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      return await queryOn(client)(text, values)
    } catch (error) {
      if (isOutage(error)) broken = error as Error
      throw error
    } finally {
      client.release(broken)
    }
  }

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

/** Whether an error says that the database (or the way to it) is away, rather than that we asked for something wrong. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') return OUTAGE_CODES.has(code) || /^(08|40|53|57P)/.test(code)
  return /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error/.test(
    error.message,
  )
}

// https://www.postgresql.org/docs/18/errcodes-appendix.html: broken connections (08), deadlocks (40), too little of something (53),
// shutdowns (57P), cancelled statements, lock timeouts, idle transactions, a standby; and Node's own.
const OUTAGE_CODES = new Set([
  '57014',
  '55P03',
  '25P03',
  '25006',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/** Deadlock or serialization failure: the same transaction may succeed when it is run again. */
export const isRetryable = (error: unknown): boolean => {
  const code = (error as { code?: unknown } | null)?.code
  return code === '40001' || code === '40P01'
}
