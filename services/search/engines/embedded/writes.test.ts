import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TOMBSTONE_MS } from '../engine.ts'
import { aDocument, anAttribute, aRequest, idOf, someSettings } from '../testing.ts'
import { openShelf } from './shelf.ts'
import { aShelf, found, searched } from './testing.ts'

test('what was removed does not come back by a late document, does by a newer one, and is forgotten after its time', () => {
  let now = 0
  const shelf = openShelf({ now: () => now })
  shelf.handle({ kind: 'configure', settings: someSettings() })
  const total = () => (shelf.handle({ kind: 'search', request: aRequest('lamp') }) as { total: number }).total
  const put = (version: number) =>
    shelf.handle({ kind: 'put', documents: [aDocument(1, { version, name: 'lamp' })] })
  const remove = (number: number, version: number) =>
    shelf.handle({ kind: 'remove', products: [{ productId: idOf(number), version }] })
  remove(1, 3)
  put(3)
  assert.equal(total(), 0, 'the removal came first')
  put(4)
  assert.equal(total(), 1)
  remove(1, 3)
  assert.equal(total(), 1, 'a late removal')
  remove(1, 4)
  assert.equal(total(), 0)
  now += TOMBSTONE_MS + 1
  remove(2, 1)
  put(4)
  assert.equal(total(), 1)
})

test('a changed price, rating or attribute counts without its text being read again', () => {
  const attributes = [anAttribute('colour')]
  const shelf = aShelf([aDocument(1, { name: 'lamp' })], { attributes })
  const postings = () => (shelf.handle({ kind: 'stats' }) as { postings: number }).postings
  const before = postings()
  const prices = [{ currency: 'EUR', fromMinor: 7_000, toMinor: 7_000, compareAtMinor: null }]
  shelf.handle({ kind: 'put', documents: [aDocument(1, { version: 2, name: 'lamp', prices })] })
  assert.deepEqual(found(shelf, 'lamp', { filters: { price: { min: 7_000 } }, recover: false }), [1])
  shelf.handle({ kind: 'put', documents: [aDocument(1, { version: 3, name: 'lamp', prices: [] })] })
  assert.deepEqual(found(shelf, 'lamp', { filters: { price: { min: 0 } }, recover: false }), [])
  assert.equal(postings(), before)
})

test('after a compaction, with changes while it goes on, everything is found as in an index built anew', () => {
  const documents = (version: number, count: number) =>
    Array.from({ length: count }, (_, at) =>
      aDocument(at + 1, {
        version,
        name: `lamp ${version} number${at}`,
        attributes: { colour: `c${at % 7}` },
        available: at % 2,
      }),
    )
  const attributes = [anAttribute('colour')]
  const shelf = aShelf(documents(1, 3_000), { attributes })
  shelf.handle({ kind: 'put', documents: documents(2, 3_000) })
  const postings = () => (shelf.handle({ kind: 'stats' }) as { postings: number }).postings
  const before = postings()
  let pieces = 0
  const late = documents(3, 3_000).slice(100, 150)
  while (shelf.tidy(500)) {
    pieces += 1
    if (pieces === 3) shelf.handle({ kind: 'put', documents: late })
    if (pieces === 5)
      shelf.handle({
        kind: 'remove',
        products: [
          { productId: idOf(7), version: 9 },
          { productId: idOf(120), version: 9 },
        ],
      })
    assert.ok(pieces < 1_000)
    assert.equal(found(shelf, 'number2999')[0], 3_000, 'searches go on')
  }
  assert.ok(pieces > 10 && postings() < before * 0.6)
  const expected = documents(2, 3_000).map(
    (one) => late.find(({ productId }) => productId === one.productId) ?? one,
  )
  const anew = aShelf(
    expected.filter(({ productId }) => productId !== idOf(7) && productId !== idOf(120)),
    { attributes },
  )
  for (const query of ['lamp', 'number8', 'number120', 'c3', '3']) {
    const request = { facets: 'all', limit: 100, sort: 'name' } as const
    const { hits, total, facets } = searched(shelf, query, request)
    const other = searched(anew, query, request)
    assert.deepEqual([total, facets], [other.total, other.facets], query)
    assert.deepEqual(
      hits.map(({ productId }) => productId),
      other.hits.map(({ productId }) => productId),
      query,
    )
  }
})
