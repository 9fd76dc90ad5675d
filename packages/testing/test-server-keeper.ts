import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedPostgres } from '@stoa/runtime/embedded-postgres'
import pg from 'pg'
import { inUseLock, testSettings } from './test-server.ts'

/** Long enough to run the next file by hand with everything warm. */
const idleMs = 10_000

const directory = process.argv[2]
if (!directory) throw new Error('usage: test-server-keeper.ts <directory>')
process.on('SIGINT', () => {})
const server = await startEmbeddedPostgres({ dataDirectory: directory, settings: testSettings })
if (server.owner) {
  try {
    await untilIdle()
  } finally {
    await server.stop()
  }
}

/** Returns with the lock held: a test file that comes now finds it taken, and waits for the next server. */
async function untilIdle() {
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => {})
  await client.connect()
  let idleSince: number | undefined
  for (;;) {
    const { rows } = await client.query('select pg_try_advisory_lock($1) as idle', [inUseLock])
    if (!rows[0].idle) idleSince = undefined
    else {
      idleSince ??= Date.now()
      if (Date.now() - idleSince > idleMs) return dropLeftovers(client)
      await client.query('select pg_advisory_unlock($1)', [inUseLock])
    }
    await sleep(1_000)
  }
}

/** Databases of test files that were killed, and templates: they belong to one run. */
async function dropLeftovers(client: pg.Client) {
  const { rows } = await client.query<{ datname: string }>(
    String.raw`select datname from pg_database where datname like 'test\_%' or datname like 'template\_%'`,
  )
  for (const { datname } of rows) {
    await client.query(`alter database ${datname} with is_template false`)
    await client.query(`drop database if exists ${datname} with (force)`)
  }
}
