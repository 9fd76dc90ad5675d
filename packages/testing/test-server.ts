import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findEmbeddedPostgres } from '@stoa/runtime/embedded-postgres'
import pg from 'pg'

/** Settings under which a power cut loses everything and a test loses no time. */
export const testSettings: Record<string, string> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '400',
  max_wal_size: '4GB',
  // A run makes hundreds of databases of some hundred statements each; one that is forgotten to make room would be missing in a count.
  'pg_stat_statements.max': '100000',
}

/** Shared by those who keep the server for a file run alone and those who use it. */
export const inUseLock = 8_411_093

/**
 * The PostgreSQL of the tests: `TEST_POSTGRES_URL`, which `npm test` sets; for a file that is run alone one that
 * starts by itself, is shared by all such files, and ends some seconds after the last of them.
 */
export function testServer(): Promise<string> {
  server ??= process.env.TEST_POSTGRES_URL ? Promise.resolve(process.env.TEST_POSTGRES_URL) : joinKeptServer()
  return server
}

let server: Promise<string> | undefined

async function joinKeptServer(): Promise<string> {
  const directory = join(import.meta.dirname, '../../.data/test-postgres/kept')
  const deadline = Date.now() + 60_000
  let keeperCalledAt = 0
  while (Date.now() < deadline) {
    const found = await findEmbeddedPostgres(directory)
    if (found && (await holdInUse(found.url).catch(() => false))) return found.url
    if (!found && Date.now() - keeperCalledAt > 5_000) {
      callKeeper(directory)
      keeperCalledAt = Date.now()
    }
    await sleep(25)
  }
  throw new Error(
    `No PostgreSQL for tests after 60 s. Its log is ${directory}/postgres.log, if it came that far.`,
  )
}

/** A process of its own, because no single test file knows whether it is the last one. */
function callKeeper(directory: string) {
  const keeper = join(import.meta.dirname, 'test-server-keeper.ts')
  spawn(process.execPath, [keeper, directory], { detached: true, stdio: 'ignore' }).unref()
}

/** Tells the keeper for the life of this process, without keeping the process alive. */
async function holdInUse(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, application_name: 'test in use' })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query('select pg_try_advisory_lock_shared($1) as held', [inUseLock])
  if (!rows[0].held) {
    await client.end()
    return false
  }
  // pg has it; its types do not say so yet.
  ;(client as unknown as { unref(): void }).unref()
  return true
}
