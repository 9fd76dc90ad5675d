import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedOptionFaults, newVariantFaults, productFaults, type VariantInput } from './variant-rules.ts'

const colour = { name: 'Colour', values: ['Oak', 'Walnut'] }
const size = { name: 'Size', values: ['S', 'M'] }

const variant = (fields: Partial<VariantInput> = {}): VariantInput => ({
  sku: `SKU-${Object.values(fields.options ?? {}).join('-')}`,
  options: {},
  prices: [{ amountMinor: 100, currency: 'EUR' }],
  ...fields,
})

const fields = (faults: { field: string }[]) => faults.map(({ field }) => field)

test('a product whose variants name each option once has no faults', () => {
  const variants = [
    variant({ options: { Colour: 'Oak', Size: 'S' } }),
    variant({ options: { Size: 'M', Colour: 'Oak' } }),
  ]
  assert.deepEqual(productFaults({ options: [colour, size], variants }), [])
  assert.deepEqual(productFaults({ options: [], variants: [variant()] }), [])
})

test('a variant names exactly the options of the product, with listed values', () => {
  const faults = productFaults({
    options: [colour, size],
    variants: [
      variant({ options: { Colour: 'Oak', Size: 'S' } }),
      variant({ options: { Colour: 'Ash', Size: 'M' } }),
      variant({ options: { Colour: 'Oak' } }),
      variant({ options: { Colour: 'Walnut', Size: 'M', Height: '2' } }),
    ],
  })
  assert.deepEqual(fields(faults), [
    'variants.1.options.Colour',
    'variants.2.options.Size',
    'variants.3.options.Height',
  ])
  assert.equal(faults[0]!.message, 'must be one of Oak, Walnut')
})

test('names that every object has are not taken for options', () => {
  const faults = productFaults({
    options: [{ name: 'toString', values: ['a'] }],
    variants: [variant({ options: { constructor: 'a' } as never })],
  })
  assert.deepEqual(fields(faults), ['variants.0.options.toString', 'variants.0.options.constructor'])
})

test('no two variants have the same combination, SKU or barcode', () => {
  const faults = productFaults({
    options: [colour, size],
    variants: [
      variant({ sku: 'A', barcode: '012345678905', options: { Colour: 'Oak', Size: 'S' } }),
      variant({ sku: 'A', barcode: '0012345678905', options: { Size: 'S', Colour: 'Oak' } }),
    ],
  })
  assert.deepEqual(fields(faults), ['variants.1.sku', 'variants.1.barcode', 'variants.1.options'])
})

test('options and their values are named once', () => {
  const faults = productFaults({
    options: [colour, { name: 'Colour', values: ['Oak', 'Oak', 'Walnut'] }],
    variants: [variant({ options: { Colour: 'Oak' } })],
  })
  assert.deepEqual(fields(faults), ['options.1.name', 'options.1.values.1'])
})

test('a price has a known currency of its own and is lower than what it is compared with', () => {
  const faults = productFaults({
    options: [],
    variants: [
      variant({
        prices: [
          { amountMinor: 100, currency: 'EUR', compareAtMinor: 100 },
          { amountMinor: 100, currency: 'EUR', compareAtMinor: 101 },
          { amountMinor: 100, currency: 'QQQ' },
        ],
        cost: { amountMinor: 1, currency: 'QQQ' },
        barcode: '4006381333932',
      }),
    ],
  })
  assert.deepEqual(fields(faults), [
    'variants.0.barcode',
    'variants.0.prices.0.compareAtMinor',
    'variants.0.prices.1.currency',
    'variants.0.prices.2.currency',
    'variants.0.cost.currency',
  ])
})

test('a hostile product is answered with at most 20 faults', () => {
  const variants = Array.from({ length: 250 }, () => variant({ options: { Nope: 'x' } }))
  assert.equal(productFaults({ options: [colour], variants }).length, 20)
})

test('a variant that joins a product may repeat the combination of an archived one only', () => {
  const product = {
    options: [colour],
    variants: [
      { sku: 'OLD', options: { Colour: 'Oak' }, archived: true },
      { sku: 'NOW', options: { Colour: 'Walnut' }, archived: false },
    ],
  }
  assert.deepEqual(newVariantFaults(variant({ options: { Colour: 'Oak' } }), product), [])
  assert.deepEqual(fields(newVariantFaults(variant({ options: { Colour: 'Walnut' } }), product)), ['options'])
})

test('options keep their names and every value that a variant has', () => {
  const variants = [{ sku: 'A', options: { Colour: 'Oak', Size: 'S' } }]
  const check = (options: { name: string; values: string[] }[]) =>
    fields(changedOptionFaults(options, variants, [colour, size]))
  assert.deepEqual(check([size, { name: 'Colour', values: ['Ash', 'Oak'] }]), [])
  assert.deepEqual(check([size]), ['options'])
  assert.deepEqual(check([colour, size, { name: 'Height', values: ['1'] }]), ['options.2.name'])
  assert.deepEqual(check([{ name: 'Colour', values: ['Walnut'] }, size]), ['options.0.values'])
})
