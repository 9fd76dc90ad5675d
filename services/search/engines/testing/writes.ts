import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aDocument, anAttribute, found, idOf, type Subject, searched, someSettings } from '../testing.ts'

export const writesContract = ({ aShelf }: Subject): void => {
  test('an older version never replaces a newer one, and the same version replaces', async () => {
    const engine = await aShelf([aDocument(1, { version: 5, name: 'new lamp' })])
    await engine.put([aDocument(1, { version: 4, name: 'old lamp' })])
    assert.deepEqual(await found(engine, 'old', { recover: false }), [])
    await engine.put([aDocument(1, { version: 5, name: 'renewed lamp' })])
    assert.deepEqual(await found(engine, 'renewed'), [1])
    assert.equal((await searched(engine, 'lamp')).total, 1)
  })

  test('what was removed does not come back by a late document, and does by a newer one', async () => {
    const engine = await aShelf([])
    const total = async () => (await searched(engine, 'lamp')).total
    const put = (version: number) => engine.put([aDocument(1, { version, name: 'lamp' })])
    const remove = (version: number) => engine.remove([{ productId: idOf(1), version }])
    await remove(3)
    await put(3)
    assert.equal(await total(), 0, 'the removal came first')
    await put(4)
    assert.equal(await total(), 1)
    await remove(3)
    assert.equal(await total(), 1, 'a late removal')
    await remove(4)
    assert.equal(await total(), 0)
  })

  test('stock and sales count at once, also when they come before their product, and a new text keeps them', async () => {
    const engine = await aShelf([])
    await engine.putStock([{ productId: idOf(1), available: 0 }])
    await engine.putSignals([{ productId: idOf(1), sold: 9 }])
    await engine.put([aDocument(1, { name: 'lamp' }), aDocument(2, { name: 'lamp' })])
    const available = () => found(engine, 'lamp', { filters: { available: true }, recover: false })
    assert.deepEqual(await available(), [2])
    await engine.put([aDocument(1, { version: 2, name: 'red lamp' })])
    assert.deepEqual(await available(), [2])
    await engine.putStock([{ productId: idOf(1), available: 3 }])
    assert.deepEqual((await available()).toSorted(), [1, 2])
    assert.deepEqual(await found(engine, 'lamp', { sort: 'bestselling' }), [1, 2])
  })

  test('a changed price, rating or attribute counts from the next search on', async () => {
    const attributes = [anAttribute('colour')]
    const engine = await aShelf([aDocument(1, { name: 'lamp' })], { attributes })
    const priced = (prices: ReturnType<typeof aDocument>['prices'], version: number) =>
      engine.put([aDocument(1, { version, name: 'lamp', prices })])
    await priced([{ currency: 'EUR', fromMinor: 7_000, toMinor: 7_000, compareAtMinor: null }], 2)
    const from = (min: number) => found(engine, 'lamp', { filters: { price: { min } }, recover: false })
    assert.deepEqual(await from(7_000), [1])
    await priced([], 3)
    assert.deepEqual(await from(0), [])
    await engine.put([aDocument(1, { version: 4, name: 'lamp', attributes: { colour: 'red' } })])
    assert.deepEqual(
      await found(engine, '', { filters: { attributes: { colour: ['red'] } }, recover: false }),
      [1],
    )
  })

  test('a rebuild replaces the index at once: until then the old one answers, changes reach both, and what was not brought again is gone', async () => {
    const engine = await aShelf([
      aDocument(1, { name: 'lamp' }),
      aDocument(2, { name: 'lamp', available: 0 }),
      aDocument(3, { name: 'lamp' }),
    ])
    const rebuild = await engine.startRebuild()
    await engine.put([aDocument(4, { name: 'lamp' })])
    await engine.remove([{ productId: idOf(1), version: 2 }])
    await rebuild.fill([aDocument(1, { name: 'lamp' }), aDocument(2, { name: 'lamp' })])
    assert.deepEqual((await found(engine, 'lamp')).toSorted(), [2, 3, 4])
    assert.deepEqual(await rebuild.finish(2), { replaced: true, documents: 2 })
    assert.deepEqual((await found(engine, 'lamp')).toSorted(), [2, 4])
    assert.deepEqual(
      await found(engine, 'lamp', { filters: { available: false } }),
      [2],
      'its stock was kept',
    )
    assert.deepEqual(await rebuild.finish(2), { replaced: false, documents: 0 })
  })

  test('what was told since a rebuild began is not replaced by what was read before', async () => {
    const engine = await aShelf([])
    const rebuild = await engine.startRebuild()
    await engine.put([aDocument(1, { version: 3, name: 'new lamp' })])
    await rebuild.fill([aDocument(1, { version: 2, name: 'old lamp' })])
    await rebuild.finish(1)
    assert.deepEqual(await found(engine, 'new'), [1])
    assert.deepEqual(await found(engine, 'old', { recover: false }), [])
  })

  test('a second rebuild gives the first one up', async () => {
    const engine = await aShelf([aDocument(1, { name: 'lamp' })])
    const first = await engine.startRebuild()
    await first.fill([aDocument(1, { name: 'lamp' })])
    const second = await engine.startRebuild()
    await second.fill([aDocument(1, { name: 'lamp' }), aDocument(2, { name: 'lamp' })])
    assert.deepEqual(await first.finish(1), { replaced: false, documents: 0 })
    assert.deepEqual(await second.finish(2), { replaced: true, documents: 2 })
    assert.deepEqual((await found(engine, 'lamp')).toSorted(), [1, 2])
  })

  test('new synonyms, rules and rankings need no rebuild; another language or searchable attribute does', async () => {
    const engine = await aShelf([aDocument(1, { name: 'Zwei Stühle' })])
    const synonyms = [{ kind: 'equal', terms: ['zwei', 'paar'] }] as const
    assert.deepEqual(await engine.configure(someSettings({ version: 2, synonyms })), { rebuild: false })
    assert.deepEqual(await found(engine, 'paar'), [1], 'from the next search on')
    assert.deepEqual(await engine.configure(someSettings({ version: 3, language: 'de' })), { rebuild: true })
    const rebuild = await engine.startRebuild()
    await rebuild.fill([aDocument(1, { name: 'Zwei Stühle' })])
    await rebuild.finish(1)
    assert.deepEqual(await found(engine, 'Stuhl'), [1])
    assert.deepEqual(
      await engine.configure(someSettings({ version: 2 })),
      { rebuild: false },
      'older settings are ignored',
    )
    assert.deepEqual(await found(engine, 'Stuhl'), [1])
  })
}
