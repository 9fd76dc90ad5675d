import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { inventory, StockLow } from '@stoa/contracts/inventory'
import { newTrace } from '@stoa/runtime'
import { startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import { expireReservationsJob } from './jobs/expire-reservations.ts'
import { forgetReservationsJob } from './jobs/forget-reservations.ts'
import service from './service.ts'
import { assertBooksAgree } from './testing.ts'

let host: TestHost
let staff: ReturnType<typeof staffWith>

before(async () => {
  host = await startTestHost({ services: [service] })
  staff = staffWith('inventory:read', 'inventory:write')
  await staff.putWarehouse({ warehouse: 'main', name: 'Main', priority: 1 })
  await staff.putWarehouse({ warehouse: 'north', name: 'North', priority: 2 })
})
after(() => host[Symbol.asyncDispose]())

describe('staff', () => {
  it('receive goods, once per key', async () => {
    const sku = aSku()
    const receipt = {
      warehouse: 'main',
      lines: [
        { sku, quantity: 3 },
        { sku, quantity: 4 },
      ],
      reference: 'DN-7',
    }
    const first = await staff.receive(receipt, { idempotencyKey: sku })
    assert.deepEqual(first.items, [aLevel(sku, { available: 7 })])
    assert.deepEqual(await staff.receive(receipt, { idempotencyKey: sku }), first)
    assert.deepEqual(await kinds(sku), ['received 7 0 DN-7'])
  })

  it('correct a level after a count, and set damaged units apart', async () => {
    const sku = await received(10)
    await staff.adjust({ warehouse: 'main', sku, availableDelta: -1, reason: 'count' }, aKey())
    const level = await staff.adjust(
      { warehouse: 'main', sku, availableDelta: -2, damagedDelta: 2, reason: 'fell' },
      aKey(),
    )
    assert.deepEqual(level, aLevel(sku, { available: 7, damaged: 2 }))
    assert.deepEqual(await kinds(sku), ['damaged -2 2 null', 'adjusted -1 0 null', 'received 10 0 null'])
  })

  it('cannot take what is not there', async () => {
    const sku = await received(3)
    const refusal = { code: 'NOT_ENOUGH', data: { available: 3 } }
    await assert.rejects(
      staff.adjust({ warehouse: 'main', sku, availableDelta: -4, reason: 'x' }, aKey()),
      refusal,
    )
    await assert.rejects(
      staff.adjust({ warehouse: 'main', sku, damagedDelta: -1, reason: 'x' }, aKey()),
      refusal,
    )
    await assert.rejects(staff.transfer({ from: 'main', to: 'north', sku, quantity: 4 }, aKey()), refusal)
    await assert.rejects(staff.adjust({ warehouse: 'main', sku, reason: 'x' }, aKey()), {
      code: 'INVALID_INPUT',
    })
    await assert.rejects(staff.transfer({ from: 'main', to: 'main', sku, quantity: 1 }, aKey()), {
      code: 'INVALID_INPUT',
    })
    assert.deepEqual((await staff.listLevels({ sku })).items, [aLevel(sku, { available: 3 })])
  })

  it('move units between warehouses, with the transfer in the ledger of both', async () => {
    const sku = await received(5)
    const { items } = await staff.transfer({ from: 'main', to: 'north', sku, quantity: 2 }, aKey())
    assert.deepEqual(items, [
      aLevel(sku, { available: 3 }),
      aLevel(sku, { warehouse: 'north', available: 2 }),
    ])
    const [one, other] = (await staff.listMovements({ sku })).items
    assert.equal(one!.reference, other!.reference)
    assert.deepEqual([one!.availableDelta, other!.availableDelta].sort(), [-2, 2])
  })

  it('hear of a warehouse that does not exist', async () => {
    const sku = aSku()
    const refusal = { code: 'UNKNOWN_WAREHOUSE' }
    await assert.rejects(staff.receive({ warehouse: 'moon', lines: [{ sku, quantity: 1 }] }, aKey()), refusal)
    await assert.rejects(staff.transfer({ from: 'main', to: 'moon', sku, quantity: 1 }, aKey()), refusal)
    await assert.rejects(staff.setReorderPoint({ warehouse: 'moon', sku, reorderPoint: 1 }), refusal)
    assert.deepEqual((await staff.listLevels({ sku })).items, [])
  })

  it('leave a record of who changed what, from what to what', async () => {
    const sku = await received(5)
    await staff.setReorderPoint({ warehouse: 'main', sku, reorderPoint: 2 })
    const { rows } = await host.pool.query(
      `select actor, operation, before -> 'reorderPoint' as before, after -> 'reorderPoint' as after
       from inventory.audit where subject = $1 order by position desc limit 1`,
      [`level:main/${sku}`],
    )
    assert.equal(rows[0].actor, `staff:${staffId}`)
    assert.match(rows[0].operation, /setReorderPoint/)
    assert.deepEqual([rows[0].before, rows[0].after], [null, 2])
  })

  it('see and do only what they are permitted to', async () => {
    const reader = staffWith('inventory:read')
    await assert.rejects(reader.putWarehouse({ warehouse: 'x', name: 'X', priority: 1 }), {
      code: 'FORBIDDEN',
    })
    await assert.rejects(staffWith('product:write').listLevels({}), { code: 'FORBIDDEN' })
    await assert.rejects(host.client(inventory).listMovements({ sku: 'A' }), { code: 'UNAUTHENTICATED' })
    assert.deepEqual((await reader.listWarehouses({})).items.slice(0, 2), [
      { warehouse: 'main', name: 'Main', priority: 1 },
      { warehouse: 'north', name: 'North', priority: 2 },
    ])
  })

  it('send what they decided to the next shopper at once', async () => {
    const sku = await received(5)
    assert.equal(await taken(sku, 1), 'main')
    await staff.transfer({ from: 'main', to: 'north', sku, quantity: 4 }, aKey())
    assert.equal(await taken(sku, 1), 'north')
    await staff.receive({ warehouse: 'main', lines: [{ sku, quantity: 1 }] }, aKey())
    assert.equal(await taken(sku, 1), 'main')
  })
})

describe('a list', () => {
  it('of levels goes page by page through all of them, by SKU or warehouse if wanted', async () => {
    const skus = [await received(1), await received(2), await received(3)]
    for (const sku of skus) await staff.transfer({ from: 'main', to: 'north', sku, quantity: 1 }, aKey())
    const all: string[] = []
    let after: string | undefined
    do {
      const page = await staff.listLevels({ limit: 4, ...(after && { after }) })
      assert.ok(page.items.length <= 4)
      all.push(...page.items.map(({ sku, warehouse }) => `${sku}:${warehouse}`))
      after = page.next ?? undefined
    } while (after)
    assert.deepEqual(all, [...new Set(all)])
    for (const sku of skus) assert.ok(all.includes(`${sku}:main`) && all.includes(`${sku}:north`))
    assert.deepEqual((await staff.listLevels({ sku: skus[0]!, warehouse: 'north' })).items, [
      aLevel(skus[0]!, { warehouse: 'north', available: 1 }),
    ])
    assert.ok(
      (await staff.listLevels({ warehouse: 'north' })).items.every(({ warehouse }) => warehouse === 'north'),
    )
  })

  it('of movements is newest first, and ends', async () => {
    const sku = await received(1)
    for (const _ of [1, 2, 3])
      await staff.adjust({ warehouse: 'main', sku, availableDelta: 1, reason: 'found' }, aKey())
    const first = await staff.listMovements({ sku, limit: 3 })
    const last = await staff.listMovements({ sku, limit: 3, after: first.next! })
    assert.deepEqual(
      [...first.items, ...last.items].map(({ kind }) => kind),
      ['adjusted', 'adjusted', 'adjusted', 'received'],
    )
    assert.equal(last.next, null)
  })

  it('refuses a cursor that it never gave', async () => {
    for (const after of ['x', 'A:main\u0001', '%', "A:'"])
      for (const call of [staff.listLevels({ after }), staff.listMovements({ sku: 'A', after })])
        await assert.rejects(call, { code: 'INVALID_INPUT' })
  })

  it('costs one statement', async () => {
    const counter = statements(host.database.url)
    for (const list of [
      () => staff.listLevels({}),
      () => staff.listMovements({ sku: 'A' }),
      () => staff.listWarehouses({}),
    ]) {
      await counter.reset()
      await list()
      assert.equal((await counter.ofServices()).total, 1)
    }
  })
})

describe('a low level', () => {
  it('is announced once per crossing, with whatever made it fall', async () => {
    const sku = await received(10)
    await staff.setReorderPoint({ warehouse: 'main', sku, reorderPoint: 5 })
    for (const quantity of [4, 1, 1]) await taken(sku, quantity)
    await staff.receive({ warehouse: 'main', lines: [{ sku, quantity: 10 }] }, aKey())
    await staff.adjust({ warehouse: 'main', sku, availableDelta: -10, reason: 'count' }, aKey())
    await staff.receive({ warehouse: 'main', lines: [{ sku, quantity: 2 }] }, aKey())
    await staff.transfer({ from: 'main', to: 'north', sku, quantity: 1 }, aKey())
    assert.deepEqual(await lows(sku), [5, 4, 5])
  })

  it('is announced when its reorder point is raised to it', async () => {
    const sku = await received(3)
    await staff.setReorderPoint({ warehouse: 'main', sku, reorderPoint: 2 })
    await staff.setReorderPoint({ warehouse: 'main', sku, reorderPoint: 3 })
    await staff.setReorderPoint({ warehouse: 'main', sku, reorderPoint: 4 })
    assert.deepEqual(await lows(sku), [3])
  })

  it('is announced though this process did not know how near it was', async () => {
    const sku = await received(10)
    await shop().availability({ skus: [sku] })
    await host.pool.query('update inventory.levels set reorder_point = 9 where sku = $1', [sku])
    await taken(sku, 1)
    assert.deepEqual(await lows(sku), [9])
  })
})

describe('the ledger', () => {
  it('cannot be rewritten', async () => {
    for (const statement of [
      'update inventory.movements set reason = null',
      'delete from inventory.movements',
      'truncate inventory.movements',
    ])
      await assert.rejects(host.pool.query(statement), /append-only/)
  })

  it('sums to the levels after all of this', async () => {
    await assertBooksAgree(host.pool)
  })
})

describe('first stock', () => {
  it('fills what is empty and leaves the rest alone', async () => {
    const [old, fresh] = [await received(5), aSku()]
    const seed = {
      warehouse: { warehouse: 'main', name: 'Another name', priority: 9 },
      lines: [
        { sku: old, quantity: 50, reorderPoint: 1 },
        { sku: fresh, quantity: 50, reorderPoint: 1 },
      ],
    }
    await shop().seed(seed)
    await shop().seed(seed)
    assert.deepEqual(
      (await shop().availability({ skus: [old, fresh] })).items.map(({ available }) => available),
      [5, 50],
    )
    assert.equal((await staff.listWarehouses({})).items[0]!.name, 'Main')
    await assert.rejects(host.client(inventory).seed(seed), { code: 'NOT_FOUND' })
  })
})

describe('on time', () => {
  it('reservations past their expiry are given back, once, and others are left', async () => {
    const sku = await received(10)
    const orders = [v7(), v7()]
    await reserve(sku, 3, { orderId: orders[0]!, minutes: -1 })
    await reserve(sku, 2, { orderId: orders[1]!, minutes: 5 })
    await Promise.all([run(expireReservationsJob), run(expireReservationsJob)])
    assert.deepEqual((await staff.listLevels({ sku })).items, [aLevel(sku, { available: 8, reserved: 2 })])
    const [newest] = (await staff.listMovements({ sku })).items
    assert.deepEqual([newest!.kind, newest!.reason, newest!.reference], ['released', 'expired', orders[0]])
    await assertBooksAgree(host.pool)
  })

  it('reservations are given back once, though two replicas do it at the same time', async () => {
    const sku = await received(300)
    await Promise.all(Array.from({ length: 300 }, () => reserve(sku, 1, { minutes: -1 })))
    await Promise.all([run(expireReservationsJob), run(expireReservationsJob)])
    assert.deepEqual((await staff.listLevels({ sku })).items, [aLevel(sku, { available: 300 })])
    await assertBooksAgree(host.pool)
  })

  it('closed reservations of orders older than 90 days are forgotten', async () => {
    const sku = await received(10)
    const [old, young] = [91, 89].map((days) => v7({ msecs: Date.now() - days * 24 * 3600_000 }))
    const oldButHeld = v7({ msecs: Date.now() - 95 * 24 * 3600_000 })
    for (const orderId of [old!, young!]) await reserve(sku, 1, { orderId, minutes: -1 })
    await reserve(sku, 1, { orderId: oldButHeld })
    await run(expireReservationsJob)
    await run(forgetReservationsJob)
    const { rows } = await host.pool.query(
      'select order_id from inventory.reservation_lines where sku = $1 order by order_id',
      [sku],
    )
    assert.deepEqual(
      rows.map(({ order_id }) => order_id),
      [oldButHeld, young],
    )
  })
})

const staffId = v7()

const staffWith = (...permissions: string[]) =>
  host.client(inventory, { actor: { kind: 'staff', id: staffId, sessionId: v7(), permissions } })
const shop = () => host.client(inventory, { via: 'order' })

const aSku = () => `S-${v7()}`
const aKey = () => ({ idempotencyKey: v7() })
const aLevel = (sku: string, level: object) => ({
  ...{ warehouse: 'main', sku, available: 0, reserved: 0, damaged: 0, reorderPoint: null },
  ...level,
})

async function received(quantity: number): Promise<string> {
  const sku = aSku()
  await staff.receive({ warehouse: 'main', lines: [{ sku, quantity }] }, aKey())
  return sku
}

const reserve = (sku: string, quantity: number, { orderId = v7(), minutes = 15 } = {}) =>
  shop().reserve({
    orderId,
    lines: [{ sku, quantity }],
    expiresAt: new Date(Date.now() + minutes * 60_000).toISOString(),
  })

/** Reserves, and answers the warehouse that serves. */
async function taken(sku: string, quantity: number): Promise<string> {
  const { orderId } = await reserve(sku, quantity)
  const { rows } = await host.pool.query(
    'select warehouse from inventory.reservation_lines where order_id = $1',
    [orderId],
  )
  return rows[0].warehouse
}

const kinds = async (sku: string) =>
  (await staff.listMovements({ sku })).items.map(
    ({ kind, availableDelta, damagedDelta, reference }) =>
      `${kind} ${availableDelta} ${damagedDelta} ${reference}`,
  )

async function lows(sku: string): Promise<number[]> {
  await host.settled()
  return (await host.loggedEvents())
    .filter(({ name }) => name === StockLow.name)
    .map(({ payload }) => StockLow.payload.parse(payload))
    .filter((low) => low.sku === sku)
    .map(({ available }) => available)
}

const run = (job: typeof expireReservationsJob) =>
  job.handle(
    {},
    host.host.services[0]!.context({
      trace: newTrace(),
      signal: new AbortController().signal,
      name: job.name,
    }) as never,
  )
