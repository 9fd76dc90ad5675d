import { join } from 'node:path'
import { EngineError, openEngines } from '@stoa/engines'
import { runTests } from './run-tests.ts'

/**
 * `npm run journeys`: the tests that cross services, once in every topology that `npm test` leaves out, and the faults in
 * short. Which journeys concern which topology they say themselves. `npm run journeys -- split` runs one topology.
 */
const topologies = ['one', 'split', 'replicated', 'faults']

const limits = {
  // A kill at each step of checkout, and a minute for each to heal.
  testWithinMs: 12 * 60_000,
  // Nine minutes on two cores, where each service has two processes; a machine that needs three times as long is slow, not hanging.
  withinMs: 30 * 60_000,
}

const wanted = process.argv.slice(2).filter((argument) => topologies.includes(argument))
const rest = process.argv.slice(2).filter((argument) => !topologies.includes(argument))
const failed: string[] = []
for (const topology of wanted.length > 0 ? wanted : topologies) {
  console.log(topology === 'faults' ? '\nFaults, in short' : `\nJourneys, topology "${topology}"`)
  const exitCode = await run(topology)
  if (exitCode > 128) process.exit(exitCode)
  if (exitCode !== 0) failed.push(topology)
}
if (failed.length > 0) console.error(`\nFailed: ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)

async function run(topology: string): Promise<number> {
  const places = rest.some((argument) => !argument.startsWith('-'))
  // Faults have engines of their own, which they hurt, and the machine to themselves.
  if (topology === 'faults')
    return places
      ? 0
      : runTests({
          ...limits,
          arguments: ['journeys/faults', ...rest],
          environment: { TOPOLOGY: 'replicated', FAULTS: 'short' },
        })
  try {
    return await runTests({
      ...limits,
      arguments: [...(places ? [] : ['journeys']), ...rest],
      // Eighteen processes that start take two cores for half a minute, in which nobody else keeps his deadlines.
      ...(topology === 'replicated' ? { filesAtOnce: 1 } : {}),
      environment: { TOPOLOGY: topology, ...(topology === 'replicated' ? await engines() : {}) },
    })
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    console.error(error.message)
    return 1
  }
}

/** Brought up where they do not run; they stay up: `npm run engines -- down`. */
async function engines(): Promise<Record<string, string>> {
  const directory = join(import.meta.dirname, '../.data/engines')
  const shared = await openEngines({ directory, log: (line) => console.error(line) }).up([
    'kafka',
    'redis',
    'opensearch',
  ])
  return Object.fromEntries(Object.entries(shared).map(([name, address]) => [`TEST_${name}`, address]))
}
