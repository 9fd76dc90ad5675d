import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, Rejection, type RequestOf } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from './service.ts'
import { aMerchant, aProduct, aVariant, type NewProductInput } from './testing.ts'

describe('staff', () => {
  let host: TestHost
  let staff: Client<typeof product>
  let shop: Client<typeof product>
  before(async () => {
    host = await startTestHost({ services: [service] })
    staff = host.client(product, { actor: aMerchant() })
    shop = host.client(product)
  })
  after(() => host[Symbol.asyncDispose]())

  const create = (fields: Partial<NewProductInput> = {}, idempotencyKey = v7()) =>
    staff.create(aProduct(fields), { idempotencyKey })
  const publish = ({ productId, version }: { productId: string; version: number }) =>
    staff.change({ productId, version, status: 'published' })

  describe('create', () => {
    test('a product is a draft with all that was said', async () => {
      const created = await staff.create(
        {
          name: 'Oak desk',
          slug: 'oak-desk',
          brand: 'Holm',
          description: 'Solid.\nHeavy.',
          options: [{ name: 'Width', values: ['120 cm', '140 cm'] }],
          variants: [
            aVariant({
              sku: 'DESK-140',
              barcode: '4006381333931',
              options: { Width: '140 cm' },
              prices: [
                { amountMinor: 39900, currency: 'USD' },
                { amountMinor: 34900, currency: 'EUR', compareAtMinor: 39900 },
              ],
              cost: { amountMinor: 15000, currency: 'EUR' },
              weightGrams: 24_000,
            }),
            aVariant({ sku: 'DESK-120', options: { Width: '120 cm' } }),
          ],
        },
        { idempotencyKey: v7() },
      )
      const { productId, createdAt, updatedAt, variants, ...fields } = created
      assert.deepEqual(fields, {
        slug: 'oak-desk',
        name: 'Oak desk',
        brand: 'Holm',
        brandSlug: 'holm',
        description: 'Solid.\nHeavy.',
        categories: [],
        collections: [],
        attributes: [],
        options: [{ name: 'Width', values: ['120 cm', '140 cm'] }],
        media: [],
        rating: { average: null, count: 0, histogram: [0, 0, 0, 0, 0] },
        seo: { title: null, description: null },
        status: 'draft',
        version: 1,
        publishAt: null,
        unpublishAt: null,
      })
      assert.equal(createdAt, updatedAt)
      assert.deepEqual(
        variants.map(({ sku }) => sku),
        ['DESK-140', 'DESK-120'],
      )
      const { variantId: _, ...desk } = variants[0]!
      assert.deepEqual(desk, {
        sku: 'DESK-140',
        barcode: '4006381333931',
        options: { Width: '140 cm' },
        prices: [
          { amountMinor: 34900, currency: 'EUR', compareAtMinor: 39900 },
          { amountMinor: 39900, currency: 'USD', compareAtMinor: null },
        ],
        cost: { amountMinor: 15000, currency: 'EUR' },
        weightGrams: 24_000,
        archived: false,
      })
      assert.deepEqual(await staff.getForStaff({ productId }), created)
    })

    test('it costs five statements: claim, insert, price, read, settle', async () => {
      await host.settled()
      const counter = statements(host.database.url)
      await counter.reset()
      await create({
        options: [{ name: 'Size', values: ['S', 'M', 'L'] }],
        variants: ['S', 'M', 'L'].map((Size) => aVariant({ options: { Size } })),
      })
      assert.equal(await own(counter), 5)
    })

    test('the same key is the same product, also when both requests come at once', async () => {
      const [input, idempotencyKey] = [aProduct(), v7()]
      const [one, two] = await Promise.all([
        staff.create(input, { idempotencyKey }),
        staff.create(input, { idempotencyKey }),
      ])
      assert.deepEqual(one, two)
      assert.deepEqual(await staff.create(input, { idempotencyKey }), one)
      const { rows } = await host.pool.query(
        'select count(*)::int as n from product.products where name = $1',
        [input.name],
      )
      assert.deepEqual(rows, [{ n: 1 }])
    })

    test('a slug is made from the name, and numbered when it is taken, also when all come at once', async () => {
      const slugs = await Promise.all(
        Array.from({ length: 3 }, () => create({ name: 'Grüne Vase' }).then(({ slug }) => slug)),
      )
      assert.equal(new Set(slugs).size, 3)
      assert.ok(slugs.includes('gruene-vase'))
      assert.ok(slugs.includes('gruene-vase-2'))
    })

    test('a slug that was asked for and is taken is refused', async () => {
      const { slug } = await create()
      await assert.rejects(create({ slug }), { code: 'SLUG_TAKEN' })
    })

    test('a slug that looks like an id is refused', async () => {
      await refusesField(create({ slug: v7() }), 'slug')
    })

    test('the same SKU created twice at once is there once, and the other is told which it was', async () => {
      const sku = 'ONCE'
      const results = await Promise.allSettled([
        create({ variants: [aVariant({ sku })] }),
        create({ variants: [aVariant({ sku })] }),
      ])
      assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      const refused = results.find((result) => result.status === 'rejected')!
      assert.equal(refused.reason.code, 'SKU_TAKEN')
      assert.deepEqual(refused.reason.data, { skus: [sku] })
    })

    test('many who bring the same SKUs in another order at once neither hang nor fail', async () => {
      const skus = ['X-1', 'X-2', 'X-3', 'X-4']
      const options = [{ name: 'N', values: skus }]
      const variants = skus.map((sku) => aVariant({ sku, options: { N: sku } }))
      const results = await Promise.allSettled(
        [variants, variants.toReversed(), variants, variants.toReversed()].map((them) =>
          create({ options, variants: them }),
        ),
      )
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const result of results)
        if (result.status === 'rejected') {
          assert.equal(result.reason.code, 'SKU_TAKEN')
          assert.deepEqual(result.reason.data, { skus })
        }
    })

    test('a barcode belongs to one variant, in whichever of its forms', async () => {
      await create({ variants: [aVariant({ barcode: '012345678905' })] })
      const variant = aVariant({ barcode: '0012345678905' })
      await assert.rejects(create({ variants: [variant] }), {
        code: 'SKU_TAKEN',
        data: { skus: [variant.sku] },
      })
    })

    test('bad input names its field', async () => {
      const options = [{ name: 'Colour', values: ['Oak'] }]
      await refusesField(create({ variants: [aVariant({ barcode: '4006381333932' })] }), 'variants.0.barcode')
      await refusesField(
        create({
          options,
          variants: [aVariant({ options: { Colour: 'Oak' } }), aVariant({ options: { Colour: 'Ash' } })],
        }),
        'variants.1.options.Colour',
      )
      await refusesField(create({ variants: [aVariant(), aVariant()] }), 'variants.1.options')
      await refusesField(create({ variants: [] }), 'variants')
    })

    test('an unknown category is refused, and one that is named twice counts once', async () => {
      await assert.rejects(create({ categoryIds: [v7()] }), { code: 'CATEGORY_NOT_FOUND' })
      const { categoryId } = await staff.createCategory({ name: 'Twice' }, { idempotencyKey: v7() })
      const { categories } = await create({ categoryIds: [categoryId, categoryId.toUpperCase()] })
      assert.deepEqual(categories, [{ categoryId, slug: 'twice', name: 'Twice' }])
    })
  })

  describe('change', () => {
    test('what is not named stays', async () => {
      const created = await create({ brand: 'Holm', description: 'Good.' })
      const { productId } = created
      const changed = await staff.change({ productId, version: 1, name: 'New name' })
      assert.deepEqual(changed, {
        ...created,
        name: 'New name',
        version: 2,
        updatedAt: changed.updatedAt,
      })
      assert.equal((await staff.change({ productId, version: 2, brand: null })).brand, null)
    })

    test('it costs five statements, and what it needs: read, write, list, read, settle', async () => {
      const { productId } = await publish(await create({ brand: 'Costly' }))
      const cost = async (change: Omit<RequestOf<typeof product.operations.change>, 'productId'>) => {
        await host.settled()
        const counter = statements(host.database.url)
        await counter.reset()
        await staff.change({ productId, ...change })
        return own(counter)
      }
      assert.equal(await cost({ version: 2, name: 'Renamed' }), 5)
      assert.equal(
        await cost({ version: 3, brand: 'Costlier' }),
        9,
        'the product is held, a new brand is looked for, made and read',
      )
      assert.equal(await cost({ version: 4, status: 'draft' }), 5)
      assert.equal(await cost({ version: 5, name: 'Not listed' }), 4)
      assert.equal(await cost({ version: 5, name: 'Not listed' }), 2, 'a repetition is read')
    })

    test('of two who change at once one is told what was changed in the meantime', async () => {
      const { productId, name } = await create()
      const results = await Promise.allSettled([
        staff.change({ productId, version: 1, name: 'One' }),
        staff.change({ productId, version: 1, name: 'Two' }),
      ])
      const refused = results.find((result) => result.status === 'rejected')!
      assert.equal(refused.reason.code, 'STALE')
      const now = await staff.getForStaff({ productId })
      assert.deepEqual(refused.reason.data, {
        version: 2,
        changed: [{ field: 'name', from: name, to: now.name }],
      })
      assert.equal(now.version, 2)
    })

    test('a repetition after a lost answer changes nothing and is answered', async () => {
      const { productId } = await create()
      const once = await staff.change({ productId, version: 1, name: 'Again' })
      assert.deepEqual(await staff.change({ productId, version: 1, name: 'Again' }), once)
    })

    test('every change is audited with what was before and after, and announced with its version', async () => {
      const { productId, name, variants } = await create()
      await staff.change({ productId, version: 1, name: 'Audited' })
      const { rows } = await host.pool.query(
        `select operation, before->>'name' as before, after->>'name' as after from product.audit
         where subject = $1 order by position`,
        [`product:${productId}`],
      )
      assert.deepEqual(rows, [
        { operation: 'product.create', before: null, after: name },
        { operation: 'product.change', before: name, after: 'Audited' },
      ])
      const payload = { productId, status: 'draft', skus: [variants[0]!.sku] }
      assert.deepEqual(await eventsOf(productId), [
        { version: 1, payload },
        { version: 2, payload },
      ])
    })

    test('options may gain values and lose those that no variant has', async () => {
      const { productId } = await create({
        options: [{ name: 'Size', values: ['S', 'M'] }],
        variants: [aVariant({ options: { Size: 'S' } })],
      })
      const values = ['S', 'L']
      const changed = await staff.change({ productId, version: 1, options: [{ name: 'Size', values }] })
      assert.deepEqual(changed.options, [{ name: 'Size', values }])
      await refusesField(
        staff.change({ productId, version: 2, options: [{ name: 'Size', values: ['L'] }] }),
        'options.0.values',
      )
    })

    test('a taken slug, an unknown category and an unknown product are refused', async () => {
      const [{ slug }, { productId }] = [await create(), await create()]
      await assert.rejects(staff.change({ productId, version: 1, slug }), { code: 'SLUG_TAKEN' })
      await assert.rejects(staff.change({ productId, version: 1, categoryIds: [v7()] }), {
        code: 'CATEGORY_NOT_FOUND',
      })
      await assert.rejects(staff.change({ productId: v7(), version: 1 }), { code: 'PRODUCT_NOT_FOUND' })
    })

    test('drafts and archived products are not in the shop', async () => {
      const { productId, slug, variants } = await create()
      const { sku } = variants[0]!
      const seen = async () => {
        const found = async (idOrSlug: string) =>
          shop.get({ idOrSlug }).then(
            () => true,
            (error) => {
              assert.equal(error.code, 'PRODUCT_NOT_FOUND')
              return false
            },
          )
        const quote = await host.client(product, { via: 'cart' }).quote({ skus: [sku], currency: 'EUR' })
        const listed = (await shop.list({ limit: 100 })).items.some((item) => item.productId === productId)
        return [await found(productId), await found(slug), quote.items.length === 1, listed]
      }
      const nowhere = [false, false, false, false]
      const everywhere = [true, true, true, true]
      assert.deepEqual(await seen(), nowhere)
      await staff.change({ productId, version: 1, status: 'published' })
      assert.deepEqual(await seen(), everywhere)
      await staff.change({ productId, version: 2, status: 'archived' })
      assert.deepEqual(await seen(), nowhere)
      await staff.change({ productId, version: 3, status: 'published' })
      assert.deepEqual(await seen(), everywhere)
      await staff.change({ productId, version: 4, status: 'draft' })
      assert.deepEqual(await seen(), nowhere)
    })
  })

  describe('variants', () => {
    test('a variant is added behind the others, once however often it is asked for', async () => {
      const { productId } = await create({
        options: [{ name: 'Size', values: ['S', 'M'] }],
        variants: [aVariant({ options: { Size: 'M' } })],
      })
      const [variant, idempotencyKey] = [aVariant({ options: { Size: 'S' } }), v7()]
      const added = await staff.addVariant({ productId, ...variant }, { idempotencyKey })
      assert.deepEqual(await staff.addVariant({ productId, ...variant }, { idempotencyKey }), added)
      assert.equal(added.version, 2)
      assert.deepEqual(
        added.variants.map(({ options }) => options),
        [{ Size: 'M' }, { Size: 'S' }],
      )
      const taken = { productId, ...aVariant({ sku: variant.sku, options: { Size: 'S' } }) }
      await refusesField(staff.addVariant(taken, { idempotencyKey: v7() }), 'options')
    })

    test('of two variants with one combination added at once only one is', async () => {
      const { productId } = await create({
        options: [{ name: 'Size', values: ['S', 'M'] }],
        variants: [aVariant({ options: { Size: 'M' } })],
      })
      const add = () =>
        staff.addVariant({ productId, ...aVariant({ options: { Size: 'S' } }) }, { idempotencyKey: v7() })
      const results = await Promise.allSettled([add(), add()])
      const refused = results.filter((result) => result.status === 'rejected')
      assert.equal(refused.length, 1)
      assert.equal(refused[0]!.reason.code, 'INVALID_INPUT')
    })

    test("a variant's price, cost, weight and barcode change; what is not named stays", async () => {
      const created = await publish(await create({ variants: [aVariant({ barcode: '73513537' })] }))
      const { productId, version } = created
      const { variantId, sku } = created.variants[0]!
      const prices = [
        { amountMinor: 2000, currency: 'CHF' },
        { amountMinor: 1800, currency: 'EUR', compareAtMinor: 1900 },
      ]
      const change = { productId, variantId, version, prices, weightGrams: 5 }
      const changed = await staff.changeVariant(change)
      assert.deepEqual(changed.variants[0], {
        ...created.variants[0]!,
        prices: [{ ...prices[0]!, compareAtMinor: null }, prices[1]],
        weightGrams: 5,
      })
      assert.deepEqual(await staff.changeVariant(change), changed, 'a repetition is answered')
      const item = (await shop.list({ currency: 'EUR', limit: 100 })).items.find(
        (one) => one.productId === productId,
      )
      assert.deepEqual(item?.priceFrom, { amountMinor: 1800, currency: 'EUR' })
      assert.equal(item?.compareAtMinor, 1900)
      const quoted = await host.client(product, { via: 'cart' }).quote({ skus: [sku], currency: 'CHF' })
      assert.equal(quoted.items[0]?.unitPriceMinor, 2000)
      await assert.rejects(
        staff.changeVariant({ ...change, weightGrams: 6 }),
        (error) => error instanceof Rejection && error.code === 'STALE',
      )
      await refusesField(staff.changeVariant({ ...change, barcode: '73513538' }), 'barcode')
    })

    test('a published product keeps a variant that can be bought', async () => {
      const { productId, version, variants } = await publish(await create())
      const archive = { productId, variantId: variants[0]!.variantId, archived: true }
      await assert.rejects(staff.changeVariant({ ...archive, version }), { code: 'NOT_SELLABLE' })
      await staff.change({ productId, version, status: 'draft' })
      await staff.changeVariant({ ...archive, version: version + 1 })
      await assert.rejects(staff.change({ productId, version: version + 2, status: 'published' }), {
        code: 'NOT_SELLABLE',
      })
    })

    test('an archived variant is not sold, and comes back only when nothing took its place', async () => {
      const { productId, variants } = await publish(
        await create({
          options: [{ name: 'Size', values: ['S', 'M'] }],
          variants: [aVariant({ options: { Size: 'S' } }), aVariant({ options: { Size: 'M' } })],
        }),
      )
      const { variantId, sku } = variants[0]!
      await staff.changeVariant({ productId, variantId, version: 2, archived: true })
      assert.equal((await shop.get({ idOrSlug: productId })).variants.length, 1)
      const quoted = await host.client(product, { via: 'cart' }).quote({ skus: [sku], currency: 'EUR' })
      assert.deepEqual(quoted.items, [])
      await assert.rejects(create({ variants: [aVariant({ sku })] }), { code: 'SKU_TAKEN' })
      await staff.addVariant({ productId, ...aVariant({ options: { Size: 'S' } }) }, { idempotencyKey: v7() })
      await refusesField(
        staff.changeVariant({ productId, variantId, version: 4, archived: false }),
        'archived',
      )
    })
  })

  test('lists go through all products of a status once, newest first', async () => {
    const ids: string[] = []
    for (let n = 0; n < 5; n += 1) {
      const { productId } = await create()
      await staff.change({ productId, version: 1, status: 'archived' })
      ids.unshift(productId)
    }
    const seen: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await staff.listForStaff({ status: 'archived', limit: 2, ...(after ? { after } : {}) })
      seen.push(...page.items.map(({ productId }) => productId))
      if (page.next === null) break
      after = page.next
    }
    assert.deepEqual(seen.slice(0, 5), ids)
    assert.deepEqual(seen, seen.toSorted().reverse())
    await refusesField(staff.listForStaff({ after: 'nonsense' }), 'after')
  })

  test('only staff with the permission get in', async () => {
    const input = aProduct()
    const key = { idempotencyKey: v7() }
    await assert.rejects(shop.create(input, key), { code: 'UNAUTHENTICATED' })
    const reader = host.client(product, { actor: aMerchant(['product:read']) })
    await assert.rejects(reader.create(input, key), { code: 'FORBIDDEN' })
    await assert.rejects(shop.quote({ skus: ['A'], currency: 'EUR' }), { code: 'NOT_FOUND' })
    await assert.rejects(shop.seed({ categories: [], products: [] }), { code: 'NOT_FOUND' })
  })

  test('what is there is announced again with its version', async () => {
    const { productId } = await publish(await create())
    const { categoryId } = await staff.createCategory({ name: 'Again' }, { idempotencyKey: v7() })
    const before = await host.loggedEvents()
    await host.host.background!.republish('product')
    const again = (await host.loggedEvents()).slice(before.length)
    const { rows } = await host.pool.query(
      `select (select count(*) from product.products)::int + (select count(*) from product.categories)::int as n`,
    )
    assert.equal(again.length, rows[0].n)
    const said = again.map(({ name, version, payload }) => ({ name, version, payload: payload as object }))
    assert.ok(
      said.some((e) => e.version === 2 && 'productId' in e.payload && e.payload.productId === productId),
    )
    assert.ok(said.some((e) => 'categoryId' in e.payload && e.payload.categoryId === categoryId))
  })

  async function eventsOf(productId: string) {
    const events = await host.loggedEvents()
    return events
      .filter(({ payload }) => (payload as { productId?: string }).productId === productId)
      .map(({ version, payload }) => ({ version, payload }))
  }
})

/** Statements that were sent for one operation; the relay's, which runs after it, and what PostgreSQL does for foreign keys are not. */
async function own(counter: ReturnType<typeof statements>): Promise<number> {
  const counts = await counter.snapshot()
  return counts
    .filter(
      ({ query }) =>
        /\bproduct"?\./.test(query) && !/\brelaxed\b|FOR KEY SHARE OF x$|^DELETE FROM ONLY/.test(query),
    )
    .reduce((sum, { calls }) => sum + calls, 0)
}

async function refusesField(call: Promise<unknown>, field: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof Rejection)
    assert.equal(error.code, 'INVALID_INPUT')
    const { fields } = error.data as { fields: { field: string }[] }
    assert.ok(
      fields.some((fault) => fault.field === field),
      JSON.stringify(fields),
    )
    return true
  })
}
