import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { testServer } from './test-server.ts'

export type TestDatabase = AsyncDisposable & {
  name: string
  url: string
  /** Ends every connection to it first. */
  drop(): Promise<void>
}

/** An empty database, or a copy of a template: a copy takes some 30 ms. */
export async function createDatabase(options: { template?: string } = {}): Promise<TestDatabase> {
  const server = await testServer()
  const name = `test_${process.pid}_${randomBytes(5).toString('hex')}`
  await administer(server, (admin) =>
    admin.query(
      `create database ${name}${options.template ? ` template ${identifier(options.template)}` : ''}`,
    ),
  )
  const drop = async () => {
    await administer(server, (admin) => admin.query(`drop database if exists ${name} with (force)`))
  }
  return { name, url: withDatabase(server, name), drop, [Symbol.asyncDispose]: drop }
}

/**
 * A database made once in a run of tests, however many test files ask for it, and copied by
 * `createDatabase({ template })`. `prepare` gets its URL; connections that it leaves open are ended.
 */
export async function templateDatabase(
  name: string,
  prepare: (url: string) => Promise<void>,
): Promise<string> {
  const server = await testServer()
  const database = `template_${name.replaceAll(/[^a-z0-9]+/gi, '_').toLowerCase()}_${run}`
  await administer(server, async (admin) => {
    // Held by this connection, so that it is free again when this process is killed.
    await admin.query('select pg_advisory_lock(hashtext($1))', [database])
    const { rows } = await admin.query('select datistemplate from pg_database where datname = $1', [database])
    if (rows[0]?.datistemplate) return
    // Not finished: who began it was killed or failed.
    await admin.query(`drop database if exists ${database} with (force)`)
    await admin.query(`create database ${database}`)
    await prepare(withDatabase(server, database))
    // Copying needs the source free of connections, and nobody may change it from here on.
    await admin.query(`alter database ${database} with is_template true allow_connections false`)
    await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [
      database,
    ])
  })
  return database
}

/**
 * All files of one `node --test` have the same parent, and a file that is run alone is a run of its own.
 * A server that outlives the run thus never serves a template made by older migrations.
 */
const run = process.env.NODE_TEST_CONTEXT ? process.ppid : process.pid

async function administer<T>(server: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: server })
  admin.on('error', () => {})
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`
