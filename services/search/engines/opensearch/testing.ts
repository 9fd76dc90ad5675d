import { randomBytes } from 'node:crypto'
import { after } from 'node:test'
import type { SearchEngine } from '../engine.ts'
import { type Subject, someSettings } from '../testing.ts'
import { type OpenSearchOptions, openOpenSearchEngine, type SharedEngine } from './opensearch-engine.ts'

/** Waited for: what a search does about a cluster that is late is another test. */
const TIMEOUT_MS = 30_000

/** Of a cluster of one node that a busy machine may hold up. */
export const openPatiently = (options: Pick<OpenSearchOptions, 'url' | 'prefix' | 'shards'>): SharedEngine =>
  openOpenSearchEngine({ ...options, replicas: 0, timeoutMs: TIMEOUT_MS })

/** Opens each shelf in indices of its own; they are gone after the suite that asks for it. */
export function subject(address: string, { shards }: { readonly shards: number }): Subject {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  const engines: SearchEngine[] = []
  after(async () => {
    for (const engine of engines) await engine.close()
    await fetch(`${address}/${prefix}*`, { method: 'DELETE' })
  })
  return {
    share: 4,
    withinMs: 1_000,
    aShelf: async (documents, change) => {
      const engine = openPatiently({ url: address, prefix: `${prefix}${engines.length}-`, shards })
      engines.push(engine)
      await engine.configure(someSettings(change))
      await engine.put(documents)
      return engine
    },
  }
}
