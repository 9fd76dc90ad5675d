import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { placedAtMs } from '@stoa/contracts/order'
import { v7 } from 'uuid'
import { intentsOf, type OrderFact, soldLines } from './intents.ts'
import { aConfirmation } from './testing.ts'

describe('what a list of facts asks for', () => {
  it('is a commit, a release up to the declined try, a release of whatever is held, or a return', () => {
    assert.deepEqual(
      [confirmed('o1'), declined('o2', { attempt: 3 }), cancelled('o3', false), cancelled('o4', true)].map(
        (fact) => {
          const [intent] = intentsOf([fact])
          return [intent!.orderId, intent!.kind, intent!.attempt === 3]
        },
      ),
      [
        [ids.o1, 'commit', false],
        [ids.o2, 'release', true],
        [ids.o3, 'release', false],
        [ids.o4, 'return', false],
      ],
    )
  })

  it('is one intent per order, the newest, in whatever order the facts come', () => {
    const facts = [
      declined('o1', { version: 2 }),
      cancelled('o1', true, { version: 4 }),
      confirmed('o1', { version: 3 }),
    ]
    for (const list of [facts, facts.toReversed()])
      assert.deepEqual(
        intentsOf(list).map(({ kind }) => kind),
        ['return'],
      )
  })

  it('knows what was sold from the confirmation alone', () => {
    const lines = [{ sku: 'A', quantity: 2, unitPriceMinor: 100 }]
    assert.deepEqual(soldLines([declined('o1'), confirmed('o1', { lines })], ids.o1), lines)
    assert.deepEqual(soldLines([declined('o1')], ids.o1), [])
  })
})

it('tells from its id when an order was placed', () => {
  assert.equal(placedAtMs(v7({ msecs: 1_767_225_600_123 })), 1_767_225_600_123)
})

type Name = 'o1' | 'o2' | 'o3' | 'o4'
const ids: Record<Name, string> = { o1: v7(), o2: v7(), o3: v7(), o4: v7() }

const envelope = (order: Name, version: number) => ({
  id: v7(),
  schemaVersion: 1,
  key: ids[order],
  version,
  occurredAt: new Date(0),
})

const confirmed = (
  order: Name,
  {
    version = 2,
    lines,
  }: { version?: number; lines?: { sku: string; quantity: number; unitPriceMinor: number }[] } = {},
): OrderFact => ({
  ...envelope(order, version),
  type: 'order.confirmed',
  payload: aConfirmation({ orderId: ids[order], ...(lines && { lines }) }),
})

const declined = (order: Name, { version = 2, attempt = 1 } = {}): OrderFact => ({
  ...envelope(order, version),
  type: 'order.payment-failed',
  payload: { orderId: ids[order], attempt },
})

const cancelled = (order: Name, wasConfirmed: boolean, { version = 2 } = {}): OrderFact => ({
  ...envelope(order, version),
  type: 'order.cancelled',
  payload: { orderId: ids[order], reason: 'requested', wasConfirmed },
})
