import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KnownStock, stockOf } from './known-stock.ts'

describe('what a process remembers of the shelves', () => {
  it('is nothing for a SKU that was never read, and no shelf at all for one that was found nowhere', () => {
    const known = new KnownStock()
    assert.equal(known.get(['A'], 0), undefined)
    known.read(['A', 'B'], stockOf([seen('main', 'A', 5)]), 0)
    assert.deepEqual(
      [...known.get(['A', 'B'], 0)!],
      [
        ['A', [seen('main', 'A', 5)]],
        ['B', []],
      ],
    )
    assert.equal(known.get(['A', 'C'], 0), undefined)
  })

  it('follows what is left of one shelf, and is read again after a minute all the same', () => {
    const known = new KnownStock()
    known.read(['A'], stockOf([seen('main', 'A', 5), seen('far', 'A', 7)]), 0)
    known.left({ warehouse: 'main', sku: 'A', available: 2 })
    assert.deepEqual(
      known
        .get(['A'], 59_000)!
        .get('A')!
        .map(({ available }) => available),
      [7, 2],
    )
    assert.equal(known.get(['A'], 61_000), undefined)
  })

  it('is bounded: the SKU read longest ago goes first', () => {
    const known = new KnownStock()
    for (let n = 0; n <= 20_000; n += 1) known.read([`S${n}`], new Map(), 0)
    assert.equal(known.get(['S0'], 0), undefined)
    assert.notEqual(known.get(['S1', 'S20000'], 0), undefined)
  })
})

const seen = (warehouse: string, sku: string, available: number) => ({
  warehouse,
  sku,
  available,
  priority: 0,
  reorderPoint: null,
})
