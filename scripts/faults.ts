import { parseArgs } from 'node:util'
import { runTests } from './run-tests.ts'

/**
 * `npm run faults`: every fault, with 20 checkouts per second for a minute each, and docs/reliability.md anew. Wants the machine to
 * itself for half an hour. `npm run faults -- --rate 5 --seconds 20 --only Kafka` is for a look; it writes no page.
 */
const { values } = parseArgs({
  options: { rate: { type: 'string' }, seconds: { type: 'string' }, only: { type: 'string' } },
})

process.exit(
  await runTests({
    arguments: ['journeys/faults'],
    environment: {
      TOPOLOGY: 'replicated',
      FAULTS: 'whole',
      FAULTS_PER_SECOND: values.rate ?? '',
      FAULTS_SECONDS: values.seconds ?? '',
      ...(values.only ? { FAULTS_ONLY: values.only } : {}),
    },
    testWithinMs: 60 * 60_000,
    withinMs: 60 * 60_000,
  }),
)
