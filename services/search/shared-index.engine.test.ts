import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { LevelsChanged } from '@stoa/contracts/inventory'
import { OrderConfirmed } from '@stoa/contracts/order'
import { CategoryChanged } from '@stoa/contracts/product'
import { search } from '@stoa/contracts/search'
import { engineAddress, eventually, startTcpProxy, startTestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from './service.ts'
import { Shelf } from './testing.ts'

const { address, skip } = engineAddress('opensearch')
const WITHIN = { timeoutMs: 20_000 }

describe('An index that two processes share', { skip }, () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  after(() => fetch(`${address}/${prefix}*`, { method: 'DELETE' }))
  const config = (name: string, url = address) => ({
    OPENSEARCH_URL: url,
    OPENSEARCH_PREFIX: `${prefix}${name}-`,
    OPENSEARCH_REPLICAS: '0',
  })

  it('is filled once, and both see each change within a second', async (test) => {
    const shelf = new Shelf()
    const categoryId = shelf.category('home', { name: 'Home' })
    const products = Array.from({ length: 20 }, (_, n) =>
      shelf.add({ name: `Chair number${n}`, categories: shelf.placed('home') }),
    )
    let read = 0
    shelf.beforeDocuments = () => {
      read += 1
    }
    const environment = config('twice')
    await using one = await startTestHost({ services: [service, ...shelf.services], environment })
    await using two = await startTestHost({
      services: [service, ...shelf.services],
      environment,
      database: one.database,
    })
    const clients = [one.client(search), two.client(search)]
    const seen = (check: (client: (typeof clients)[number]) => Promise<boolean>) =>
      Promise.all(clients.map((client) => eventually(() => check(client), WITHIN)))
    await seen(async (client) => (await client.query({ q: 'chair' })).total === 20)
    assert.equal(read, 1, 'one page of documents, read once')

    const delays: number[] = []
    for (const [n, { productId, variants }] of products.slice(0, 5).entries()) {
      let since = performance.now()
      await shelf.change(one, productId, { name: `Throne renamed${n}` })
      await seen(async (client) => (await client.query({ q: `renamed${n}` })).total === 1)
      delays.push(performance.now() - since)
      since = performance.now()
      shelf.stock.set(variants[0]!.sku, 0)
      await two.publish(LevelsChanged, { skus: [variants[0]!.sku] })
      await seen(async (client) => (await client.query({ q: `renamed${n}` })).items[0]?.available === false)
      delays.push(performance.now() - since)
      since = performance.now()
      await shelf.takeAway(one, productId)
      await seen(async (client) =>
        (await client.query({ q: `renamed${n}`, facets: false })).items.every(
          (item) => item.productId !== productId,
        ),
      )
      delays.push(performance.now() - since)
    }
    const worst = Math.max(...delays)
    test.diagnostic(
      `the slowest of ${delays.length} changes was seen everywhere within ${Math.round(worst)} ms`,
    )
    assert.ok(worst < 1_000, `${worst} ms`)

    const sold = products[7]!
    await one.publish(OrderConfirmed, {
      orderId: v7(),
      cartId: v7(),
      customerId: null,
      currency: 'EUR',
      totalMinor: 1_000,
      paymentId: v7(),
      lines: [{ sku: sold.variants[0]!.sku, quantity: 3, unitPriceMinor: 1_000 }],
    })
    await seen(
      async (client) => (await client.query({ sort: 'bestselling' })).items[0]!.productId === sold.productId,
    )
    shelf.categories = shelf.categories.map((category) => ({ ...category, name: 'House' }))
    for (const [id, document] of shelf.documents)
      shelf.documents.set(id, { ...document, categories: shelf.placed('home') })
    await one.publish(CategoryChanged, { categoryId, deleted: false })
    await seen(async (client) => (await client.query({ q: 'house' })).total === 15)

    const staff = {
      kind: 'staff',
      id: v7(),
      sessionId: v7(),
      permissions: ['search:read', 'search:write'],
    } as const
    await one.client(search, { actor: staff }).rebuild({})
    shelf.add({ name: 'Stool' })
    await seen(async (client) => (await client.query({ q: 'stool' })).total === 1)
    assert.equal((await clients[0]!.query({ q: 'house' })).total, 15)
    const explained = await one
      .client(search, { actor: staff })
      .explain({ q: 'chair', productId: sold.productId })
    assert.ok(explained.indexed && explained.score! > 0)
    assert.equal((await clients[1]!.suggest({ q: 'sto' })).products[0]!.name, 'Stool')
  })

  it('is away: search is refused at once, and everything else goes on', async () => {
    const shelf = new Shelf()
    shelf.add({ name: 'Chair' })
    // A port that nobody listens at.
    await using host = await startTestHost({
      services: [service, ...shelf.services],
      environment: config('away', 'http://127.0.0.1:9'),
    })
    const startedAt = performance.now()
    await assert.rejects(host.client(search).query({ q: 'chair' }))
    assert.ok(performance.now() - startedAt < 500)
  })

  it('is away while products change, and has every change once it is back', async () => {
    const shelf = new Shelf()
    const products = ['Chair', 'Bench', 'Sofa'].map((name) => shelf.add({ name }))
    await using way = await startTcpProxy(address)
    await using host = await startTestHost({
      services: [service, ...shelf.services],
      environment: config('back', way.through(address)),
    })
    const client = host.client(search)
    const shown = async () =>
      (await client.query({})).items.map(({ name, available }) => `${name} ${available}`).toSorted()
    await eventually(async () => (await shown()).length === 3, WITHIN)

    way.lead('http://127.0.0.1:9')
    way.cut()
    await shelf.change(host, products[0]!.productId, { name: 'Throne' })
    await shelf.takeAway(host, products[1]!.productId)
    shelf.stock.set(products[2]!.variants[0]!.sku, 0)
    await host.publish(LevelsChanged, { skus: [products[2]!.variants[0]!.sku] })
    const added = shelf.add({ name: 'Stool' })
    await shelf.change(host, added.productId, { name: 'Footstool' })
    // Long enough for writes to fail, and for nobody to be kept waiting.
    await eventually(async () => {
      const startedAt = performance.now()
      await assert.rejects(client.query({ q: 'chair' }))
      return performance.now() - startedAt < 100
    }, WITHIN)
    way.lead(address)

    await eventually(async () => String(await shown()) === 'Footstool true,Sofa false,Throne true', WITHIN)
  })

  it('is away: each process answers from an index of its own where that is asked for', async () => {
    const shelf = new Shelf()
    shelf.add({ name: 'Chair' })
    await using host = await startTestHost({
      services: [service, ...shelf.services],
      environment: { ...config('fallback', 'http://127.0.0.1:9'), SEARCH_FALLBACK: 'embedded' },
    })
    await eventually(async () => (await host.client(search).query({ q: 'chair' })).total === 1, WITHIN)
  })
})
