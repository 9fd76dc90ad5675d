import { join } from 'node:path'
import { EngineError, openEngines } from '@stoa/engines'
import { runTests } from './run-tests.ts'

/**
 * `npm run test:engines`: the tests that need Kafka, Redis, OpenSearch, Toxiproxy or S3 (`*.engine.test.ts`), over engines that
 * it starts where they do not run. They stay up afterwards: `npm run engines -- down`. With `npm test` the same files
 * say what they miss.
 */
const directory = join(import.meta.dirname, '../.data/engines')
const log = (line: string) => console.error(line)

try {
  const engines = openEngines({ directory, log })
  const shared = {
    ...(await engines.up(['kafka', 'redis', 'opensearch'])),
    // These have to be built, with a Go that not everybody has; the few tests that need them say so.
    ...(await engines.up(['toxiproxy']).catch((error: unknown) => {
      if (process.env.CI) throw error
      return withoutIt(error)
    })),
    // It wants a newer Go than Debian 12 has.
    ...(await engines.up(['s3']).catch(withoutIt)),
  }
  process.exit(
    await runTests({
      arguments: process.argv.slice(2),
      suffix: '.engine.test.ts',
      environment: Object.fromEntries(
        Object.entries(shared).map(([name, address]) => [`TEST_${name}`, address]),
      ),
      testWithinMs: 5 * 60_000,
      // Five minutes on two cores; a machine that needs four times as long is slow, not hanging.
      withinMs: 20 * 60_000,
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
