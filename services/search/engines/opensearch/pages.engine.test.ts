import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { engineAddress } from '@stoa/testing'
import { aShelf, shelfEngine } from '../embedded/testing.ts'
import type { SearchEngine } from '../engine.ts'
import { pagesContract } from '../testing/pages.ts'
import { aDocument, numberOf, searched, someSettings } from '../testing.ts'
import { openPatiently, subject } from './testing.ts'

const { address, skip } = engineAddress('opensearch')
// Most of the time they wait for a refresh.
const concurrency = 4

describe('OpenSearch turns pages alike with its products in three shards', { skip, concurrency }, () => {
  pagesContract(subject(address, { shards: 3 }))
})

describe('OpenSearch and the embedded engine turn each other’s pages', { skip, concurrency }, () => {
  const shared = subject(address, { shards: 1 })
  pagesContract({
    ...shared,
    aShelf: async (documents, change) =>
      inTurns(await shared.aShelf(documents, change), shelfEngine(aShelf(documents, change))),
  })
})

describe('From the third page on', { skip }, () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  after(() => fetch(`${address}/${prefix}*`, { method: 'DELETE' }))
  const points = async () => {
    const answer = await fetch(`${address}/_search/point_in_time/_all`)
    const { pits = [] } = (await answer.json()) as { pits?: { pit_id: string }[] }
    return pits.map(({ pit_id }) => pit_id)
  }
  const lamps = (from: number, to: number, price: number) =>
    Array.from({ length: to - from + 1 }, (_, n) =>
      aDocument(from + n, {
        name: 'lamp',
        prices: [{ currency: 'EUR', fromMinor: price, toMinor: price, compareAtMinor: null }],
      }),
    )

  it('a search goes on in a point in time: what comes and goes meanwhile changes none of its pages', async () => {
    const engine = openPatiently({ url: address, prefix, shards: 3 })
    try {
      await engine.configure(someSettings())
      await engine.put(lamps(1, 12, 500))
      const turn = async (after?: string | null) => {
        const page = await searched(engine, 'lamp', { sort: 'price-up', limit: 3, ...(after && { after }) })
        return { ...page, numbers: page.hits.map(({ productId }) => numberOf(productId)) }
      }
      const pointOf = (cursor: string | null) => cursor!.split('.')[1]
      const first = await turn()
      const second = await turn(first.next)
      assert.equal(pointOf(first.next), undefined, 'most look at one page')
      assert.ok((await points()).includes(pointOf(second.next)!), 'the cluster holds it')

      await engine.remove([8, 11].map((number) => ({ productId: aDocument(number).productId, version: 2 })))
      await engine.put(lamps(13, 14, 600))
      const third = await turn(second.next)
      const fourth = await turn(third.next)
      assert.deepEqual([...third.numbers, ...fourth.numbers], [7, 8, 9, 10, 11, 12])
      assert.equal(fourth.next, null)
      assert.equal(pointOf(third.next), pointOf(second.next))
      assert.deepEqual((await turn()).total, 12, 'who begins sees the catalogue as it is')
      assert.deepEqual((await turn(second.next!.split('.')[0])).numbers, [7, 9, 10], 'and so without it')
    } finally {
      await engine.close()
    }
  })
})

/** Two that are told the same; each search is answered by the one that did not answer the last. */
function inTurns(one: SearchEngine, other: SearchEngine): SearchEngine {
  let searches = 0
  const both = async <Answer>(ask: (engine: SearchEngine) => Promise<Answer>): Promise<Answer> => {
    await ask(one)
    return ask(other)
  }
  return {
    ...one,
    put: (documents) => both((engine) => engine.put(documents)),
    remove: (products) => both((engine) => engine.remove(products)),
    configure: (settings) => both((engine) => engine.configure(settings)),
    search: (request) => {
      searches += 1
      return (searches % 2 === 1 ? one : other).search(request)
    },
  }
}
