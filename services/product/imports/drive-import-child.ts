import { product } from '@stoa/contracts/product'
import { createLogger, startHost } from '@stoa/runtime'
import service from '../service.ts'

/** A process of its own for a test that kills it: drives an import, and says how far it is. */
const [databaseUrl, location, mediaDirectory] = process.argv.slice(2)
const host = await startHost({
  services: [service],
  environment: { DATABASE_URL: databaseUrl, MEDIA_DIRECTORY: mediaDirectory },
  logger: createLogger('silent'),
  background: false,
})
const shop = host.client(product, { via: 'test' })
let run = await shop.openLocalImport({ location: location!, currency: 'EUR' })
while (run.state === 'checking' || run.state === 'running') {
  run = { ...run, ...(await shop.continueImport({ importId: run.importId, waitMs: 20 })) }
  process.stdout.write(`${run.read}\n`)
}
await host.stop()
