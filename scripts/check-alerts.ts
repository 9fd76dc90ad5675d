import { withoutPromtool } from './promtool.ts'
import { runTests } from './run-tests.ts'

/** `npm run check:alerts`: the tests of the alert rules. Who asks for them alone wants them run: without promtool it fails. */
const missing = withoutPromtool()
if (missing) console.error(missing)
process.exit(
  missing
    ? 1
    : await runTests({
        arguments: ['scripts/alerts.test.ts'],
        testWithinMs: 3 * 60_000,
        withinMs: 5 * 60_000,
      }),
)
