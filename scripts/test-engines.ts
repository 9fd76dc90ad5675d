import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, openEngines } from '@stoa/engines'
import { processIdentity } from '@stoa/runtime/process-identity'
import { runTests } from './run-tests.ts'

/**
 * `npm run test:engines`: the tests that need Kafka, Redis, OpenSearch or PgBouncer (`*.engine.test.ts`), over engines that
 * it starts where they do not run. They stay up afterwards: `npm run engines -- down`. With `npm test` the same files
 * say what they miss.
 */
const directory = join(import.meta.dirname, '../.data/engines')
const log = (line: string) => console.error(line)

try {
  const engines = openEngines({ directory, log })
  const shared = {
    ...(await engines.up(['kafka', 'redis', 'opensearch'])),
    // It has to be built, with a Go that not everybody has; the few tests that need it say so.
    ...(await engines.up(['toxiproxy']).catch(withoutIt)),
  }
  process.exit(
    await runTests({
      arguments: process.argv.slice(2),
      suffix: '.engine.test.ts',
      environment: Object.fromEntries(
        Object.entries(shared).map(([name, address]) => [`TEST_${name}`, address]),
      ),
      overServer: startPgBouncer,
      testWithinMs: 5 * 60_000,
      withinMs: 15 * 60_000,
    }),
  )
} catch (error) {
  if (!(error instanceof EngineError)) throw error
  console.error(error.message)
  process.exit(1)
}

function withoutIt(error: unknown): Record<string, string> {
  if (!(error instanceof EngineError)) throw error
  log(error.message)
  return {}
}

/** One for this run alone, because the run's PostgreSQL is. */
async function startPgBouncer(databaseUrl: string) {
  await removeLeftovers()
  const own = join(directory, `run-${process.pid}`)
  const engines = openEngines({ directory: own, databaseUrl, log })
  const { DATABASE_URL = '' } = await engines.up(['pgbouncer'])
  return { environment: { TEST_PGBOUNCER_URL: DATABASE_URL }, stop: () => remove(own) }
}

/** Of runs that were killed with kill -9. */
async function removeLeftovers() {
  for (const name of await readdir(directory)) {
    const pid = Number(/^run-(\d+)$/.exec(name)?.[1])
    if (pid && processIdentity(pid) === undefined) await remove(join(directory, name))
  }
}

async function remove(own: string) {
  await openEngines({ directory: own, log }).down()
  await rm(own, { recursive: true, force: true })
}
