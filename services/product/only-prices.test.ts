import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { onlyPricesDiffer } from './only-prices.ts'
import type { ProductState } from './stored-product.ts'

const desk: ProductState = {
  slug: 'desk',
  name: 'Desk',
  brand: null,
  description: '',
  status: 'published',
  categoryIds: [],
  options: [],
  attributes: { colour: 'oak' },
  seo: { title: null, description: null },
  publishAt: null,
  unpublishAt: null,
  media: [],
  variants: [
    {
      variantId: 'v',
      sku: 'DESK',
      barcode: null,
      options: {},
      prices: [{ currency: 'EUR', amountMinor: 1000, compareAtMinor: null }],
      cost: null,
      weightGrams: null,
      archived: false,
    },
  ],
}
const [variant] = desk.variants
const withVariant = (fields: object): ProductState => ({ ...desk, variants: [{ ...variant!, ...fields }] })
const eur = { currency: 'EUR', amountMinor: 800, compareAtMinor: 1000 }

describe('a change of prices alone', () => {
  test('is one of amounts, in the currencies that were there', () => {
    assert.ok(onlyPricesDiffer(desk, withVariant({ prices: [eur] })))
    // As it lies in the tables, it has fields besides.
    const stored = { ...desk, productId: 'p', version: 1, brandId: null }
    assert.ok(onlyPricesDiffer(stored, withVariant({ prices: [eur] })))
  })

  test('is none when something else changes with it, or nothing does', () => {
    for (const after of [
      desk,
      withVariant({ prices: [eur, { ...eur, currency: 'USD' }] }),
      withVariant({ prices: [eur], archived: true }),
      withVariant({ prices: [eur], barcode: '4006381333931' }),
      { ...withVariant({ prices: [eur] }), name: 'Table' },
      { ...withVariant({ prices: [eur] }), attributes: { colour: 'ash' } },
      { ...desk, variants: [] },
    ])
      assert.ok(!onlyPricesDiffer(desk, after))
  })
})
