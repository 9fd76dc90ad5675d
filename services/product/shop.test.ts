import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '@stoa/contract'
import { Product, product } from '@stoa/contracts/product'
import { startTestHost, statements, type TestHost } from '@stoa/testing'
import fc from 'fast-check'
import { v7 } from 'uuid'
import { z } from 'zod'
import service from './service.ts'
import { aMerchant, aProduct, aVariant, type NewProductInput } from './testing.ts'

describe('the shop', () => {
  let host: TestHost
  let staff: Client<typeof product>
  let shop: Client<typeof product>
  before(async () => {
    host = await startTestHost({ services: [service], environment: { SHOP_CURRENCY: 'EUR' } })
    staff = host.client(product, { actor: aMerchant() })
    shop = host.client(product)
  })
  after(() => host[Symbol.asyncDispose]())

  const aCategory = (name: string, parentId?: string) =>
    staff.createCategory({ name, ...(parentId ? { parentId } : {}) }, { idempotencyKey: v7() })
  const publish = async (fields: Partial<NewProductInput> = {}) => {
    const { productId } = await staff.create(aProduct(fields), { idempotencyKey: v7() })
    return staff.change({ productId, version: 1, status: 'published' })
  }
  const price = (amountMinor: number, currency: string, compareAtMinor?: number) => ({
    amountMinor,
    currency,
    ...(compareAtMinor ? { compareAtMinor } : {}),
  })

  /** All pages of a list, in order. */
  const walk = async (
    input: { category?: string; currency?: string; limit: number },
    between?: () => unknown,
  ) => {
    const ids: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await shop.list({ ...input, ...(after ? { after } : {}) })
      assert.ok(page.items.length <= input.limit)
      ids.push(...page.items.map(({ productId }) => productId))
      if (page.next === null) return ids
      assert.equal(page.items.length, input.limit, 'only the last page is short')
      after = page.next
      await between?.()
    }
  }

  test('a listed product shows its cheapest and dearest price in the currency', async () => {
    const { slug } = await aCategory('Prices')
    const { categoryId } = (await shop.categories({})).items.find((one) => one.slug === slug)!
    const { productId } = await publish({
      name: 'Lamp',
      slug: 'lamp',
      brand: 'Holm',
      categoryIds: [categoryId],
      options: [{ name: 'Size', values: ['S', 'M', 'L'] }],
      variants: [
        aVariant({ options: { Size: 'S' }, prices: [price(900, 'EUR', 1200), price(1000, 'USD')] }),
        aVariant({ options: { Size: 'M' }, prices: [price(1100, 'EUR')] }),
        aVariant({ options: { Size: 'L' }, prices: [price(1500, 'EUR'), price(1900, 'USD', 2000)] }),
      ],
    })
    const lamp = {
      productId,
      slug: 'lamp',
      name: 'Lamp',
      brand: 'Holm',
      brandSlug: 'holm',
      image: null,
      rating: { average: null, count: 0 },
    }
    const money = (amountMinor: number, currency: string) => ({ amountMinor, currency })
    assert.deepEqual(await shop.list({ category: slug }), {
      items: [
        {
          ...lamp,
          priceFrom: money(900, 'EUR'),
          priceTo: money(1500, 'EUR'),
          compareAtMinor: 1200,
          variantCount: 3,
        },
      ],
      next: null,
    })
    const dollars = await shop.list({ category: slug, currency: 'USD' })
    assert.deepEqual(dollars.items, [
      {
        ...lamp,
        priceFrom: money(1000, 'USD'),
        priceTo: money(1900, 'USD'),
        compareAtMinor: null,
        variantCount: 2,
      },
    ])
    assert.deepEqual((await shop.list({ category: slug, currency: 'CHF' })).items, [])
  })

  test('a product has only the variants that can be bought in the currency, and is not there without any', async () => {
    const { productId, slug } = await publish({
      description: 'Two\nlines',
      options: [{ name: 'Size', values: ['S', 'M'] }],
      variants: [
        aVariant({
          sku: 'ONLY-EUR',
          options: { Size: 'S' },
          prices: [price(900, 'EUR', 1000)],
          weightGrams: 7,
        }),
        aVariant({ sku: 'BOTH', options: { Size: 'M' }, prices: [price(900, 'EUR'), price(1000, 'USD')] }),
      ],
    })
    const inEuro = await shop.get({ idOrSlug: slug })
    assert.deepEqual(inEuro, await shop.get({ idOrSlug: productId.toUpperCase(), currency: 'EUR' }))
    assert.deepEqual(
      inEuro.variants.map(({ sku, price, weightGrams }) => ({ sku, price, weightGrams })),
      [
        {
          sku: 'ONLY-EUR',
          price: { amountMinor: 900, currency: 'EUR', compareAtMinor: 1000 },
          weightGrams: 7,
        },
        {
          sku: 'BOTH',
          price: { amountMinor: 900, currency: 'EUR', compareAtMinor: null },
          weightGrams: null,
        },
      ],
    )
    const inDollars = await shop.get({ idOrSlug: slug, currency: 'USD' })
    assert.deepEqual(
      inDollars.variants.map(({ sku }) => sku),
      ['BOTH'],
    )
    await assert.rejects(shop.get({ idOrSlug: slug, currency: 'CHF' }), { code: 'PRODUCT_NOT_FOUND' })
    for (const idOrSlug of [v7(), 'no-such', 'ünï \u{1f600} %', "'; drop table", '0193e5a0-0000'])
      await assert.rejects(shop.get({ idOrSlug }), { code: 'PRODUCT_NOT_FOUND' })
  })

  test('a quote names what can be sold in the currency and leaves out the rest', async () => {
    const { productId, slug, name, variants } = await publish({
      options: [{ name: 'Size', values: ['S', 'M'] }],
      variants: [
        aVariant({ sku: 'Q-S', options: { Size: 'S' }, prices: [price(900, 'EUR')], weightGrams: 70 }),
        aVariant({ sku: 'Q-M', options: { Size: 'M' }, prices: [price(1000, 'USD')] }),
      ],
    })
    const cart = host.client(product, { via: 'cart' })
    const { items } = await cart.quote({ skus: ['Q-S', 'Q-S', 'Q-M', 'NO-SUCH', 'q-s'], currency: 'EUR' })
    assert.deepEqual(items, [
      {
        sku: 'Q-S',
        variantId: variants[0]!.variantId,
        productId,
        productSlug: slug,
        name,
        options: { Size: 'S' },
        unitPriceMinor: 900,
        tiers: [],
        weightGrams: 70,
      },
    ])
  })

  test('whatever the shop reads costs one statement', async () => {
    const { slug: category, categoryId } = await aCategory('Counted')
    const { slug, variants } = await publish({ categoryIds: [categoryId], brand: 'Counted' })
    await staff.createCollection({ name: 'Counted' }, { idempotencyKey: v7() })
    await host.settled()
    const reads = {
      list: () => shop.list({}),
      'list of a category': () => shop.list({ category }),
      get: () => shop.get({ idOrSlug: slug }),
      quote: () => host.client(product, { via: 'cart' }).quote({ skus: [variants[0]!.sku], currency: 'EUR' }),
      categories: () => shop.categories({}),
      category: () => shop.category({ idOrSlug: category }),
      'list of a brand': () => shop.list({ brand: 'counted', category }),
      'list of a collection': () => shop.list({ collection: 'counted', brand: 'counted', category }),
      links: () => shop.links({ idOrSlug: slug }),
      brand: () => shop.brand({ slug: 'counted' }),
      brands: () => shop.brands({}),
      collections: () => shop.collections({}),
    }
    for (const [name, read] of Object.entries(reads)) {
      const counter = statements(host.database.url)
      await counter.reset()
      await read()
      const counts = await counter.snapshot()
      const sent = counts.filter(({ query }) => /\bproduct\.[a-z]/.test(query))
      assert.deepEqual(
        sent.map(({ calls }) => calls),
        [1],
        name,
      )
    }
  })

  test('the JSON that PostgreSQL writes is exactly the contract', async () => {
    const { slug: category, categoryId } = await aCategory('Strict "quoted" \\ names')
    const { slug } = await publish({
      name: 'A "name" with \\ and \u{1f600} & </script>',
      brand: 'B',
      description: 'tab\tand\nline',
      categoryIds: [categoryId],
      options: [{ name: 'Größe "x"', values: ["a'b"] }],
      variants: [
        aVariant({ options: { 'Größe "x"': "a'b" }, barcode: '96385074', prices: [price(0, 'EUR')] }),
      ],
    })
    const strict = { list: strictly(product.operations.list.output), get: strictly(Product) }
    // The host of a test parses every such answer; this adds that nothing more than the contract is in it.
    const listed = await rawAnswer('list', { category, limit: 20 })
    strict.list.parse(listed)
    const got = await rawAnswer('get', { idOrSlug: slug })
    assert.deepEqual(strict.get.parse(got), await shop.get({ idOrSlug: slug }))
    strictly(product.operations.categories.output).parse(await rawAnswer('categories', {}))
    strictly(product.operations.listForStaff.output).parse(await rawAnswer('listForStaff', { limit: 20 }))
    const { productId } = await shop.get({ idOrSlug: slug })
    strictly(product.operations.getForStaff.output).parse(await rawAnswer('getForStaff', { productId }))
  })

  describe('lists', () => {
    test('a category shows what stands in it and below it, once, newest first', async () => {
      const home = await aCategory('Home')
      const kitchen = await aCategory('Kitchen', home.categoryId)
      const pots = await aCategory('Pots', kitchen.categoryId)
      const garden = await aCategory('Garden')
      const put = async (...categories: { categoryId: string }[]) =>
        (await publish({ categoryIds: categories.map(({ categoryId }) => categoryId) })).productId
      const [a, b, c, d, e] = [
        await put(home),
        await put(pots),
        await put(kitchen, pots, garden),
        await put(garden),
        await put(kitchen),
      ] as const
      assert.deepEqual(await walk({ category: home.slug, limit: 2 }), [e, c, b, a])
      assert.deepEqual(await walk({ category: kitchen.slug, limit: 1 }), [e, c, b])
      assert.deepEqual(await walk({ category: pots.slug, limit: 100 }), [c, b])
      assert.deepEqual(await walk({ category: garden.slug, limit: 2 }), [d, c])
      await staff.changeCategory({ categoryId: kitchen.categoryId, version: 1, parentId: garden.categoryId })
      assert.deepEqual(await walk({ category: home.slug, limit: 2 }), [a])
      assert.deepEqual(await walk({ category: garden.slug, limit: 2 }), [e, d, c, b])
    })

    test('a change of name, price or category shows at once; the place in the list stays', async () => {
      const [one, two] = [await aCategory('Here'), await aCategory('There')]
      const first = await publish({ categoryIds: [one.categoryId] })
      const second = await publish({ categoryIds: [one.categoryId] })
      await staff.change({ productId: first.productId, version: 2, name: 'Renamed', slug: 'renamed' })
      const { items } = await shop.list({ category: one.slug })
      assert.deepEqual(
        items.map(({ productId, name, slug }) => ({ productId, name, slug })),
        [
          { productId: second.productId, name: second.name, slug: second.slug },
          { productId: first.productId, name: 'Renamed', slug: 'renamed' },
        ],
      )
      const { categoryId } = two
      await staff.change({ productId: first.productId, version: 3, categoryIds: [categoryId] })
      assert.deepEqual(await walk({ category: one.slug, limit: 5 }), [second.productId])
      assert.deepEqual(await walk({ category: two.slug, limit: 5 }), [first.productId])
    })

    test('an unknown category is refused, and so is a cursor that is none', async () => {
      await assert.rejects(shop.list({ category: 'no-such' }), { code: 'CATEGORY_NOT_FOUND' })
      const id = '0193e5a0-0000-7000-8000-000000000000'
      for (const after of ['x', id, `1.${id}x`, `-1.${id}`, `99999999999999999.${id}`, `1.${id.slice(1)}`])
        await assert.rejects(shop.list({ after }), { code: 'INVALID_INPUT' })
      assert.deepEqual((await shop.list({ after: `0.${id}` })).items, [])
      await shop.list({ after: `9999999999999999.${id}` })
    })

    test('no product comes twice and none that was there is skipped, while others come and go', async () => {
      const { slug: category, categoryId } = await aCategory('Moving')
      const below = await aCategory('Moving below', categoryId)
      const stay: string[] = []
      const put = async () =>
        (
          await publish({
            categoryIds: [[categoryId], [below.categoryId], [categoryId, below.categoryId]][
              Math.floor(Math.random() * 3)
            ]!,
          })
        ).productId
      for (let n = 0; n < 12; n += 1) stay.unshift(await put())
      // Published in one moment: the id decides, whatever the page's size.
      await host.pool.query(
        `update product.category_listings set published_at = '2026-01-02T03:04:05.678901Z'
         where product_id = any ($1)`,
        [stay.slice(4, 9)],
      )
      await host.pool.query(
        `update product.listings l set published_at = c.published_at
         from product.category_listings c where c.product_id = l.product_id and l.product_id = any ($1)`,
        [stay],
      )
      const order = await walk({ category, limit: 100 })
      assert.deepEqual(order.toSorted(), stay.toSorted())
      let coming: string | undefined
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 7 }), async (limit) => {
          const seen = await walk({ category, limit }, async () => {
            if (coming) await staff.change({ productId: coming, version: 2, status: 'archived' })
            coming = await put()
          })
          assert.equal(new Set(seen).size, seen.length)
          assert.deepEqual(
            seen.filter((id) => stay.includes(id)),
            order,
          )
        }),
        { numRuns: 6 },
      )
    })
  })

  /** An answer as it goes over the wire. */
  async function rawAnswer(
    name: 'list' | 'get' | 'categories' | 'listForStaff' | 'getForStaff',
    input: object,
  ) {
    const hosted = host.host.services.find((one) => one.name === 'product')!
    const ctx = {
      query: hosted.database.query,
      config: { shopCurrency: 'EUR' },
      actor: { kind: 'anonymous' },
      setHeader: () => {},
    }
    const answer = (await service.operations[name]!(input, ctx)) as { text: string }
    return JSON.parse(answer.text)
  }
})

/** The same schema, refusing what it does not name, however deep. */
function strictly(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodObject)
    return z.strictObject(
      Object.fromEntries(
        Object.entries(schema.shape).map(([key, part]) => [key, strictly(part as z.ZodType)]),
      ),
    )
  if (schema instanceof z.ZodArray) return z.array(strictly(schema.element as z.ZodType))
  if (schema instanceof z.ZodNullable) return strictly(schema.unwrap() as z.ZodType).nullable()
  return schema
}
