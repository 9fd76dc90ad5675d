import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { inventory, LevelsChanged, StockLow } from '@stoa/contracts/inventory'
import { OrderAbandoned, OrderCancelled, OrderConfirmed, OrderPaymentFailed } from '@stoa/contracts/order'
import { startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from '../service.ts'
import { aConfirmation, assertBooksAgree } from '../testing.ts'

let host: TestHost

before(async () => {
  host = await startTestHost({ services: [service] })
})
after(() => host[Symbol.asyncDispose]())

describe('a confirmed order', () => {
  it('has its stock sold, once, however often it is told', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    const id = await confirm(orderId, { sku, quantity: 2 })
    await host.settled()
    await confirm(orderId, { sku, quantity: 2 }, { id })
    await confirm(orderId, { sku, quantity: 2 })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 3, reserved: 0 })
    assert.deepEqual(await ledger(sku), ['received 5 0', 'reserved -2 2', 'sold 0 -2'])
  })

  it('takes no more stock: its reservation is closed', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    await confirm(orderId, { sku, quantity: 2 })
    await host.settled()
    await assert.rejects(reserve(orderId, { sku, quantity: 2 }), { code: 'RESERVATION_CLOSED' })
  })

  it('keeps its stock when an older decline is heard late', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    await confirm(orderId, { sku, quantity: 2 }, { version: 3 })
    await host.settled()
    await decline(orderId, { attempt: 1, version: 2 })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 3, reserved: 0 })
  })

  it('is sold what expired in the meantime, as long as it is there', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2, minutes: -1 })
    // Somebody wants it all, so that the lapsed reservation is swept.
    await reserve(v7(), { sku, quantity: 4 })
    await confirm(orderId, { sku, quantity: 2 })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 0, reserved: 4 })
    assert.deepEqual((await ledger(sku)).at(-1), 'sold -1 0')
    // Only what it got comes back.
    await cancel(orderId, { wasConfirmed: true })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 1, reserved: 4 })
  })

  it('is sold without a reservation what was never reserved', async () => {
    const { sku } = await anOrder({ available: 5, quantity: 1 })
    const orderId = v7()
    await confirm(orderId, { sku, quantity: 3 })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 1, reserved: 1 })
  })

  it('takes nothing when it is older than the memory of reservations', async () => {
    const { sku } = await anOrder({ available: 5, quantity: 1 })
    await confirm(v7({ msecs: Date.now() - 91 * 24 * 3600_000 }), { sku, quantity: 3 })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 4, reserved: 1 })
  })
})

describe('a declined card', () => {
  it('gives the stock back, once', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    const id = await decline(orderId, { attempt: 1 })
    await host.settled()
    await decline(orderId, { attempt: 1, id })
    await decline(orderId, { attempt: 1 })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 5, reserved: 0 })
    assert.deepEqual(await ledger(sku), ['received 5 0', 'reserved -2 2', 'released 2 -2'])
  })

  it('leaves alone what was reserved for the next try', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    await decline(orderId, { attempt: 1 })
    await host.settled()
    await reserve(orderId, { sku, quantity: 2 }, { attempt: 2 })
    await decline(orderId, { attempt: 1 })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 3, reserved: 2 })
    await decline(orderId, { attempt: 2 })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 5, reserved: 0 })
  })

  it('leaves alone what the next try found still held', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    await reserve(orderId, { sku, quantity: 2 }, { attempt: 2 })
    await decline(orderId, { attempt: 1 })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 3, reserved: 2 })
  })
})

describe('a cancelled order', () => {
  it('gives back what it holds, whatever the try', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    await reserve(orderId, { sku, quantity: 2 }, { attempt: 7 })
    await cancel(orderId, { wasConfirmed: false })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 5, reserved: 0 })
  })

  it('gives back what was set aside for it, when it came to nothing before it was one', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    await host.publish(OrderAbandoned, { orderId })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 5, reserved: 0 })
  })

  it('gives back what was sold to it, once, and is closed', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    await confirm(orderId, { sku, quantity: 2 })
    await host.settled()
    for (const _ of [1, 2]) {
      await cancel(orderId, { wasConfirmed: true })
      await host.settled()
    }
    assert.deepEqual(await level(sku), { available: 5, reserved: 0 })
    assert.deepEqual((await ledger(sku)).at(-1), 'returned 2 0')
    await assert.rejects(reserve(orderId, { sku, quantity: 2 }), { code: 'RESERVATION_CLOSED' })
  })

  it('ends the same when its confirmation is heard after its cancellation', async () => {
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    const unreserved = v7()
    for (const each of [orderId, unreserved]) await cancel(each, { wasConfirmed: true, version: 3 })
    await host.settled()
    for (const each of [orderId, unreserved]) await confirm(each, { sku, quantity: 2 }, { version: 2 })
    await host.settled()
    assert.deepEqual(await level(sku), { available: 5, reserved: 0 })
  })

  it('of which nothing is known changes nothing', async () => {
    const before = await host.pool.query('select count(*) from inventory.movements')
    await cancel(v7(), { wasConfirmed: false })
    await decline(v7(), { attempt: 1 })
    await host.settled()
    assert.deepEqual((await host.pool.query('select count(*) from inventory.movements')).rows, before.rows)
  })
})

it('a list of facts costs two statements', async () => {
  const orders = await Promise.all(Array.from({ length: 20 }, () => anOrder({ available: 5, quantity: 2 })))
  const counter = statements(host.database.url)
  await counter.reset()
  const { orderId, sku } = orders[0]!
  await confirm(orderId, { sku, quantity: 2 })
  await host.settled()
  assert.equal((await counter.ofServices()).total, 2)
})

it('a fact that makes a level fall to its reorder point announces it', async () => {
  const { sku } = await anOrder({ available: 5, quantity: 1, reorderPoint: 2 })
  const orderId = v7()
  await confirm(orderId, { sku, quantity: 2 })
  await host.settled()
  const low = (await host.loggedEvents()).filter(
    ({ name, payload }) => name === StockLow.name && (payload as { sku: string }).sku === sku,
  )
  assert.deepEqual(
    low.map(({ payload }) => payload),
    [{ warehouse: 'main', sku, available: 2, reorderPoint: 2 }],
  )
})

it('and the books agree after all of it', async () => {
  await assertBooksAgree(host.pool)
})

type Wish = { sku: string; quantity: number }

const stock = () => host.client(inventory, { via: 'order' })

async function anOrder({
  available,
  quantity,
  minutes = 15,
  reorderPoint = null,
}: {
  available: number
  quantity: number
  minutes?: number
  reorderPoint?: number | null
}) {
  const sku = `S-${v7()}`
  await stock().seed({
    warehouse: { warehouse: 'main', name: 'Main', priority: 0 },
    lines: [{ sku, quantity: available, reorderPoint }],
  })
  const orderId = v7()
  await reserve(orderId, { sku, quantity }, { minutes })
  return { sku, orderId }
}

const reserve = (orderId: string, line: Wish, { attempt = 1, minutes = 15 } = {}) =>
  stock().reserve({
    orderId,
    lines: [line],
    attempt,
    expiresAt: new Date(Date.now() + minutes * 60_000).toISOString(),
  })

const confirm = (orderId: string, line: Wish, options: { id?: string; version?: number } = {}) =>
  host.publish(OrderConfirmed, aConfirmation({ orderId, lines: [{ ...line, unitPriceMinor: 100 }] }), options)
const decline = (
  orderId: string,
  { attempt, ...options }: { attempt: number; id?: string; version?: number },
) => host.publish(OrderPaymentFailed, { orderId, attempt }, options)
const cancel = (orderId: string, { wasConfirmed, ...options }: { wasConfirmed: boolean; version?: number }) =>
  host.publish(OrderCancelled, { orderId, reason: 'requested', wasConfirmed }, options)

const level = async (sku: string) =>
  (await host.pool.query('select available::int, reserved::int from inventory.levels where sku = $1', [sku]))
    .rows[0]

const ledger = async (sku: string) =>
  (
    await host.pool.query(
      `select kind || ' ' || available_delta || ' ' || reserved_delta as entry
       from inventory.movements where sku = $1 order by movement_id`,
      [sku],
    )
  ).rows.map(({ entry }) => entry)

describe('what can be bought no longer as before', () => {
  it('is announced with the change: set aside, given back, received, and not when it is sold', async () => {
    const heard = async (sku: string) =>
      (await host.loggedEvents())
        .filter(({ name }) => name === LevelsChanged.name)
        .filter(({ payload }) => LevelsChanged.payload.parse(payload).skus.includes(sku)).length
    const { sku, orderId } = await anOrder({ available: 5, quantity: 2 })
    await host.settled()
    const before = await heard(sku)
    assert.ok(before >= 2)
    await confirm(orderId, { sku, quantity: 2 })
    await host.settled()
    assert.equal(await heard(sku), before)
    await cancel(orderId, { wasConfirmed: true })
    await host.settled()
    assert.equal(await heard(sku), before + 1)
  })
})
