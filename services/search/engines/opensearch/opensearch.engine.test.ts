import { randomBytes } from 'node:crypto'
import { after, describe } from 'node:test'
import { engineAddress } from '@stoa/testing'
import type { SearchEngine } from '../engine.ts'
import { engineContract } from '../testing/contract.ts'
import { someSettings } from '../testing.ts'
import { openOpenSearchEngine } from './opensearch-engine.ts'

const { address, skip } = engineAddress('opensearch')

describe('OpenSearch keeps what the port promises', { skip }, () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  const engines: SearchEngine[] = []
  let opened = 0
  after(async () => {
    for (const engine of engines) await engine.close()
    await fetch(`${address}/${prefix}*`, { method: 'DELETE' })
  })
  engineContract({
    share: 4,
    withinMs: 1_000,
    aShelf: async (documents, change) => {
      opened += 1
      const engine = openOpenSearchEngine({
        url: address,
        prefix: `${prefix}${opened}-`,
        shards: 1,
        replicas: 0,
      })
      engines.push(engine)
      await engine.configure(someSettings(change))
      await engine.put(documents)
      return engine
    },
  })
})
