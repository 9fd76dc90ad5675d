import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { inventory } from '@stoa/contracts/inventory'
import { product } from '@stoa/contracts/product'
import { engineAddress, eventually, startTestHost, type TestHost } from '@stoa/testing'
import { DocumentsRefused } from './engines/opensearch/refusals.ts'
import { openPatiently } from './engines/opensearch/testing.ts'
import { aRequest } from './engines/testing.ts'
import service from './service.ts'
import { SharedCatalogue } from './shared-catalogue.ts'
import { refuseYen, Shelf, YEN } from './testing.ts'

const own = { via: 'search' }
const { address, skip } = engineAddress('opensearch')

describe('What one process writes to a shared index while others write', { skip }, () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  after(() => fetch(`${address}/${prefix}*`, { method: 'DELETE' }))

  const open = (name: string, host: TestHost) => openShared(`${prefix}${name}-`, host)

  for (const when of ['the first time', 'once more'])
    it(`shows what was sold while the index was filled ${when}, after its product was read`, async () => {
      const shelf = new Shelf()
      const { sku } = shelf.add({ name: 'Chair' }).variants[0]!
      await using host = await startTestHost({ services: [service, ...shelf.services] })
      await using one = await open(`levels-${when.replaceAll(' ', '-')}`, host)
      if (when === 'once more') await one.catalogue.rebuild(one.reader)
      sellWhileLevelsAreRead(shelf, sku, () => one.catalogue.refreshStock([sku], one.reader))
      await one.catalogue.rebuild(one.reader)
      assert.deepEqual(await one.shown(), [4])
    })

  it('shows what was sold after a page of the first filling was written, and before the index is searched', async () => {
    const shelf = new Shelf()
    const products = Array.from({ length: 51 }, (_, n) => shelf.add({ name: `Chair ${n}` }))
    const first = products.toSorted((a, b) => (a.productId < b.productId ? -1 : 1))[0]!
    const { sku } = first.variants[0]!
    await using host = await startTestHost({ services: [service, ...shelf.services] })
    await using one = await open('pages', host)
    let page = 0
    shelf.beforeDocuments = async () => {
      page += 1
      if (page < 2) return
      const there = `${address}/${prefix}pages-products-filling/_doc/${first.productId}`
      await eventually(async () => (await fetch(there)).ok)
      shelf.stock.set(sku, 0)
      await one.catalogue.refreshStock([sku], one.reader)
    }
    await one.catalogue.rebuild(one.reader)
    const { hits } = await one.catalogue.engine.search(
      aRequest('', { filters: { available: false }, recover: false }),
    )
    assert.deepEqual(
      hits.map(({ productId }) => productId),
      [first.productId],
    )
  })

  it('shows what was sold while a new product was on its way', async () => {
    const shelf = new Shelf()
    const { productId, variants } = shelf.add({ name: 'Chair' })
    const { sku } = variants[0]!
    await using host = await startTestHost({ services: [service, ...shelf.services] })
    await using one = await open('new', host)
    await using two = await open('new', host)
    const levels = sellWhileLevelsAreRead(shelf, sku, () => two.catalogue.refreshStock([sku], two.reader))
    await one.catalogue.refresh(new Map([[productId, 1]]), one.reader)
    assert.deepEqual(await one.shown(), [4])
    assert.ok(levels.read <= 2, 'a put reads levels twice at most')
  })
})

describe('A shared index that refuses a product', { skip }, () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  after(() => fetch(`${address}/${prefix}*`, { method: 'DELETE' }))

  it('is rebuilt without it, and the log names it', async () => {
    const shelf = new Shelf()
    const [bad] = [shelf.add({ name: 'Chair', prices: YEN }), shelf.add({ name: 'Bench' })]
    await using host = await startTestHost({ services: [service, ...shelf.services] })
    await using one = await openShared(`${prefix}rebuilt-`, host)
    shelf.beforeDocuments = () => refuseYen(`${address}/${prefix}rebuilt-products-filling`)
    assert.ok(await one.catalogue.rebuild(one.reader))
    assert.equal((await one.catalogue.engine.search(aRequest('bench'))).total, 1)
    assert.equal((await one.catalogue.engine.search(aRequest(''))).total, 1)
    const [{ count, first }] = one.logged as [{ count: number; first: { id: string; reason: string }[] }]
    assert.deepEqual([one.logged.length, count, first[0]!.id], [1, 1, bad!.productId])
    assert.match(first[0]!.reason, /JPY/)
  })

  it('is brought all others of a category that has another name, and of the pages after it', async () => {
    const shelf = new Shelf()
    shelf.category('home', { name: 'Home' })
    for (let n = 0; n < 60; n += 1) shelf.add({ name: `Chair ${n}`, categories: shelf.placed('home') })
    await using host = await startTestHost({ services: [service, ...shelf.services] })
    await using one = await openShared(`${prefix}renamed-`, host)
    await one.catalogue.rebuild(one.reader)
    await refuseYen(`${address}/${prefix}renamed-products`)
    shelf.categories = shelf.categories.map((category) => ({ ...category, name: 'House' }))
    const [bad] = [...shelf.documents.keys()].sort()
    for (const [id, document] of shelf.documents)
      shelf.documents.set(id, {
        ...document,
        categories: shelf.placed('home'),
        ...(id === bad && { prices: YEN }),
      })
    await one.catalogue.configure(one.reader)
    await assert.rejects(one.catalogue.refreshCategories(one.reader), (error) => {
      assert.ok(error instanceof DocumentsRefused)
      assert.deepEqual(
        error.refusals.first.map(({ id }) => id),
        [bad],
      )
      return true
    })
    assert.equal((await one.catalogue.engine.search(aRequest('house', { recover: false }))).total, 59)
  })
})

/** A process's sight of an index, over the catalogue of a shelf. */
async function openShared(prefix: string, host: TestHost) {
  // It reads the shelf for an index of its own, which is no business of ours here.
  await host.settled()
  const catalogue = new SharedCatalogue(openPatiently({ url: address, prefix, shards: 1 }))
  const logged: unknown[] = []
  const reader: Parameters<SharedCatalogue['rebuild']>[0] = {
    query: async <Row>(text: string, values?: readonly unknown[]) =>
      (await host.pool.query(text, values as unknown[])).rows as Row[],
    call: { product: host.client(product, own), inventory: host.client(inventory, own) },
    signal: new AbortController().signal,
    log: { error: (told: unknown) => logged.push(told) },
  }
  await catalogue.configure(reader)
  const shown = async () =>
    (await catalogue.engine.search(aRequest(''))).hits.map((hit) => catalogue.shown(hit)!.available)
  return { catalogue, reader, logged, shown, [Symbol.asyncDispose]: () => catalogue.engine.close() }
}

/** Sells down to 4 after the levels were read for the first time and before they are answered; whoever hears of it does `heard`. */
function sellWhileLevelsAreRead(shelf: Shelf, sku: string, heard: () => Promise<void>) {
  const levels = { read: 0 }
  shelf.beforeLevels = async () => {
    levels.read += 1
    if (levels.read > 1) return
    shelf.stock.set(sku, 4)
    await heard()
  }
  return levels
}
