import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Read, Stage } from '../item.ts'
import type { Bundle } from '../sources/bundle.ts'
import { armed, csvLine, defused, joined, split } from '../stoa-csv.ts'
import { amountMinor, decimalAmount } from './amount.ts'
import { categoriesOf, magentoStages, pairs, variationsOf } from './magento.ts'
import { gearCategories } from './magento-gear.ts'
import { plainText } from './plain-text.ts'
import { shopifyStages } from './shopify.ts'

const options = { currency: 'EUR', now: '2026-06-01T00:00:00Z' }

describe('an amount', () => {
  it('is read exactly, with the digits of its currency', () => {
    assert.equal(amountMinor('1234.5', 'EUR'), 123_450)
    assert.equal(amountMinor('0.29', 'EUR'), 29)
    assert.equal(amountMinor('5.000', 'EUR'), 500)
    assert.equal(amountMinor('1500', 'JPY'), 1500)
    for (const text of ['', '-1', '1,5', '1e3', '0.001', ' ', '1.5 EUR', '999999999999'])
      assert.equal(amountMinor(text, 'EUR'), undefined, text)
    assert.equal(amountMinor('1.5', 'JPY'), undefined)
  })

  it('is the same after it was written and read', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 99_999_999_999 }),
        fc.constantFrom('EUR', 'JPY', 'KWD'),
        (amount, currency) => {
          assert.equal(amountMinor(decimalAmount(amount, currency), currency), amount)
        },
      ),
    )
  })
})

describe('a cell', () => {
  it('never begins like a formula, unless it is a number, and is the same text again', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom('', '=', '+', '-', '@', '\t', "'", "'=", "''="),
        (text, start) => {
          const cell = defused(start + text)
          assert.equal(armed(cell), start + text)
          assert.ok(!/^[=+\-@\t\r]/.test(cell) || /^-?\d+(\.\d+)?$/.test(cell))
        },
      ),
    )
  })

  it('holds a list of any texts', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 })), (entries) =>
        assert.deepEqual(split(joined(entries)), entries),
      ),
    )
  })

  it('is quoted where it must be', () => {
    assert.equal(
      csvLine(['a,b', 'say "x"', null, true, 5, '-5', '=1']),
      '"a,b","say ""x""",,yes,5,-5,\'=1\r\n',
    )
  })
})

describe('HTML', () => {
  it('becomes plain text, without scripts, styles, tags and entities', () => {
    assert.equal(plainText('<p>A &amp; B</p><ul><li>one</li><li>two</li></ul>'), 'A & B\n\n- one\n- two')
    assert.equal(
      plainText('x<script>alert(1)</script><style>p{}</style><a href="javascript:x">link</a>'),
      'xlink',
    )
    assert.equal(plainText('17" < 19" & more'), '17" < 19" & more')
  })
})

describe('a Magento shop', () => {
  it('has its simple rows as variants, also when they come behind the configurable one', async () => {
    const head =
      'sku,product_type,visibility,name,price,special_price,special_price_to_date,configurable_variations,categories,qty\n'
    const variants = [
      'A-S,simple,Not Visible Individually,A S,10,8,2026-12-31,,,5',
      'A-M,simple,Not Visible Individually,A M,10,8,2025-12-31,,,0',
    ]
    const parent =
      'A,configurable,"Catalog, Search",A,,,,"sku=A-S,size=S|sku=A-M,size=M",Default Category/Men/Tops,'
    for (const lines of [
      [...variants, parent],
      [parent, ...variants],
      [variants[0], parent, variants[1]],
    ]) {
      const [one, ...others] = await reads(
        magentoStages(bundleOf({ 'p.csv': head + lines.join('\n') }), options),
      )
      assert.deepEqual(others, [])
      assert.ok(one && 'item' in one && one.item.kind === 'product')
      assert.deepEqual(
        one.item.variants.map(({ sku, options, prices }) => [sku, options, prices]),
        [
          ['A-S', { Size: 'S' }, [{ amountMinor: 800, currency: 'EUR', compareAtMinor: 1000 }]],
          ['A-M', { Size: 'M' }, [{ amountMinor: 1000, currency: 'EUR' }]],
        ],
      )
      assert.deepEqual(one.item.stock, [
        { sku: 'A-S', quantity: 5 },
        { sku: 'A-M', quantity: 0 },
      ])
    }
  })

  it('refuses what cannot be sold here, and variants that no product names', async () => {
    const found = await reads(
      magentoStages(
        bundleOf({
          'p.csv':
            'sku,product_type,visibility,name,price,store_view_code\nB,bundle,x,B,1,\nG,grouped,x,G,1,\nL,simple,Not Visible Individually,L,1,\nT,simple,x,T,1,de\n',
        }),
        options,
      ),
    )
    assert.deepEqual(
      found.map((one) => 'refused' in one && [one.line, one.refused.field]),
      [
        [2, 'product_type'],
        [3, 'product_type'],
        [5, 'store_view_code'],
        [4, 'sku'],
      ],
    )
  })

  it('has commas within values, and paths without the root', () => {
    assert.deepEqual(pairs('material=Wool, soft,climate=Cool|Warm'), {
      material: 'Wool, soft',
      climate: 'Cool|Warm',
    })
    assert.deepEqual(
      variationsOf('sku=A,size=S|sku=B,size=M').map(({ sku }) => sku),
      ['A', 'B'],
    )
    assert.deepEqual(
      categoriesOf('Default Category/Men/Tops,Default Category/Men,Default Category').map((path) =>
        path.map(({ slug }) => slug),
      ),
      [['men', 'men-tops']],
    )
    assert.deepEqual(
      gearCategories(
        'Gear\nBags\nCollections\nNew',
        new Map([
          ['Gear', ['Gear']],
          ['Bags', ['Gear', 'Bags']],
          ['Collections', ['Collections']],
        ]),
      ),
      [
        ['Gear', 'Bags'],
        ['Collections', 'New'],
      ],
    )
  })
})

describe('a Shopify CSV', () => {
  const rows = [
    'shirt,Shirt,<p>Nice</p>,Acme,Apparel > Shirts,"a, b",TRUE,Color,Red,S-R,5,10.00,12.00,https://cdn.example/1.jpg,1,Front,active',
    'shirt,,,,,,,,Blue,S-B,2,11.00,,https://cdn.example/2.jpg,2,,',
    'shirt,,,,,,,,,,,,,https://cdn.example/3.jpg,3,,',
  ].join('\n')
  const old = `Handle,Title,Body (HTML),Vendor,Product Category,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Compare At Price,Image Src,Image Position,Image Alt Text,Status\n${rows}`
  const now = `URL handle,Title,Description,Vendor,Product category,Tags,Published on online store,Option1 name,Option1 value,SKU,Inventory quantity,Price,Compare-at price,Product image URL,Image position,Image alt text,Status\n${rows}`

  it('is read in its older and newer column names alike', async () => {
    const [a] = await reads(shopifyStages(bundleOf({ 'p.csv': old }), options))
    const [b] = await reads(shopifyStages(bundleOf({ 'p.csv': now }), options))
    assert.deepEqual(a, b)
    assert.ok(a && 'item' in a && a.item.kind === 'product')
    const { item } = a
    assert.deepEqual(item.options, [{ name: 'Color', values: ['Red', 'Blue'] }])
    assert.deepEqual(item.variants[0]!.prices, [{ amountMinor: 1000, currency: 'EUR', compareAtMinor: 1200 }])
    assert.deepEqual(
      item.pictures?.map(({ source }) => source.at(-5)),
      ['1', '2', '3'],
    )
    assert.deepEqual([item.description, item.brand, item.attributes], ['Nice', 'Acme', { tags: ['a', 'b'] }])
    assert.deepEqual(
      item.categories?.[0]?.map(({ name }) => name),
      ['Apparel', 'Shirts'],
    )
  })
})

const bundleOf = (files: Readonly<Record<string, string>>): Bundle => ({
  files: Object.entries(files).map(([name, content]) => ({
    name,
    bytes: content.length,
    open: async function* () {
      yield Buffer.from(content)
    },
  })),
  fingerprint: '',
  [Symbol.asyncDispose]: async () => {},
})

async function reads(stages: Stage[] | Promise<Stage[]>): Promise<Read[]> {
  const found: Read[] = []
  for (const stage of await stages) for await (const one of stage.read()) found.push(one)
  return found
}
