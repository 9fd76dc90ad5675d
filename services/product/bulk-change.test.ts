import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client, RequestOf } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from './service.ts'
import { aMerchant, aProduct, aVariant, type NewProductInput } from './testing.ts'

type Item = RequestOf<typeof product.operations.bulkChange>['items'][number]

describe('a bulk change', () => {
  let host: TestHost
  let staff: Client<typeof product>
  let shop: Client<typeof product>
  let platform: Client<typeof product>
  before(async () => {
    host = await startTestHost({ services: [service] })
    staff = host.client(product, { actor: aMerchant() })
    shop = host.client(product)
    platform = host.client(product, { via: 'host' })
  })
  after(() => host[Symbol.asyncDispose]())

  const create = (fields: Partial<NewProductInput> = {}) =>
    staff.create(aProduct(fields), { idempotencyKey: v7() })
  const change = (items: Item[], idempotencyKey = v7()) => staff.bulkChange({ items }, { idempotencyKey })

  test('changes what it can and reports each item', async () => {
    await staff.createAttribute({ code: 'bulky', name: 'Bulky', type: 'boolean' })
    const [a, b, c, d] = [await create(), await create(), await create(), await create({ slug: 'had' })]
    await staff.change({ productId: c.productId, version: 1, name: 'Newer' })
    const [variant] = b.variants
    const report = await change([
      { productId: a.productId, status: 'published', brand: 'Bulk', attributes: { bulky: true } },
      { sku: variant!.sku, prices: [{ sku: variant!.sku, prices: [{ amountMinor: 1, currency: 'EUR' }] }] },
      { productId: c.productId, version: 1, name: 'Stale' },
      { productId: a.productId, name: 'Again' },
      { productId: v7(), name: 'Nobody' },
      { sku: 'NO-SUCH', name: 'Nobody' },
      { productId: d.productId, slug: 'had', name: d.name },
      { productId: d.productId, attributes: { bulky: 'very' } },
    ])
    assert.deepEqual(
      report.items.map(({ index, outcome, code, fields }) => [index, outcome, code, fields[0]?.field]),
      [
        [0, 'changed', null, undefined],
        [1, 'changed', null, undefined],
        [2, 'refused', 'STALE', undefined],
        [3, 'refused', 'INVALID_INPUT', 'productId'],
        [4, 'refused', 'PRODUCT_NOT_FOUND', undefined],
        [5, 'refused', 'PRODUCT_NOT_FOUND', undefined],
        [6, 'unchanged', null, undefined],
        [7, 'refused', 'INVALID_INPUT', 'productId'],
      ],
    )
    assert.deepEqual([report.changed, report.unchanged, report.refused], [2, 1, 5])
    const seen = await shop.get({ idOrSlug: a.productId })
    assert.deepEqual([seen.brand, seen.attributes[0]?.value], ['Bulk', true])
    const other = await staff.getForStaff({ productId: b.productId })
    assert.deepEqual([other.version, other.variants[0]?.prices[0]?.amountMinor], [2, 1])
  })

  test('refuses by itself what a single change refuses', async () => {
    const { categoryId } = await staff.createCategory({ name: 'Strict' }, { idempotencyKey: v7() })
    await staff.createAttribute({ code: 'needed', name: 'Needed', type: 'text' })
    await staff.putCategoryAttributes({
      categoryId,
      version: 1,
      attributes: [{ code: 'needed', required: true }],
    })
    const [a, taken] = [await create(), await create()]
    const refusal = async (item: Omit<Item, 'productId'>) => {
      const { items } = await change([{ productId: a.productId, ...item }])
      return [items[0]!.code, items[0]!.fields[0]?.field]
    }
    assert.deepEqual(await refusal({ slug: taken.slug }), ['SLUG_TAKEN', undefined])
    assert.deepEqual(await refusal({ categoryIds: [v7()] }), ['CATEGORY_NOT_FOUND', undefined])
    assert.deepEqual(await refusal({ attributes: { unheard: 1 } }), ['INVALID_INPUT', 'attributes.unheard'])
    assert.deepEqual(await refusal({ categoryIds: [categoryId], status: 'published' }), [
      'INVALID_INPUT',
      'attributes.needed',
    ])
    const price = { amountMinor: 5, currency: 'EUR' }
    assert.deepEqual(await refusal({ prices: [{ sku: 'X', prices: [price] }] }), [
      'INVALID_INPUT',
      'prices.0.sku',
    ])
    const { sku } = a.variants[0]!
    assert.deepEqual(await refusal({ prices: [{ sku, prices: [price, price] }] }), [
      'INVALID_INPUT',
      'prices.0.prices.1.currency',
    ])
    const twice = [price, { ...price, amountMinor: 6 }].map((one) => ({ sku, prices: [one] }))
    assert.deepEqual(await refusal({ prices: twice }), ['INVALID_INPUT', 'prices.1.sku'])
    assert.equal((await staff.getForStaff({ productId: a.productId })).version, 1)
  })

  test('two items may not take one slug, and a slug that is asked for twice goes to the first', async () => {
    const [a, b] = [await create(), await create()]
    const { items } = await change([a, b].map(({ productId }) => ({ productId, slug: 'one-of-us' })))
    assert.deepEqual(
      items.map(({ code }) => code),
      [null, 'SLUG_TAKEN'],
    )
  })

  test('is answered again for the same key, and repeated under another changes nothing', async () => {
    const { productId } = await create()
    const key = v7()
    const items = [{ productId, name: 'Once' }]
    const [one, two] = await Promise.all([change(items, key), change(items, key)])
    assert.deepEqual(one, two)
    assert.equal((await change(items)).unchanged, 1)
    assert.equal((await staff.getForStaff({ productId })).version, 2)
  })

  test('that meets a single change of the same product: both are there, or one is told', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { productId } = await create()
      const [bulk, single] = await Promise.allSettled([
        change([{ productId, version: 1, brand: 'Met' }]),
        staff.change({ productId, version: 1, name: `Met ${round}` }),
      ])
      assert.equal(bulk.status, 'fulfilled')
      const told = [
        bulk.status === 'fulfilled' && bulk.value.items[0]!.code === 'STALE',
        single.status === 'rejected' && single.reason.code === 'STALE',
      ]
      assert.equal(told.filter(Boolean).length, 1)
      assert.equal((await staff.getForStaff({ productId })).version, 2)
    }
  })

  test('two that meet in another order neither hang nor lose a change', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => create()))
    const names = made.map(({ productId }, n) => ({ productId, name: `Both ${n}` }))
    const brands = made.map(({ productId }) => ({ productId, brand: 'Both' })).toReversed()
    const reports = await Promise.all([change(names), change(brands)])
    assert.deepEqual(
      reports.map(({ changed }) => changed),
      [20, 20],
    )
    for (const { productId } of made) {
      const { name, brand, version } = await staff.getForStaff({ productId })
      assert.ok(name.startsWith('Both') && brand === 'Both' && version === 3)
    }
  })

  test('of 1,200 products costs as many statements per 500 as one of a few', async () => {
    const slugs = Array.from({ length: 1200 }, (_, n) => `thousand-${n}`)
    for (let from = 0; from < slugs.length; from += 600)
      await platform.seed({
        categories: [],
        products: slugs
          .slice(from, from + 600)
          .map((slug) => ({ slug, name: slug, variants: [aVariant({ sku: `SKU-OF-${slug}` })] })),
      })
    const cost = async (count: number) => {
      await host.settled()
      const counter = statements(host.database.url)
      await counter.reset()
      const report = await change(
        slugs.slice(0, count).map((slug) => ({
          sku: `SKU-OF-${slug}`,
          brand: `Of ${count}`,
          prices: [{ sku: `SKU-OF-${slug}`, prices: [{ amountMinor: count, currency: 'EUR' }] }],
        })),
      )
      assert.equal(report.changed, count)
      const sent = (await counter.snapshot()).filter(
        ({ query }) =>
          /\bproduct"?\./.test(query) && !/\brelaxed\b|\.idempotency|FOR KEY SHARE OF x$/.test(query),
      )
      return sent.reduce((sum, { calls }) => sum + calls, 0)
    }
    // Lock, read, surroundings, brand, write, price, list, settle; the brand is looked for twice, made and found by the first.
    assert.equal(await cost(3), 11)
    assert.equal(await cost(1200), 3 * 9 + 2)
  })

  test('names one product an item, and at most 5,000', async () => {
    const { productId, variants } = await create()
    await assert.rejects(change([{ productId, sku: variants[0]!.sku, name: 'X' }]), {
      code: 'INVALID_INPUT',
    })
    await assert.rejects(change([{ name: 'X' }]), { code: 'INVALID_INPUT' })
    await assert.rejects(change(Array.from({ length: 5001 }, () => ({ productId }))), {
      code: 'INVALID_INPUT',
    })
  })
})
