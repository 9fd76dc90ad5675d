import { setTimeout as sleep } from 'node:timers/promises'
import { search } from '@stoa/contracts/search'
import { startTestHost } from '@stoa/testing'
import service from './service.ts'
import { aClerk, chairs } from './testing.ts'

/** A process of its own for a test that kills it: reads the first page of a catalogue into the index, and waits for the second one for good. */
const [database, environment, wanted] = process.argv.slice(2)
const shelf = chairs()
let pages = 0
shelf.beforeDocuments = async () => {
  pages += 1
  if (pages > 1) await new Promise(() => {})
}
const host = await startTestHost({
  services: [service, ...shelf.services],
  environment: JSON.parse(environment!),
  database: JSON.parse(database!),
})
if (wanted === 'rebuild') await host.client(search, { actor: aClerk() }).rebuild({})
// Should nobody kill it.
await sleep(60_000)
process.exit(1)
