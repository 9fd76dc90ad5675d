import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inventory } from '@stoa/contracts/inventory'
import { product } from '@stoa/contracts/product'
import inventoryService from '@stoa/inventory'
import productService from '@stoa/product'
import { compose, rasterise } from '@stoa/sandbox'
import { allWithinOnce, startTestHost } from '@stoa/testing'
import {
  articles,
  demoAttributes,
  demoCategories,
  demoCollections,
  demoLinks,
  demoProducts,
  demoStock,
  slugOfCode,
} from './catalogue.ts'
import { demoReviews } from './reviews.ts'
import { seedDemo } from './seed.ts'

const studio = 'http://127.0.0.1:8090'
const products = demoProducts(studio)
const categories = demoCategories(studio)

test('the demonstration shop has a believable range', () => {
  assert.ok(products.length >= 290, `${products.length} products`)
  const sizes = products.map(({ variants }) => variants.length)
  assert.ok(sizes.every((size) => size >= 1 && size <= 12))
  assert.equal(categories.filter(({ parentSlug }) => parentSlug === undefined).length, 12)
  const used = new Set(products.flatMap(({ categorySlugs }) => categorySlugs ?? []))
  for (const { slug } of categories)
    assert.ok(used.has(slug) || categories.some(({ parentSlug }) => parentSlug === slug), `${slug} is empty`)
  for (const slug of used)
    assert.ok(
      categories.some((category) => category.slug === slug),
      slug,
    )
  assert.ok(demoStock.filter(({ quantity, reorderPoint }) => quantity <= reorderPoint!).length >= 20)
  assert.ok(demoStock.filter(({ quantity }) => quantity === 0).length >= 4)
  assert.ok(articles.filter(({ wasEurMinor }) => wasEurMinor).length >= 20)
})

test('every SKU, barcode, slug and number is given once, barcodes from the prefix for use within a company', () => {
  const variants = products.flatMap((one) => one.variants)
  for (const key of ['sku', 'barcode'] as const)
    assert.equal(new Set(variants.map((variant) => variant[key])).size, variants.length, key)
  for (const { barcode } of variants) assert.match(barcode!, /^2\d{12}$/)
  assert.equal(new Set(products.map(({ slug }) => slug)).size, products.length)
  assert.equal(new Set(articles.map(({ no }) => no)).size, articles.length)
})

test('every text says something of its own, in two sentences or more', () => {
  assert.equal(new Set(articles.map(({ text }) => text)).size, articles.length)
  for (const { code, text } of articles) {
    assert.ok(text.length >= 60 && text.length <= 400, `${code}: ${text.length} characters`)
    assert.ok(/[.:!?]/.test(text), code)
  }
})

test('links, collections and reviews name goods that are there', () => {
  const slugs = new Set(products.map(({ slug }) => slug))
  for (const { slug, slugs: others } of demoLinks)
    for (const other of [slug, ...others]) assert.ok(slugs.has(other), `${slug}: ${other}`)
  for (const { slug, slugs: members } of demoCollections)
    for (const member of members) assert.ok(slugs.has(member), `${slug}: ${member}`)
  const reviews = demoReviews(slugOfCode)
  assert.ok(reviews.length >= 400, `${reviews.length} reviews`)
  assert.deepEqual([...new Set(reviews.map(({ stars }) => stars))].sort(), [1, 2, 3, 4, 5])
  for (const { productSlug } of reviews) assert.ok(slugs.has(productSlug!), productSlug)
  assert.deepEqual(demoReviews(slugOfCode), reviews)
})

test('every product has a picture of each of its colours, and the studio can draw them all', async () => {
  const addresses = products.flatMap(({ slug, options = [], media = [], variants }) => {
    assert.ok(media.length > 0, slug)
    const colours = options.find(({ name }) => name === 'Colour')?.values ?? []
    assert.ok(media.length >= colours.length, slug)
    if (media.length > 1)
      assert.deepEqual(
        media.flatMap(({ variantSkus }) => variantSkus!).sort(),
        variants.map(({ sku }) => sku).sort(),
      )
    return media.map(({ sourceUrl }) => sourceUrl)
  })
  const namesOf = (address: string) => address.slice(`${studio}/pictures/`.length, -'.webp'.length).split('/')
  for (const address of [...addresses, ...categories.map(({ image }) => image!.sourceUrl)])
    assert.ok(compose(namesOf(address)), `${address} is not in the studio`)
  for (const address of addresses.filter((_, at) => at % 150 === 0)) {
    const [one, again] = await Promise.all([0, 1].map(() => rasterise(compose(namesOf(address))!)))
    assert.ok(one!.equals(again!), address)
  }
})

test('the shop is filled within seconds, and a repetition changes nothing', () =>
  allWithinOnce([15_000], async () => {
    await using host = await startTestHost({ services: [productService, inventoryService] })
    const clients = {
      product: host.client(product, { via: 'host' }),
      inventory: host.client(inventory, { via: 'host' }),
    }
    const start = performance.now()
    const filled = await seedDemo(clients, { studio })
    const tookMs = performance.now() - start
    assert.deepEqual(filled, {
      categories: categories.length,
      products: products.length,
      variants: demoStock.length,
      reviews: demoReviews(slugOfCode).length,
    })
    assert.deepEqual(await seedDemo(clients, { studio }), {
      categories: 0,
      products: 0,
      variants: 0,
      reviews: 0,
    })
    const { items } = await clients.inventory.availability({ skus: ['GRINDER', 'KNIFE'] })
    assert.deepEqual(
      items.toSorted((a, b) => a.available - b.available),
      [
        { sku: 'GRINDER', available: 0 },
        { sku: 'KNIFE', available: 4 },
      ],
    )
    for (const { slug } of products.filter((_, at) => at % 10 === 0))
      for (const currency of ['EUR', 'USD']) await clients.product.get({ idOrSlug: slug, currency })
    assert.ok(demoAttributes.length >= 20)
    return [tookMs]
  }))
