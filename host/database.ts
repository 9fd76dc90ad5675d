import { join } from 'node:path'
import type { Environment } from '@stoa/runtime'
import { startEmbeddedPostgres } from '@stoa/runtime/embedded-postgres'

/**
 * `DATABASE_URL`, or the embedded PostgreSQL of this shop: started when it does not run, used when a shop runs on it.
 * `stop` ends it only when it was started here.
 */
export async function openShopDatabase(
  environment: Environment,
  log: (line: string) => void = () => {},
): Promise<{ url: string; stop: () => Promise<void> }> {
  if (environment.DATABASE_URL) return { url: environment.DATABASE_URL, stop: async () => {} }
  for (const way of ['DATABASE_DIRECT_URL', 'DATABASE_REPLICA_URL'])
    if (environment[way]) throw new Error(`${way} goes with DATABASE_URL, which is not set`)
  const dataDirectory = join(environment.DATA_DIRECTORY || '.data', 'postgres')
  const { url, stop } = await startEmbeddedPostgres({ dataDirectory, log })
  return { url, stop }
}
