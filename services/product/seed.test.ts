import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, Rejection, type RequestOf } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from './service.ts'
import { aMerchant, aProduct, aVariant } from './testing.ts'

type Seed = RequestOf<typeof product.operations.seed>

const goods: Seed = {
  categories: [
    { slug: 'home', name: 'Home', position: 1 },
    { slug: 'lamps', name: 'Lamps', parentSlug: 'home' },
  ],
  products: [
    {
      slug: 'lamp',
      name: 'Lamp',
      description: 'Shines.',
      categorySlugs: ['lamps'],
      options: [{ name: 'Colour', values: ['Red', 'Blue'] }],
      variants: [
        aVariant({ sku: 'LAMP-R', barcode: '2000000000008', options: { Colour: 'Red' } }),
        aVariant({ sku: 'LAMP-B', options: { Colour: 'Blue' } }),
      ],
    },
    { slug: 'vase', name: 'Vase', categorySlugs: ['home'], variants: [aVariant({ sku: 'VASE' })] },
  ],
}

describe('seed', () => {
  let host: TestHost
  let platform: Client<typeof product>
  before(async () => {
    host = await startTestHost({ services: [service] })
    platform = host.client(product, { via: 'host' })
  })
  after(() => host[Symbol.asyncDispose]())

  test('a shop filled by two at once is filled once, for sale, and announced once', async () => {
    const answers = await Promise.all([platform.seed(goods), platform.seed(goods)])
    // One may bring the categories, and the other the products that stand in them.
    const brought = (what: 'categories' | 'products' | 'variants') =>
      answers.reduce((sum, answer) => sum + answer[what], 0)
    assert.deepEqual([brought('categories'), brought('products'), brought('variants')], [2, 2, 3])
    const shop = host.client(product)
    assert.equal((await shop.list({ category: 'home' })).items.length, 2)
    const lamp = await shop.get({ idOrSlug: 'lamp' })
    assert.deepEqual(
      lamp.categories.map(({ slug }) => slug),
      ['lamps'],
    )
    assert.deepEqual(
      lamp.variants.map(({ sku, barcode }) => [sku, barcode]),
      [
        ['LAMP-R', '2000000000008'],
        ['LAMP-B', null],
      ],
    )
    const events = await host.loggedEvents()
    assert.deepEqual(events.map(({ name }) => name).toSorted(), [
      'product.category-changed',
      'product.category-changed',
      'product.changed',
      'product.changed',
    ])
  })

  test('what is there stays as it is; a product whose slug, SKU or barcode is taken is left out', async () => {
    const staff = host.client(product, { actor: aMerchant() })
    await staff.create(aProduct({ slug: 'mine', variants: [aVariant({ sku: 'MINE' })] }), {
      idempotencyKey: v7(),
    })
    const answer = await platform.seed({
      categories: [
        { slug: 'home', name: 'Other name' },
        { slug: 'tables', name: 'Tables', parentSlug: 'home' },
      ],
      products: [
        { slug: 'mine', name: 'Slug taken', variants: [aVariant()] },
        { slug: 'other', name: 'SKU taken', variants: [aVariant({ sku: 'MINE' })] },
        { slug: 'third', name: 'Barcode taken', variants: [aVariant({ barcode: '02000000000008' })] },
        { slug: 'table', name: 'Table', categorySlugs: ['tables'], variants: [aVariant()] },
      ],
    })
    assert.deepEqual(answer, { categories: 1, products: 1, variants: 1 })
    const { items } = await platform.categories({})
    assert.equal(items.find(({ slug }) => slug === 'home')?.name, 'Home')
  })

  test('input that cannot be is refused by its field, and nothing of it is there', async () => {
    const refuse = (input: Partial<Seed>, field: string) =>
      assert.rejects(platform.seed({ categories: [], products: [], ...input }), (error) => {
        assert.ok(error instanceof Rejection)
        assert.equal((error.data as { fields: { field: string }[] }).fields[0]!.field, field)
        return true
      })
    await refuse({ categories: [{ slug: 'x', name: 'X', parentSlug: 'nowhere' }] }, 'categories.0.parentSlug')
    const fine = { slug: 'fine', name: 'Fine', variants: [aVariant()] }
    await refuse(
      {
        products: [fine, { slug: 'lost', name: 'Lost', categorySlugs: ['nowhere'], variants: [aVariant()] }],
      },
      'products.1.categorySlugs.0',
    )
    await refuse(
      { products: [fine, { ...fine, slug: 'bad', variants: [aVariant({ barcode: '2000000000009' })] }] },
      'products.1.variants.0.barcode',
    )
    await assert.rejects(platform.get({ idOrSlug: 'fine' }), { code: 'PRODUCT_NOT_FOUND' })
  })

  test('attributes, pictures, links and collections come with the goods, once', async () => {
    const sourceUrl = 'http://pictures.example/rug-red.png'
    const rich: Seed = {
      categories: [
        { slug: 'floor', name: 'Floor', seo: { title: 'Floors' }, image: { sourceUrl, alt: 'A floor' } },
      ],
      attributes: [
        { code: 'material', name: 'Material', type: 'select', allowedValues: ['wool'], filterable: true },
      ],
      products: [
        {
          slug: 'rug',
          name: 'Rug',
          brand: 'Weavers',
          categorySlugs: ['floor'],
          attributes: { material: 'wool' },
          seo: { title: 'Rugs' },
          options: [{ name: 'Colour', values: ['Red', 'Blue'] }],
          variants: [
            aVariant({ sku: 'RUG-R', options: { Colour: 'Red' } }),
            aVariant({ sku: 'RUG-B', options: { Colour: 'Blue' } }),
          ],
          media: [
            { sourceUrl, alt: 'A red rug', width: 1600, height: 1200, variantSkus: ['RUG-R'] },
            { sourceUrl: 'http://pictures.example/rug.png' },
          ],
        },
        { slug: 'mat', name: 'Mat', variants: [aVariant()] },
      ],
      links: [{ slug: 'rug', kind: 'cross-sell', slugs: ['mat', 'nowhere', 'rug'] }],
      collections: [{ slug: 'soft', name: 'Soft', slugs: ['mat', 'nowhere', 'rug'] }],
    }
    assert.deepEqual(await platform.seed(rich), { categories: 1, products: 2, variants: 3 })
    const shop = host.client(product)
    const rug = await shop.get({ idOrSlug: 'rug' })
    assert.deepEqual(
      rug.attributes.map(({ name, value }) => [name, value]),
      [['Material', 'wool']],
    )
    assert.deepEqual(
      rug.media.map(({ alt, width, variantIds }) => [alt, width, variantIds]),
      [
        ['A red rug', 1600, [rug.variants[0]!.variantId]],
        ['', null, []],
      ],
    )
    assert.equal((await shop.category({ idOrSlug: 'floor' })).image?.alt, 'A red rug')
    const slugs = (items: { slug: string }[]) => items.map(({ slug }) => slug)
    assert.deepEqual(slugs((await shop.links({ idOrSlug: 'rug' })).crossSell), ['mat'])
    assert.deepEqual(slugs((await shop.list({ collection: 'soft' })).items), ['mat', 'rug'])

    const events = (await host.loggedEvents()).length
    assert.deepEqual(await platform.seed(rich), { categories: 0, products: 0, variants: 0 })
    assert.equal((await host.loggedEvents()).length, events)
    await assert.rejects(
      platform.seed({
        categories: [],
        products: [{ slug: 'bad', name: 'Bad', attributes: { material: 'steel' }, variants: [aVariant()] }],
      }),
      (error) => {
        assert.ok(error instanceof Rejection)
        assert.equal(
          (error.data as { fields: { field: string }[] }).fields[0]!.field,
          'products.0.attributes.material',
        )
        return true
      },
    )
  })

  test('its statements do not grow with the goods', async () => {
    await host.settled()
    const counter = statements(host.database.url)
    await counter.reset()
    await platform.seed({
      categories: [{ slug: 'many', name: 'Many' }],
      products: Array.from({ length: 300 }, (_, n) => ({
        slug: `many-${n}`,
        name: `Many ${n}`,
        categorySlugs: ['many'],
        variants: [aVariant()],
      })),
    })
    const sent = (await counter.snapshot()).filter(
      ({ query }) => /\bproduct"?\./.test(query) && !/\brelaxed\b|FOR KEY SHARE OF x$/.test(query),
    )
    // Of the categories lock, read, insert, settle; of the products lock, read, insert, price, list, settle.
    assert.equal(
      sent.reduce((sum, { calls }) => sum + calls, 0),
      10,
    )
  })
})
