import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stockOf } from './known-stock.ts'
import { fallsLow, planReservations } from './plan.ts'

describe('the plan for a batch', () => {
  it('serves each order from what those before it leave, and refuses the rest one by one', () => {
    const { served, refused, demand } = planReservations(
      [wants('o1', 3), wants('o2', 3), wants('o3', 2)],
      shelf(5),
    )
    assert.deepEqual(
      served.map(({ request }) => request.orderId),
      ['o1', 'o3'],
    )
    assert.deepEqual(
      refused.map(({ request, lacking }) => [request.orderId, lacking]),
      [['o2', [{ sku: 'A', available: 2 }]]],
    )
    assert.deepEqual(demand, [{ warehouse: 'main', sku: 'A', quantity: 5 }])
  })

  it('takes nothing more for an order that has its stock', () => {
    const { served, demand } = planReservations(
      [wants('o1', 3), wants('o2', 3)],
      shelf(3),
      (id) => id === 'o1',
    )
    assert.deepEqual(
      served.map(({ lines }) => lines?.length),
      [undefined, 1],
    )
    assert.deepEqual(demand, [{ warehouse: 'main', sku: 'A', quantity: 3 }])
  })
})

describe('a low level', () => {
  it('is one at its reorder point or below, mentioned when it gets there', () => {
    assert.equal(fallsLow({ available: 3, reorderPoint: 2 }, { available: 2, reorderPoint: 2 }), true)
    assert.equal(fallsLow({ available: 2, reorderPoint: 2 }, { available: 1, reorderPoint: 2 }), false)
    assert.equal(fallsLow({ available: 1, reorderPoint: 2 }, { available: 3, reorderPoint: 2 }), false)
    assert.equal(fallsLow({ available: 1, reorderPoint: null }, { available: 0, reorderPoint: null }), false)
  })

  it('is mentioned, too, when its reorder point rises to it', () => {
    assert.equal(fallsLow({ available: 3, reorderPoint: null }, { available: 3, reorderPoint: 3 }), true)
  })
})

const shelf = (available: number, reorderPoint: number | null = null) =>
  stockOf([{ warehouse: 'main', sku: 'A', available, priority: 0, reorderPoint }])

const wants = (orderId: string, quantity: number) => ({
  orderId,
  lines: [{ sku: 'A', quantity }],
  expiresAt: '2026-01-01T00:00:00.000Z',
  attempt: 1,
})
