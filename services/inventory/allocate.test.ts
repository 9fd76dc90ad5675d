import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type AllocatedLine,
  allocate,
  allocateWhatIsThere,
  availableOf,
  byPriority,
  type Line,
  type Stock,
} from './allocate.ts'

describe('which warehouse serves an order', () => {
  it('is the first by priority that holds the whole order', () => {
    const stock = stockOf({ near: { A: 5, B: 0 }, main: { A: 5, B: 5 }, far: { A: 9, B: 9 } })
    assert.deepEqual(taken([line('A', 2), line('B', 1)], stock), ['2 A from main', '1 B from main'])
  })

  it('is the first of equals by code', () => {
    const stock: Stock = new Map([
      ['A', ['b', 'a'].map((warehouse) => shelf(warehouse, 7, 5)).sort(byPriority)],
    ])
    assert.deepEqual(taken([line('A', 1)], stock), ['1 A from a'])
  })

  it('is decided line by line when nobody holds the whole order', () => {
    const stock = stockOf({ near: { A: 1, B: 0 }, main: { A: 5, B: 0 }, far: { A: 0, B: 9 } })
    assert.deepEqual(taken([line('A', 3), line('B', 1)], stock), ['3 A from main', '1 B from far'])
  })

  it('is the fullest first for a line that nobody holds whole, so that few parcels are sent', () => {
    const stock = stockOf({ near: { A: 1 }, main: { A: 4 }, far: { A: 6 } })
    assert.deepEqual(taken([line('A', 9)], stock), ['6 A from far', '3 A from main'])
  })

  it('takes two lines of one SKU as one', () => {
    const stock = stockOf({ near: { A: 3 }, main: { A: 4 } })
    assert.deepEqual(taken([line('A', 2), line('A', 2)], stock), ['4 A from main'])
  })

  it('refuses with what is left of each SKU that lacks, and of no other', () => {
    const stock = stockOf({ near: { A: 1, B: 5 }, main: { A: 1, B: 0 } })
    assert.deepEqual(allocate([line('A', 3), line('B', 5), line('C', 1)], stock).lacking, [
      { sku: 'A', available: 2 },
      { sku: 'C', available: 0 },
    ])
  })

  it('gives exactly what was wanted, from shelves that hold it, or refuses because the sum is not there', () => {
    const skus = ['A', 'B', 'C']
    const shelves = fc.dictionary(
      fc.constantFrom('w1', 'w2', 'w3'),
      fc.record({ A: fc.nat(6), B: fc.nat(6), C: fc.nat(6) }),
      { noNullPrototype: true },
    )
    const lines = fc.array(
      fc.record({ sku: fc.constantFrom(...skus), quantity: fc.integer({ min: 1, max: 8 }) }),
      {
        minLength: 1,
        maxLength: 5,
      },
    )
    fc.assert(
      fc.property(shelves, lines, (levels, wanted) => {
        const stock = stockOf(levels)
        const allocation = allocate(wanted, stock)
        const enough = skus.every((sku) => sum(wanted, sku) <= availableOf(stock, sku))
        assert.equal(allocation.lines !== undefined, enough)
        if (!allocation.lines) return
        for (const sku of skus) assert.equal(sum(allocation.lines, sku), sum(wanted, sku))
        for (const { warehouse, sku, quantity } of allocation.lines)
          assert.ok(quantity > 0 && quantity <= (levels[warehouse] as Record<string, number>)[sku]!)
        assert.deepEqual(allocate(wanted, stock), allocation)
      }),
    )
  })
})

describe('goods that are owed already', () => {
  it('are taken as far as they are there, and what is not is told', () => {
    const stock = stockOf({ near: { A: 1 }, main: { A: 1, B: 3 } })
    const { lines, short } = allocateWhatIsThere([line('A', 5), line('B', 2), line('C', 1)], stock)
    assert.deepEqual(lines.map(say), ['1 A from near', '1 A from main', '2 B from main'])
    assert.deepEqual(short, [line('A', 3), line('C', 1)])
  })

  it('may be nothing at all', () => {
    assert.deepEqual(allocateWhatIsThere([line('A', 1)], new Map()), { lines: [], short: [line('A', 1)] })
  })
})

const line = (sku: string, quantity: number): Line => ({ sku, quantity })
const shelf = (warehouse: string, priority: number, available: number) => ({
  warehouse,
  priority,
  available,
  reorderPoint: null,
})

/** Warehouses in order of priority, with what they hold. */
function stockOf(levels: Record<string, Record<string, number>>): Stock {
  const stock = new Map<string, ReturnType<typeof shelf>[]>()
  for (const [priority, [warehouse, shelves]] of Object.entries(levels).entries())
    for (const [sku, available] of Object.entries(shelves))
      stock.set(sku, [...(stock.get(sku) ?? []), shelf(warehouse, priority, available)])
  return stock
}

const sum = (lines: readonly Line[], sku: string) =>
  lines.filter((each) => each.sku === sku).reduce((total, { quantity }) => total + quantity, 0)
const say = ({ warehouse, sku, quantity }: AllocatedLine) => `${quantity} ${sku} from ${warehouse}`
const taken = (lines: readonly Line[], stock: Stock) => allocate(lines, stock).lines?.map(say)
