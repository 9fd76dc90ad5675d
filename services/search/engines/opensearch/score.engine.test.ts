import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { engineAddress } from '@stoa/testing'
import { aShelf, searched as searchedShelf } from '../embedded/testing.ts'
import type { EngineDocument } from '../engine.ts'
import { aDocument, anAttribute, searched, someSettings } from '../testing.ts'
import { openPatiently } from './testing.ts'

const { address, skip } = engineAddress('opensearch')
/** Lucene's scores have 32 bits. */
const RELATIVE = 1e-6

const kinds = ['lamp', 'desk lamp', 'lamp shade', 'desk', 'chair', 'bulb for lamp', 'lampshade']
const colours = ['red', 'green', 'black', 'warm white']
const brands = ['Acme', 'Zeta Light', 'Nord']
const attributes = [anAttribute('colour'), anAttribute('watt', { type: 'number', unit: 'W' })]

/** Every kind with every colour and brand, unlike in length, age, stars, sales and stock. */
const documents: EngineDocument[] = Array.from({ length: 240 }, (_, at) => {
  const kind = kinds[at % kinds.length]!
  const colour = colours[(at * 5) % colours.length]!
  const brand = brands[(at * 7) % brands.length]!
  const category = kind.split(' ').at(-1)!
  return aDocument(at + 1, {
    name: `${brand} ${colour} ${kind} ${at % 3 === 0 ? `X${100 + at}` : ''} ${at % 4 === 0 ? 'with dimmer and cable' : ''}`,
    description: at % 2 === 0 ? `A ${kind} in ${colour}. ${'Made to last, 2 m cable. '.repeat(at % 6)}` : '',
    brand: { slug: brand.toLowerCase().replace(' ', '-'), name: brand },
    categories: [
      {
        categoryId: aDocument(0).productId,
        path: [{ slug: category, name: `${category[0]!.toUpperCase()}${category.slice(1)}s` }],
      },
    ],
    attributes: { colour: [colour], watt: (at % 9) * 5 },
    variants: [{ sku: `X${100 + at}`, barcode: null }],
    rating: at % 5 === 0 ? { average: null, count: 0 } : { average: 1 + (at % 41) / 10, count: at },
    publishedAt: new Date(Date.UTC(2026, at % 6, 1 + (at % 27))).toISOString(),
    ...(at % 4 !== 1 && { available: at % 3 }),
    ...(at % 3 !== 2 && { sold: (at * 13) % 97 }),
  })
})

const queries = [
  '',
  'lamp',
  'desk lamp',
  'lamps for desk',
  'red lamp',
  'warm white lampshade',
  'acme chair',
  'zeta light black desk',
  'lampe',
  'chiar',
  'lamp with dimmer',
  'X103',
  'green desk lamp 2 m cable',
  'bulb for lamp',
  'nord velvet chair',
  'seat',
  '25 watt lamp',
]

describe('Scores in OpenSearch', { skip }, () => {
  it('are those of the embedded engine, number by number', async () => {
    const settings = {
      attributes,
      synonyms: [
        { kind: 'equal', terms: ['seat', 'chair'] },
        { kind: 'one-way', from: 'light', to: ['lamp'] },
      ],
      rules: [
        {
          ruleId: 'b',
          when: { query: 'lamp' },
          action: 'boost',
          products: { filters: { brands: ['nord'] } },
          factor: 3,
        },
        { ruleId: 'c', when: {}, action: 'bury', products: { filters: { available: false } } },
      ],
    } as const
    const shelf = aShelf(documents, settings)
    const engine = openPatiently({
      url: address,
      prefix: `test-${randomBytes(6).toString('hex')}-`,
      shards: 1,
    })
    try {
      await engine.configure(someSettings(settings))
      await engine.put(documents)
      for (const query of queries) {
        const expected = searchedShelf(shelf, query, { limit: 100 })
        const actual = await searched(engine, query, { limit: 100 })
        assert.ok(expected.hits.length > 0, `${query} finds something`)
        assert.equal(actual.total, expected.total, query)
        const scores = new Map(actual.hits.map(({ productId, score }) => [productId, score]))
        for (const [at, { productId, score }] of expected.hits.entries()) {
          // Of equal ones at the end of the page, 32 bits may take others.
          const its = scores.get(productId) ?? actual.hits[at]!.score
          assert.ok(
            Math.abs(its - score) <= RELATIVE * score,
            `“${query}”, place ${at + 1}, ${productId}: ${its} and ${score}`,
          )
        }
      }
    } finally {
      await engine.destroy()
      await engine.close()
    }
  })
})
