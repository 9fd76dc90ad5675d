import { runTests } from './run-tests.ts'

/**
 * `npm run journeys`: the tests that cross services, once in every topology that `npm test` leaves out. Which journeys
 * concern which topology they say themselves. `npm run journeys -- split` runs one topology.
 */
const topologies = ['one', 'split', 'replicated']

const wanted = process.argv.slice(2).filter((argument) => topologies.includes(argument))
const rest = process.argv.slice(2).filter((argument) => !topologies.includes(argument))
const failed: string[] = []
for (const topology of wanted.length > 0 ? wanted : topologies) {
  console.log(`\nJourneys, topology "${topology}"`)
  const exitCode = await runTests({
    arguments: [...(rest.some((argument) => !argument.startsWith('-')) ? [] : ['journeys']), ...rest],
    environment: { TOPOLOGY: topology },
    // A kill at each step of checkout, and a minute for each to heal.
    testWithinMs: 10 * 60_000,
    withinMs: 15 * 60_000,
  })
  if (exitCode > 128) process.exit(exitCode)
  if (exitCode !== 0) failed.push(topology)
}
if (failed.length > 0) console.error(`\nFailed: ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)
