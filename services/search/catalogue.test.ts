import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '@stoa/testing'
import { Catalogue, type Reader } from './catalogue.ts'
import { openEmbeddedEngine } from './engines/embedded/embedded-engine.ts'
import { EngineLost, type SearchEngine } from './engines/engine.ts'
import { documentOf } from './testing.ts'

test('stock that changes while a document is on its way into the index is that of now', async () => {
  const document = documentOf({ name: 'Chair', variants: [{ sku: 'CHAIR', barcode: null }] })
  const { productId } = document
  const stock = new Map([['CHAIR', 10]])
  const reader = {
    call: {
      product: { documents: async () => ({ items: [document] }) },
      inventory: {
        availability: async ({ skus }: { skus: string[] }) => ({
          items: skus.map((sku) => ({ sku, available: stock.get(sku)! })),
        }),
      },
    },
    signal: new AbortController().signal,
  } as unknown as Reader
  const [sent, arrives] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  // A long list travels in pieces: this one is in the last.
  const catalogue = new Catalogue((): SearchEngine => {
    const engine = openEmbeddedEngine()
    return {
      ...engine,
      put: async (documents) => {
        sent.resolve()
        await arrives.promise
        await engine.put(documents)
      },
    }
  })
  const refreshed = catalogue.refresh(new Map([[productId, 1]]), reader)
  await sent.promise
  stock.set('CHAIR', 0)
  await catalogue.refreshStock(['CHAIR'], reader)
  arrives.resolve()
  await refreshed
  const { total } = await catalogue.engine.search({
    query: '',
    filters: { available: true },
    sort: 'relevance',
    currency: 'EUR',
    limit: 10,
    facets: 'none',
    recover: false,
  })
  assert.equal(total, 0)
  await catalogue.close()
})

test('an index that is opened anew leaves none behind, however often the reading of it fails', async () => {
  const opened: SearchEngine[] = []
  const catalogue = new Catalogue(() => {
    opened.push(openEmbeddedEngine())
    return opened.at(-1)!
  })
  catalogue.reopen()
  catalogue.reopen()
  await opened[2]!.stats()
  for (const engine of opened.slice(0, 2)) await eventually(() => assert.rejects(engine.stats(), EngineLost))
  await catalogue.close()
})
