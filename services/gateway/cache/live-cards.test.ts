import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CardSource, LiveCards } from './live-cards.ts'

const setUp = ({ maxSkus }: { maxSkus?: number } = {}) => {
  const price = new Map([
    ['desk', 100],
    ['chair', 50],
  ])
  const stock = new Map([
    ['desk-1', 0],
    ['desk-2', 3],
    ['chair-1', 0],
  ])
  const calls = { cards: 0, availability: 0 }
  let gate: Promise<unknown> = Promise.resolve()
  const source: CardSource = {
    cards: async ({ productIds, customerGroup }) => {
      calls.cards += 1
      const items = productIds.flatMap((productId) => {
        const amountMinor = price.get(productId)
        if (amountMinor === undefined) return []
        const paid = { amountMinor: customerGroup ? amountMinor / 2 : amountMinor, currency: 'EUR' }
        const skus = [...stock.keys()].filter((sku) => sku.startsWith(productId))
        return [{ productId, priceFrom: paid, priceTo: paid, compareAtMinor: null, variantCount: 1, skus }]
      })
      await gate
      return { items }
    },
    availability: async ({ skus }) => {
      calls.availability += 1
      const items = skus.map((sku) => ({ sku, available: stock.get(sku) ?? 0 }))
      await gate
      return { items }
    },
  }
  const forgotten: string[] = []
  const cards = new LiveCards({ maxSkus, forgotten: (productId) => void forgotten.push(productId) })
  const read = async (ids: string[], customerGroup?: string) => {
    const { cards: found } = await cards.of(ids, { currency: 'EUR', customerGroup }, source)
    return ids.map((id) => {
      const card = found.get(id)
      return card && [card.priceFrom!.amountMinor, card.available]
    })
  }
  return {
    price,
    stock,
    calls,
    forgotten,
    cards,
    source,
    read,
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
  }
}

describe('live cards', () => {
  test('all that is missing is one question to the catalogue and one to inventory; then none', async () => {
    const { read, calls } = setUp()
    assert.deepEqual(await read(['desk', 'chair', 'gone']), [[100, true], [50, false], undefined])
    assert.deepEqual(await read(['desk', 'chair']), [
      [100, true],
      [50, false],
    ])
    assert.deepEqual(calls, { cards: 1, availability: 1 })
  })

  test('a group has prices of its own, and the same stock', async () => {
    const { read, calls } = setUp()
    await read(['desk'])
    assert.deepEqual(await read(['desk'], 'club'), [[50, true]])
    assert.deepEqual(calls, { cards: 2, availability: 1 })
  })

  test('a changed price is read again, for that product alone', async () => {
    const { read, price, cards, calls } = setUp()
    await read(['desk', 'chair'])
    price.set('desk', 80)
    cards.productChanged('desk')
    assert.deepEqual(await read(['desk', 'chair']), [
      [80, true],
      [50, false],
    ])
    assert.deepEqual(calls, { cards: 2, availability: 1 })
  })

  test('a changed level is read again, and its product named', async () => {
    const { read, stock, cards } = setUp()
    await read(['desk', 'chair'])
    stock.set('desk-2', 0)
    assert.deepEqual(cards.levelsChanged(['desk-2', 'unknown']), ['desk'])
    assert.deepEqual(await read(['desk']), [[100, false]])
  })

  test('what changes while it is being read is not remembered as it was', async () => {
    const { read, stock, price, cards, hold } = setUp()
    const release = hold()
    const reading = read(['desk'])
    await new Promise(setImmediate)
    price.set('desk', 80)
    cards.productChanged('desk')
    release()
    await reading
    assert.deepEqual(await read(['desk']), [[80, true]])

    cards.clear()
    await read(['chair'])
    cards.levelsChanged(['chair-1'])
    const releaseLevels = hold()
    const readingLevels = read(['chair'])
    await new Promise(setImmediate)
    stock.set('chair-1', 5)
    assert.deepEqual(cards.levelsChanged(['chair-1']), ['chair'])
    releaseLevels()
    await readingLevels
    assert.deepEqual(await read(['chair']), [[50, true]])
  })

  test('a level that changes before it is asked for is remembered, so that its next change names the product', async () => {
    const { read, cards, hold } = setUp()
    const release = hold()
    const reading = read(['desk'])
    await new Promise(setImmediate)
    // The card is on its way: nobody knows its SKUs yet.
    assert.deepEqual(cards.levelsChanged(['desk-2']), [])
    release()
    await reading
    assert.deepEqual(cards.levelsChanged(['desk-2']), ['desk'])
  })

  test('a level that makes room for others names its product: its change would name it no more', async () => {
    const { read, forgotten } = setUp({ maxSkus: 2 })
    await read(['desk'])
    assert.deepEqual(forgotten, [])
    await read(['chair'])
    assert.deepEqual(forgotten, ['desk'])
  })

  test('a SKU that went to another product is that one’s', async () => {
    const { read, stock, cards, source } = setUp()
    await read(['desk'])
    const moved: CardSource = {
      ...source,
      cards: async (input) => {
        const { items } = await source.cards(input)
        return { items: items.map((card) => ({ ...card, skus: ['desk-2'] })) }
      },
    }
    await cards.of(['chair'], { currency: 'EUR', customerGroup: undefined }, moved)
    stock.set('desk-2', 0)
    assert.deepEqual(cards.levelsChanged(['desk-2']), ['chair'])
  })
})
