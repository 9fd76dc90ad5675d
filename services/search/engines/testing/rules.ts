import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultRanking } from '../../ranking/default-settings.ts'
import type { MerchandisingRule, SearchEngine } from '../engine.ts'
import { aDocument, found, idOf, named, type Subject, searched } from '../testing.ts'

export const rulesContract = ({ aShelf }: Subject): void => {
  const lamps = () => named('Red lamp', 'Blue lamp', 'Green lamp', 'Chair', 'White lamp')
  const rule = (
    change: Partial<MerchandisingRule> & Pick<MerchandisingRule, 'action' | 'products'>,
  ): MerchandisingRule => ({
    ruleId: 'rule-1',
    when: { query: 'Lamp' },
    ...change,
  })
  const explained = async (shelf: SearchEngine, query: string, number: number) =>
    (await searched(shelf, query, { explain: true })).hits.find(
      ({ productId }) => productId === idOf(number),
    )!.explain!

  test('pinned products stand first in the given order, even when they have none of the words, on the first page and on no other', async () => {
    const shelf = await aShelf(lamps(), {
      rules: [rule({ action: 'pin', products: { ids: [idOf(4), idOf(3)] } })],
    })
    assert.deepEqual((await found(shelf, 'lamp')).slice(0, 2), [4, 3])
    assert.deepEqual((await explained(shelf, 'lamp', 4)).rules, [{ ruleId: 'rule-1', action: 'pin' }])
    const first = await searched(shelf, 'lamp', { limit: 1 })
    const rest = await searched(shelf, 'lamp', { limit: 10, after: first.next! })
    assert.deepEqual(rest.hits.map(({ productId }) => Number(productId.slice(-12))).toSorted(), [1, 2, 3, 5])
    assert.equal(first.total, 5)
  })

  test('a pin does not break the filters', async () => {
    const shelf = await aShelf(lamps(), { rules: [rule({ action: 'pin', products: { ids: [idOf(4)] } })] })
    assert.deepEqual(await found(shelf, 'lamp', { filters: { price: { min: 999_999 } }, recover: false }), [])
  })

  test('hidden products are in no result and no count', async () => {
    const shelf = await aShelf(lamps(), { rules: [rule({ action: 'hide', products: { ids: [idOf(1)] } })] })
    assert.equal((await searched(shelf, 'lamp')).total, 3)
    assert.equal((await searched(shelf, 'red lamp')).total > 0, true, 'the rule holds for its query alone')
  })

  test('boosted products rise and buried ones sink, by filter or by id, and the factor is explained', async () => {
    const documents = lamps().map((one, at) => ({
      ...one,
      brand: { slug: at === 4 ? 'acme' : 'zeta', name: 'b' },
    }))
    const boosted = await aShelf(documents, {
      rules: [rule({ action: 'boost', factor: 3, products: { filters: { brands: ['acme'] } } })],
    })
    assert.equal((await found(boosted, 'lamp'))[0], 5)
    assert.deepEqual(
      (await explained(boosted, 'lamp', 5)).factors.find(({ name }) => name.startsWith('rule')),
      { name: 'rule rule-1', factor: 3 },
    )
    const buried = await aShelf(documents, {
      rules: [rule({ action: 'bury', products: { ids: [idOf(1)] } })],
    })
    assert.equal((await found(buried, 'lamp')).at(-1), 1)
  })

  test('a rule holds from its first instant until before its last', async () => {
    const dated = rule({
      action: 'hide',
      products: { ids: [idOf(1)] },
      from: '2026-03-01T00:00:00Z',
      until: '2026-04-01T00:00:00Z',
    })
    const shelf = await aShelf(lamps(), { rules: [dated] })
    const total = async (at: string) => (await searched(shelf, 'lamp', { at })).total
    assert.deepEqual(
      await Promise.all(
        ['2026-02-28T23:59:59Z', '2026-03-01T00:00:00Z', '2026-03-31T23:00:00Z', '2026-04-01T00:00:00Z'].map(
          total,
        ),
      ),
      [4, 3, 3, 4],
    )
  })

  test('a rule for a category holds where that category alone is looked at', async () => {
    const path = [{ slug: 'lamps', name: 'Lamps' }]
    const documents = lamps().map((one) => ({ ...one, categories: [{ categoryId: idOf(0), path }] }))
    const shelf = await aShelf(documents, {
      rules: [rule({ when: { category: 'lamps' }, action: 'pin', products: { ids: [idOf(5)] } })],
    })
    assert.equal((await found(shelf, '', { filters: { categories: ['lamps'] } }))[0], 5)
    assert.notEqual((await found(shelf, ''))[0], 5)
  })

  test('each variant of a ranking test orders by its own settings, and an unknown one by the default', async () => {
    const documents = [
      aDocument(1, { name: 'Lamp', sold: 0 }),
      aDocument(2, { name: 'Lamp made of oak', sold: 500 }),
    ]
    const none = { sales: 0, rating: 0, availability: 0, newness: 0 }
    const shelf = await aShelf(documents, {
      rankings: {
        default: { ...defaultRanking, signals: none },
        sales: { ...defaultRanking, version: 7, signals: { ...none, sales: 5 } },
      },
    })
    assert.deepEqual(await found(shelf, 'lamp'), [1, 2])
    assert.deepEqual(await found(shelf, 'lamp', { variant: 'sales' }), [2, 1])
    assert.deepEqual(await found(shelf, 'lamp', { variant: 'toString' }), [1, 2])
    assert.equal((await searched(shelf, 'lamp', { variant: 'sales' })).rankingVersion, 7)
  })

  test('what is explained multiplies to the score', async () => {
    const shelf = await aShelf([
      aDocument(1, { name: 'Red desk lamp', sold: 40, available: 3, rating: { average: 4.5, count: 20 } }),
    ])
    const { score, explain } = (await searched(shelf, 'desk lamp', { explain: true })).hits[0]!
    assert.deepEqual(
      explain!.terms.map(({ asked, field }) => [asked, field]),
      [
        ['desk', 'name'],
        ['lamp', 'name'],
      ],
    )
    assert.ok(Math.abs(explain!.terms.reduce((sum, one) => sum + one.score, 0) - explain!.text) < 1e-9)
    const signals = explain!.factors.filter(({ name }) =>
      ['sales', 'rating', 'availability', 'newness'].includes(name),
    )
    const steps = explain!.factors.filter((one) => !signals.includes(one))
    const expected =
      explain!.text *
      steps.reduce((all, { factor }) => all * factor, 1) *
      (1 + signals.reduce((sum, { factor }) => sum + factor - 1, 0))
    assert.ok(Math.abs(expected - score) < 1e-9)
  })
}
