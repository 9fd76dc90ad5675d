import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { newTrace, type Tx } from '@stoa/runtime'
import { startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import { ensureAttributes, ensureCategories, ensureSources, writeLinks } from './ensure.ts'
import { loadProducts, saveProducts } from './products.ts'
import service from './service.ts'
import { aMerchant, aProduct, aVariant } from './testing.ts'
import {
  MAX_WRITE,
  type WriteOptions,
  type WriteProduct,
  whileOthersWrite,
  writeProducts,
} from './write-products.ts'

describe('products written by the hundred', () => {
  let host: TestHost
  let staff: Client<typeof product>
  let shop: Client<typeof product>
  before(async () => {
    host = await startTestHost({ services: [service] })
    staff = host.client(product, { actor: aMerchant() })
    shop = host.client(product)
  })
  after(() => host[Symbol.asyncDispose]())

  const inTransaction = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    host.host.services
      .find(({ name }) => name === 'product')!
      .context({ trace: newTrace(), signal: new AbortController().signal })
      .transaction(work)
  const write = (items: readonly WriteProduct[], options: WriteOptions = {}) =>
    whileOthersWrite(() => inTransaction((tx) => writeProducts(tx, items, options)))
  const outcomes = async (items: readonly WriteProduct[], options: WriteOptions = {}) =>
    (await write(items, options)).map((one) => (one.outcome === 'refused' ? one.code : one.outcome))

  let count = 0
  const price = (amountMinor: number) => [{ amountMinor, currency: 'EUR' }]
  const anItem = (fields: Partial<WriteProduct> = {}): WriteProduct => {
    count += 1
    const sku = `W-${count}`
    return {
      by: { sku },
      name: `Written ${count}`,
      variants: [{ sku, options: {}, prices: price(1000) }],
      missingVariants: 'archive',
      status: 'published',
      ...fields,
    }
  }
  const define = (code: string) =>
    inTransaction((tx) =>
      ensureAttributes(tx, [
        {
          code,
          name: code,
          type: 'number',
          unit: 'cm',
          allowedValues: [],
          filterable: true,
          searchable: false,
          position: 0,
        },
      ]),
    )

  test('a product is there with all that was said', async () => {
    await define('width')
    const categories = await inTransaction((tx) =>
      ensureCategories(tx, [
        { slug: 'rooms', name: 'Rooms' },
        { slug: 'halls', name: 'Halls', parentSlug: 'rooms' },
      ]),
    )
    const sourceUrl = 'http://pictures.example/hall.jpg'
    const media = await inTransaction((tx) => ensureSources(tx.query, [{ sourceUrl, alt: 'A hall' }]))
    const item = anItem({
      by: { slug: 'complete' },
      name: 'Complete',
      brand: 'Written Brand',
      description: 'All of it.',
      categoryIds: [categories.get('halls')!, categories.get('rooms')!],
      attributes: { width: 12.5 },
      options: [{ name: 'Size', values: ['S', 'M'] }],
      variants: [
        { sku: 'C-S', options: { Size: 'S' }, prices: price(900), barcode: '4006381333931', weightGrams: 5 },
        { sku: 'C-M', options: { Size: 'M' }, prices: price(1100) },
      ],
      seo: { title: 'Title', description: null },
      media: [{ mediaId: media.get(sourceUrl)!, alt: 'Small', variantSkus: ['C-S'] }],
    })
    assert.deepEqual(await outcomes([item]), ['created'])
    const found = await shop.get({ idOrSlug: 'complete' })
    assert.equal(found.brandSlug, 'written-brand')
    assert.deepEqual(
      found.categories.map(({ slug }) => slug),
      ['halls', 'rooms'],
    )
    assert.deepEqual(found.attributes, [
      { code: 'width', name: 'width', type: 'number', unit: 'cm', value: 12.5 },
    ])
    assert.deepEqual(
      found.variants.map(({ sku, price, weightGrams }) => [sku, price.amountMinor, weightGrams]),
      [
        ['C-S', 900, 5],
        ['C-M', 1100, null],
      ],
    )
    assert.deepEqual(found.seo, { title: 'Title', description: null })
    assert.deepEqual(
      found.media.map(({ alt, variantIds }) => [alt, variantIds]),
      [['Small', [found.variants[0]!.variantId]]],
    )
    const { items } = await shop.list({ brand: 'written-brand' })
    assert.equal(items[0]?.image?.alt, 'Small')

    const before = await host.loggedEvents()
    assert.deepEqual(await outcomes([item]), ['unchanged'])
    assert.equal((await host.loggedEvents()).length, before.length, 'nothing is announced')
    assert.equal((await staff.getForStaff({ productId: found.productId })).version, 1)
  })

  test('of a change only what differs is written and recorded; what is not said stays', async () => {
    const item = anItem({ brand: 'Stays', description: 'Old.' })
    const [{ productId } = { productId: '' }] = (await write([item])) as { productId: string }[]
    const { brand: _, description: __, ...rest } = item
    const [changed] = await write([{ ...rest, name: 'New' }])
    assert.deepEqual(changed, { outcome: 'changed', productId, changed: ['name'] })
    const { name, brand, description, version } = await staff.getForStaff({ productId })
    assert.deepEqual([name, brand, description, version], ['New', 'Stays', 'Old.', 2])
    const { rows } = await host.pool.query(
      `select before, after from product.audit where subject = $1 and version = 2`,
      [`product:${productId}`],
    )
    assert.deepEqual(rows, [{ before: { name: item.name }, after: { name: 'New' } }])
  })

  test('variants that are missing are archived, or kept, as it is said', async () => {
    const options = [{ name: 'Size', values: ['S', 'M', 'L'] }]
    const variant = (sku: string, Size: string) => ({ sku, options: { Size }, prices: price(500) })
    const item = anItem({
      by: { slug: 'shrinking' },
      options,
      variants: [variant('SH-S', 'S'), variant('SH-M', 'M')],
    })
    const shown = async () => {
      const { productId } = await shop.get({ idOrSlug: 'shrinking' })
      const { variants } = await staff.getForStaff({ productId })
      return variants.map(({ sku, archived }) => (archived ? `-${sku}` : sku))
    }
    await write([item])
    await write([{ ...item, variants: [variant('SH-L', 'L')], missingVariants: 'keep' }])
    assert.deepEqual(await shown(), ['SH-L', 'SH-S', 'SH-M'])
    await write([{ ...item, variants: [variant('SH-M', 'M'), variant('SH-L', 'L')] }])
    assert.deepEqual(await shown(), ['SH-M', 'SH-L', '-SH-S'])
  })

  test('two variants may take what the other one was', async () => {
    const options = [{ name: 'Size', values: ['S', 'M'] }]
    const item = (first: string, second: string) =>
      anItem({
        by: { slug: 'swapped' },
        options,
        variants: [
          { sku: 'SWAP-1', options: { Size: first }, prices: price(1) },
          { sku: 'SWAP-2', options: { Size: second }, prices: price(1) },
        ],
      })
    await write([item('S', 'M')])
    assert.deepEqual(await outcomes([{ ...item('M', 'S'), name: 'Written anew' }]), ['changed'])
    const { variants } = await shop.get({ idOrSlug: 'swapped' })
    assert.deepEqual(
      variants.map(({ sku, options: { Size } }) => [sku, Size]),
      [
        ['SWAP-1', 'M'],
        ['SWAP-2', 'S'],
      ],
    )
    assert.deepEqual(await outcomes([item('S', 'S')]), ['INVALID_INPUT'])
  })

  test('the last line of defence: the table itself refuses a second variant of the same values', async () => {
    await write([
      anItem({ by: { slug: 'defended' }, variants: [{ sku: 'DEF', options: {}, prices: price(1) }] }),
    ])
    await assert.rejects(
      host.pool.query(
        `insert into product.variants (variant_id, product_id, sku, position)
         select $1, product_id, 'DEF-2', 2 from product.variants where sku = 'DEF'`,
        [v7()],
      ),
      { constraint: 'variants_combination_key' },
    )
  })

  test('what is wrong is refused by itself and leaves the others alone', async () => {
    await define('depth')
    const taken = await staff.create(aProduct({ slug: 'taken' }), { idempotencyKey: v7() })
    const fine = anItem()
    const twin = anItem({ by: { slug: 'twin' } })
    const items: WriteProduct[] = [
      fine,
      anItem({ attributes: { depth: 'deep' } }),
      anItem({ attributes: { 'no-such': 1 } }),
      anItem({ slug: 'taken' }),
      anItem({
        by: { slug: 'thief' },
        variants: [{ sku: taken.variants[0]!.sku, options: {}, prices: price(1) }],
      }),
      anItem({ by: { slug: 'copy' }, variants: [fine.variants[0]!] }),
      anItem({ categoryIds: [v7()] }),
      anItem({ variants: [{ sku: 'BAD-EAN', options: {}, prices: price(1), barcode: '4006381333932' }] }),
      anItem({ media: [{ mediaId: v7(), alt: null, variantSkus: [] }] }),
      twin,
      { ...twin, name: 'Twice' },
    ]
    const results = await write(items)
    assert.deepEqual(
      results.map((one) => (one.outcome === 'refused' ? [one.code, one.fields[0]?.field] : one.outcome)),
      [
        'created',
        ['INVALID_INPUT', 'attributes.depth'],
        ['INVALID_INPUT', 'attributes.no-such'],
        ['SLUG_TAKEN', undefined],
        ['SKU_TAKEN', 'variants'],
        ['SKU_TAKEN', 'variants'],
        ['CATEGORY_NOT_FOUND', undefined],
        ['INVALID_INPUT', 'variants.0.barcode'],
        ['INVALID_INPUT', 'media.0.mediaId'],
        'created',
        ['INVALID_INPUT', 'slug'],
      ],
    )
  })

  test('a dry run answers the same and writes nothing', async () => {
    const there = anItem()
    await write([there])
    const items = [{ ...there, name: 'Other' }, anItem({ brand: 'Dry' }), anItem({ slug: 'Not' }), there]
    assert.deepEqual(await outcomes(items.slice(0, 2), { dryRun: true }), ['changed', 'created'])
    assert.deepEqual(await outcomes([there], { dryRun: true }), ['unchanged'])
    const { items: brands } = await shop.brands({ limit: 100 })
    assert.ok(!brands.some(({ name }) => name === 'Dry'))
  })

  test('its statements do not grow with the products', async () => {
    const counted = async (size: number) => {
      const items = Array.from({ length: size }, () => anItem({ brand: `Counted ${size}` }))
      const cost = async (these: readonly WriteProduct[]) => {
        await host.settled()
        const counter = statements(host.database.url)
        await counter.reset()
        await write(these)
        const sent = (await counter.snapshot()).filter(
          ({ query }) => /\bproduct"?\./.test(query) && !/\brelaxed\b|FOR KEY SHARE OF x$/.test(query),
        )
        return sent.reduce((sum, { calls }) => sum + calls, 0)
      }
      return [
        await cost(items),
        await cost(items.map((one) => ({ ...one, name: `${one.name} changed` }))),
        await cost(items.map((one) => ({ ...one, name: `${one.name} changed` }))),
      ]
    }
    const few = await counted(2)
    assert.deepEqual(await counted(MAX_WRITE), few)
    // Lock, surroundings, brand (find; find, add, find), write, price, list, settle; then with the products read, and no brand added.
    assert.deepEqual(few, [10, 7, 4])
  })

  test('one is written by its keys, however many prices the shop has', async () => {
    const item = anItem({ by: { slug: 'among-many' } })
    await write([item])
    await host.pool.query(
      `with filler as (
         insert into product.variants (variant_id, product_id, sku, position, archived)
         select uuidv7(), product_id, 'FILLER-' || n, n, true
         from product.products, generate_series(1, 20000) n where slug = 'among-many'
         returning variant_id
       )
       insert into product.variant_prices (variant_id, currency, amount_minor) select variant_id, 'EUR', 1 from filler`,
    )
    await host.pool.query('analyze product.variant_prices')
    const [before] = await inTransaction(async (tx) => {
      const id = (await shop.get({ idOrSlug: 'among-many' })).productId
      return loadProducts(tx.query, [id])
    })
    const { productId, variants } = before!
    const changed = { ...variants[0]!, prices: [{ currency: 'EUR', amountMinor: 7, compareAtMinor: null }] }
    const readInOrder = await inTransaction(async (tx) => {
      const read = async () => {
        const [row] = await tx.query<{ rows: number }>(
          `select seq_tup_read::int as rows from pg_stat_xact_user_tables where relid = 'product.variant_prices'::regclass`,
        )
        return row!.rows
      }
      const sofar = await read()
      const after = { ...before!, variants: [changed, ...variants.slice(1)] }
      await saveProducts(tx.query, [
        { productId, version: before!.version, brandId: null, after, variants: [changed] },
      ])
      return (await read()) - sofar
    })
    assert.equal(readInOrder, 0)
    const { rows } = await host.pool.query(
      'select amount_minor::int from product.variant_prices where variant_id = $1',
      [changed.variantId],
    )
    assert.deepEqual(rows, [{ amount_minor: 7 }])
    await host.pool.query(`delete from product.variant_prices where amount_minor = 1`)
    await host.pool.query(`delete from product.variants where sku like 'FILLER-%'`)
  })

  test('a hundred are written once by two at once', async () => {
    const items = Array.from({ length: 100 }, (_, n) => anItem({ brand: `Race ${n % 7}` }))
    const [one, two] = await Promise.all([outcomes(items), outcomes(items.toReversed())])
    const created = [...one, ...two].filter((outcome) => outcome === 'created').length
    assert.equal(created, 100)
    assert.ok([...one, ...two].every((outcome) => outcome === 'created' || outcome === 'unchanged'))
  })

  test('links are replaced as a whole, and what does not change announces nothing', async () => {
    const made = await write([anItem(), anItem(), anItem()])
    const [a, b, c] = made.map((one) => (one.outcome === 'refused' ? '' : one.productId)) as [
      string,
      string,
      string,
    ]
    const link = (...linkedIds: string[]) =>
      inTransaction((tx) => writeLinks(tx, [{ productId: a, kind: 'related', linkedIds }]))
    const { version } = await staff.getForStaff({ productId: a })
    assert.deepEqual(await link(b, c), [a])
    assert.deepEqual(await link(b, c), [])
    await assert.rejects(staff.change({ productId: a, version, name: 'Late' }), {
      code: 'STALE',
      data: { version: version + 1, changed: [{ field: 'links.related', from: [], to: [b, c] }] },
    })
    assert.deepEqual(await link(c), [a])
    const { related } = await shop.links({ idOrSlug: a })
    assert.deepEqual(
      related.map(({ productId }) => productId),
      [c],
    )
  })

  test('a SKU that is given twice in one product is refused', async () => {
    const sku = aVariant().sku
    const variant = { sku, options: {}, prices: price(1) }
    assert.deepEqual(await outcomes([anItem({ variants: [variant, variant] })]), ['INVALID_INPUT'])
  })
})
