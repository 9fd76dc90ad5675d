import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inventory } from '@stoa/contracts/inventory'
import { product } from '@stoa/contracts/product'
import inventoryService from '@stoa/inventory'
import productService from '@stoa/product'
import { startTestHost } from '@stoa/testing'
import { demoCategories, demoProducts, demoStock } from './catalogue.ts'
import { seedDemo } from './seed.ts'

test('the demonstration shop has a believable range', () => {
  assert.ok(demoProducts.length >= 40)
  for (const { variants } of demoProducts) assert.ok(variants.length >= 1 && variants.length <= 12)
  assert.equal(demoCategories.filter(({ parentSlug }) => parentSlug === undefined).length, 8)
  const used = new Set(demoProducts.flatMap(({ categorySlugs }) => categorySlugs))
  for (const { slug } of demoCategories)
    assert.ok(
      used.has(slug) || demoCategories.some(({ parentSlug }) => parentSlug === slug),
      `${slug} is empty`,
    )
  assert.ok(demoStock.filter(({ quantity, reorderPoint }) => quantity <= reorderPoint!).length >= 5)
  assert.equal(demoStock.filter(({ quantity }) => quantity === 0).length, 1)
})

test('every SKU and barcode is given once, from the prefix for use within a company', () => {
  const variants = demoProducts.flatMap((one) => one.variants)
  for (const key of ['sku', 'barcode'] as const)
    assert.equal(new Set(variants.map((variant) => variant[key])).size, variants.length, key)
  for (const { barcode } of variants) assert.match(barcode!, /^2\d{12}$/)
  assert.equal(new Set(demoProducts.map(({ slug }) => slug)).size, demoProducts.length)
})

test('the shop is filled in less than a second, and a repetition changes nothing', async () => {
  await using host = await startTestHost({ services: [productService, inventoryService] })
  const clients = {
    product: host.client(product, { via: 'host' }),
    inventory: host.client(inventory, { via: 'host' }),
  }
  const start = performance.now()
  const filled = await seedDemo(clients)
  const tookMs = performance.now() - start
  assert.ok(tookMs < 1_000, `it took ${Math.round(tookMs)} ms`)
  assert.deepEqual(filled, {
    categories: demoCategories.length,
    products: demoProducts.length,
    variants: demoStock.length,
  })
  assert.deepEqual(await seedDemo(clients), { categories: 0, products: 0, variants: 0 })
  const { items } = await clients.inventory.availability({ skus: ['GRINDER', 'KNIFE'] })
  assert.deepEqual(
    items.toSorted((a, b) => a.available - b.available),
    [
      { sku: 'GRINDER', available: 0 },
      { sku: 'KNIFE', available: 4 },
    ],
  )
  for (const { slug } of demoProducts)
    for (const currency of ['EUR', 'USD']) await clients.product.get({ idOrSlug: slug, currency })
})
