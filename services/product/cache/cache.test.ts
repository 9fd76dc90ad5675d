import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { product } from '@stoa/contracts/product'
import { startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from '../service.ts'
import { aMerchant } from '../testing.ts'

describe('what a gateway asks of the catalogue', () => {
  let host: TestHost
  before(async () => {
    host = await startTestHost({ services: [service] })
  })
  after(() => host[Symbol.asyncDispose]())

  /** Two variants at 10.00 and 20.00 EUR, the first at 8.00 for the group `club`. */
  const aProduct = async (status = 'published') => {
    const productId = v7()
    const [one, two] = [v7(), v7()]
    await host.pool.query(
      `with added as (
         insert into product.products (product_id, slug, name, description, status, published_at)
         values ($1, $5, 'Desk', '', $2, now())
       ), sold as (
         insert into product.variants (variant_id, product_id, sku, position, options)
         values ($3, $1, $6, 1, '{"a": "1"}'), ($4, $1, $7, 2, '{"a": "2"}')
       )
       insert into product.effective_prices (variant_id, currency, customer_group, amount_minor, compare_at_minor)
       values ($3, 'EUR', '', 1000, 1200), ($4, 'EUR', '', 2000, null), ($3, 'EUR', 'club', 800, null)`,
      [productId, status, one, two, productId, one, two],
    )
    return { productId, skus: [one, two] }
  }
  const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })

  test('cards say what a customer of the group pays, in one statement', async () => {
    const [one, two, draft] = [await aProduct(), await aProduct(), await aProduct('draft')]
    const catalogue = host.client(product, { via: 'gateway' })
    const productIds = [one.productId, two.productId, draft.productId, v7()]
    await host.settled()
    const counter = statements(host.database.url)
    await counter.reset()
    const { items } = await catalogue.cards({ productIds })
    const asked = (await counter.ofServices()).statements.filter(({ query }) => /product\./.test(query))
    assert.equal(
      asked.reduce((sum, { calls }) => sum + calls, 0),
      1,
    )
    assert.deepEqual(
      items.toSorted((a, b) => a.productId.localeCompare(b.productId)),
      [one, two].map(({ productId, skus }) => ({
        productId,
        priceFrom: eur(1000),
        priceTo: eur(2000),
        compareAtMinor: 1200,
        variantCount: 2,
        skus,
      })),
    )
    const [club] = (await catalogue.cards({ productIds: [one.productId], customerGroup: 'club' })).items
    assert.deepEqual([club!.priceFrom, club!.compareAtMinor], [eur(800), null])
    const [dollars] = (await catalogue.cards({ productIds: [one.productId], currency: 'USD' })).items
    assert.deepEqual([dollars!.priceFrom, dollars!.variantCount, dollars!.skus], [null, 0, []])
    await assert.rejects(host.client(product).cards({ productIds }), { code: 'NOT_FOUND' })
  })

  test('staff drops kept answers by address, by tag or all, which is announced and audited', async () => {
    const staff = host.client(product, { actor: aMerchant() })
    await staff.clearCache({ tag: 'search' })
    await staff.clearCache({ all: true })
    await staff.clearCache({ address: '/v1/products/oak-desk' })
    const cleared = (await host.loggedEvents()).filter(({ name }) => name === 'product.cache-cleared')
    assert.deepEqual(
      cleared.map(({ payload }) => payload),
      [
        { path: null, tag: 'search', all: false },
        { path: null, tag: null, all: true },
        { path: '/v1/products/oak-desk', tag: null, all: false },
      ],
    )
    for (const bad of [{}, { all: true, tag: 'search' } as const, { address: 'products' }])
      await assert.rejects(staff.clearCache(bad), { code: 'INVALID_INPUT' })
    const reader = host.client(product, { actor: aMerchant(['product:read']) })
    await assert.rejects(reader.clearCache({ all: true }), { code: 'FORBIDDEN' })
  })
})
