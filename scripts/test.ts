import { runTests } from './run-tests.ts'

/**
 * `npm test`: all tests that need no engine, the services of journeys inside the test's own process. `npm test -- services/order`
 * runs those of one folder, `npm test -- --test-name-pattern=refund` those of one name.
 */
process.exit(
  // Everything has six minutes on two cores; a machine that needs four times as long is slow, not hanging.
  await runTests({ arguments: process.argv.slice(2), testWithinMs: 3 * 60_000, withinMs: 24 * 60_000 }),
)
