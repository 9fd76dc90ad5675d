import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { startTestPostgres } from './postgres.ts'

/** A database of one test's own. */
export type TestDatabase = AsyncDisposable & {
  readonly name: string
  readonly url: string
  /** Ends every session in it and removes it. */
  readonly drop: () => Promise<void>
}

let server: Promise<string> | undefined

/** The server's URL: `TEST_POSTGRES_URL`, as `npm test` sets it, or one that is started now. */
export const serverUrl = (): Promise<string> => {
  const given = process.env.TEST_POSTGRES_URL
  if (given) return Promise.resolve(given)
  server ??= startTestPostgres().then(({ url }) => url)
  return server
}

/** A new, empty database, or a copy of a template: the price of copying some files. */
export async function createDatabase({ template }: { template?: string } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  const base = await serverUrl()
  await onServer(base, (client) => copy(client, name, template))
  const url = new URL(base)
  url.pathname = `/${name}`
  const drop = () => onServer(base, (client) => client.query(`drop database if exists "${name}" with (force)`))
  return {
    name,
    url: url.href,
    drop: async () => void (await drop()),
    [Symbol.asyncDispose]: async () => void (await drop()),
  }
}

/**
 * Prepares a template once, whichever of the test processes comes first; the others wait for it. Returns the name that
 * `createDatabase` takes. The `key` must change with whatever `prepare` puts into it.
 */
export async function templateDatabase(key: string, prepare: (url: string) => Promise<void>): Promise<string> {
  const name = `template_${key}`
  const base = await serverUrl()
  await onServer(base, async (client) => {
    await client.query('select pg_advisory_lock(727002, hashtext($1))', [name])
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount) return
    const draft = `${name}_draft`
    await client.query(`drop database if exists "${draft}" with (force)`)
    await client.query(`create database "${draft}"`)
    const url = new URL(base)
    url.pathname = `/${draft}`
    await prepare(url.href)
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [draft])
    await client.query(`alter database "${draft}" rename to "${name}"`)
  })
  return name
}

/** A template that somebody else copies at this moment is busy; a copy takes some 50 ms. */
const COPY_TRIES = 40

async function copy(client: pg.Client, name: string, template: string | undefined): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(`create database "${name}"${template ? ` template "${template}"` : ''}`)
      return
    } catch (error) {
      if ((error as { code?: string }).code !== '55006' || attempt === COPY_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

export async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
