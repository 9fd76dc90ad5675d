import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { FieldError, Rejection } from '@stoa/contract'
import { inventory } from '@stoa/contracts/inventory'
import { newTrace } from '@stoa/runtime'
import { startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import { KnownStock } from './known-stock.ts'
import { reserveMany } from './reserve-many.ts'
import service from './service.ts'
import { assertBooksAgree } from './testing.ts'

let host: TestHost
let stock: ReturnType<typeof clientOf>
const clientOf = (on: TestHost) => on.client(inventory, { via: 'order' })

before(async () => {
  host = await startTestHost({ services: [service] })
  stock = clientOf(host)
})
after(() => host[Symbol.asyncDispose]())

describe('reserving', () => {
  it('takes all lines or nothing, and says what lacks', async () => {
    const [a, b] = await shelve({ main: [5, 1] })
    await assert.rejects(reserve([a!, 2], [b!, 3]), {
      code: 'OUT_OF_STOCK',
      data: { skus: [{ sku: b, available: 1 }] },
    })
    assert.deepEqual(await available(a!, b!), [5, 1])
    await reserve([a!, 2], [b!, 1])
    assert.deepEqual(await available(a!, b!), [3, 0])
    await assertBooksAgree(host.pool)
  })

  it('refuses what nobody has ever heard of', async () => {
    await assert.rejects(reserve(['NOWHERE', 1]), { data: { skus: [{ sku: 'NOWHERE', available: 0 }] } })
  })

  it('takes two lines of one SKU as one', async () => {
    const [a] = await shelve({ main: [3] })
    await assert.rejects(reserve([a!, 2], [a!, 2]), { code: 'OUT_OF_STOCK' })
    await reserve([a!, 2], [a!, 1])
    assert.deepEqual(await available(a!), [0])
  })

  it('answers a repetition the same, takes nothing more, and moves the expiry later, never earlier', async () => {
    const [a] = await shelve({ main: [5] })
    const orderId = v7()
    const first = await reserve([a!, 2], { orderId, expiresAt: inMinutes(20) })
    assert.deepEqual(await reserve([a!, 2], { orderId, expiresAt: inMinutes(10) }), first)
    const later = inMinutes(30)
    assert.deepEqual(await reserve([a!, 2], { orderId, expiresAt: later }), { orderId, expiresAt: later })
    assert.deepEqual(await available(a!), [3])
  })

  it('holds what the last try of an order wants, when its cart changed between two tries', async () => {
    const [a, b, c] = await shelve({ main: [5, 5, 1] })
    const orderId = v7()
    await reserve([a!, 2], [b!, 1], { orderId })
    await reserve([a!, 3], { orderId })
    assert.deepEqual(await available(a!, b!), [2, 5])
    await assert.rejects(reserve([a!, 3], [c!, 2], { orderId }), {
      code: 'OUT_OF_STOCK',
      data: { skus: [{ sku: c, available: 1 }] },
    })
    assert.deepEqual(await available(a!, b!, c!), [5, 5, 1])
    await assertBooksAgree(host.pool)
  })

  it('answers a repetition the same when nothing is left, and when it comes many times at once', async () => {
    const [a] = await shelve({ main: [1] })
    const orderId = v7()
    const expiresAt = inMinutes(20)
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => reserve([a!, 1], { orderId, expiresAt })),
    )
    assert.deepEqual(new Set(answers.map(({ expiresAt }) => expiresAt)), new Set([expiresAt]))
    assert.deepEqual(await available(a!), [0])
    await assertBooksAgree(host.pool)
  })

  it('does not let a repetition in the same batch cost somebody else the last unit', async () => {
    const [a] = await shelve({ main: [2] })
    const mine = v7()
    await reserve([a!, 1], { orderId: mine })
    const answers = await Promise.allSettled([reserve([a!, 1], { orderId: mine }), reserve([a!, 1])])
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'fulfilled'],
    )
  })

  it('chooses the warehouse by the written rule', async () => {
    const [a, b] = await shelve({ main: [1, 5], north: [5, 5] })
    const orderId = v7()
    await reserve([a!, 2], [b!, 1], { orderId })
    const { rows } = await host.pool.query(
      'select warehouse, sku, quantity::int from inventory.reservation_lines where order_id = $1 order by sku',
      [orderId],
    )
    assert.deepEqual(rows, [
      { warehouse: 'north', sku: a, quantity: 2 },
      { warehouse: 'north', sku: b, quantity: 1 },
    ])
  })

  it('refuses an expiry that no order has, naming the field', async () => {
    for (const expiresAt of ['0000-01-01T00:00:00Z', '2001-01-01T00:00:00Z', '2999-01-01T00:00:00Z'])
      await assert.rejects(
        reserve(['A', 1], { expiresAt }),
        (refusal: Rejection<{ fields: FieldError[] }>) => {
          assert.equal(refusal.code, 'INVALID_INPUT')
          assert.deepEqual(
            refusal.data?.fields.map(({ field }) => field),
            ['expiresAt'],
          )
          return true
        },
      )
  })

  it('is not for the public', async () => {
    const input = { orderId: v7(), lines: [{ sku: 'A', quantity: 1 }], expiresAt: inMinutes(1) }
    await assert.rejects(host.client(inventory).reserve(input), { code: 'NOT_FOUND' })
  })
})

describe('a reservation past its expiry', () => {
  it('counts as available and goes to whoever asks, though the job has not come yet', async () => {
    const [a] = await shelve({ main: [2] })
    await reserve([a!, 2], { expiresAt: inMinutes(-1) })
    assert.deepEqual(await available(a!), [2])
    await reserve([a!, 2])
    assert.deepEqual(await available(a!), [0])
    await assertBooksAgree(host.pool)
  })

  it('is taken anew when its order asks again', async () => {
    const [a] = await shelve({ main: [1] })
    const lost = v7()
    await reserve([a!, 1], { orderId: lost, expiresAt: inMinutes(-1) })
    const winner = v7()
    await reserve([a!, 1], { orderId: winner, expiresAt: inMinutes(-1) })
    await reserve([a!, 1], { orderId: lost })
    await assert.rejects(reserve([a!, 1], { orderId: winner }), { code: 'OUT_OF_STOCK' })
    await assertBooksAgree(host.pool)
  })
})

describe('the cost', () => {
  it('of a reservation is one statement and its announcement, and a look before it at a SKU not seen lately', async () => {
    const counter = statements(host.database.url)
    const [a] = await shelve({ main: [5] })
    await counter.reset()
    await reserve([a!, 1])
    assert.equal((await counter.ofServices()).total, 3)
    await counter.reset()
    await reserve([a!, 1])
    assert.equal((await counter.ofServices()).total, 2)
  })

  it('of a refusal is one statement', async () => {
    const counter = statements(host.database.url)
    const [a] = await shelve({ main: [0] })
    await available(a!)
    await counter.reset()
    await assert.rejects(reserve([a!, 1]))
    assert.equal((await counter.ofServices()).total, 1)
  })

  it('of availability is one statement for 200 SKUs', async () => {
    const counter = statements(host.database.url)
    const skus = Array.from({ length: 200 }, (_, n) => `X-${n}`)
    await counter.reset()
    await stock.availability({ skus })
    assert.equal((await counter.ofServices()).total, 1)
  })

  it('of 200 reservations that meet is a handful of statements', async () => {
    const counter = statements(host.database.url)
    const [a] = await shelve({ main: [1000] })
    await available(a!)
    await counter.reset()
    await Promise.all(Array.from({ length: 200 }, () => reserve([a!, 1])))
    assert.ok((await counter.ofServices()).total <= 5)
    assert.deepEqual(await available(a!), [800])
  })
})

describe('under fire, with two replicas side by side', () => {
  let replica: TestHost
  let stocks: ReturnType<typeof clientOf>[]
  beforeEach(async () => {
    replica = await startTestHost({ services: [service], database: host.database })
    stocks = [stock, clientOf(replica)]
  })
  const either = (n: number) => stocks[n % 2]!

  it('5 units and 200 buyers at once make 5 reservations and 195 refusals', async () => {
    await using _ = replica
    const [a] = await shelve({ main: [5] })
    for (const each of stocks) await each.availability({ skus: [a!] })
    const answers = await Promise.allSettled(
      Array.from({ length: 200 }, (_, n) => reserve([a!, 1], { from: either(n) })),
    )
    const refused = answers.filter((answer) => answer.status === 'rejected')
    assert.deepEqual(new Set(refused.map(({ reason }) => reason.code)), new Set(['OUT_OF_STOCK']))
    assert.equal(refused.length, 195)
    assert.deepEqual(await available(a!), [0])
    await assertBooksAgree(host.pool)
  })

  it('24 orders of the same 3 SKUs in mixed order all succeed, without a deadlock', async () => {
    await using _ = replica
    const skus = await shelve({ main: [24, 24, 24] })
    const deadlocks = async () =>
      (await host.pool.query('select deadlocks from pg_stat_database where datname = current_database()'))
        .rows[0].deadlocks
    const before = await deadlocks()
    await Promise.all(
      Array.from({ length: 24 }, (_, n) => {
        const order = [...skus.slice(n % 3), ...skus.slice(0, n % 3)]
        const mixed = n % 2 ? order.toReversed() : order
        return reserve(...mixed.map((sku) => [sku, 1] as [string, number]), { from: either(n) })
      }),
    )
    assert.deepEqual(await available(...skus), [0, 0, 0])
    assert.equal(await deadlocks(), before)
    await assertBooksAgree(host.pool)
  })

  it('the same order at both is one reservation', async () => {
    await using _ = replica
    const [a] = await shelve({ main: [100] })
    const expiresAt = inMinutes(5)
    const orders = Array.from({ length: 30 }, () => v7())
    await Promise.all(
      orders.flatMap((orderId) =>
        [0, 1].map((n) => reserve([a!, 1], { orderId, expiresAt, from: either(n) })),
      ),
    )
    assert.deepEqual(await available(a!), [70])
    await assertBooksAgree(host.pool)
  })
})

it('nobody is refused because of a plan that was not carried out', async () => {
  const [a] = await shelve({ main: [3] })
  const { query, transaction } = host.host.services[0]!.context({
    trace: newTrace(),
    signal: new AbortController().signal,
  })
  const wishes = [3, 2].map((quantity) => ({
    orderId: v7(),
    lines: [{ sku: a!, quantity }],
    expiresAt: inMinutes(5),
    attempt: 1,
  }))
  let reads = 0
  const answers = await reserveMany(wishes, {
    transaction,
    known: new KnownStock(),
    // After the shelves were read, and before anything is taken, somebody else takes one.
    query: async (text, values) => {
      const rows = await query(text, values)
      reads += 1
      if (reads === 1) await reserve([a!, 1])
      return rows as never
    },
  })
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['out-of-stock', 'held'],
  )
})

type Wish = [sku: string, quantity: number]
type Terms = { orderId?: string; expiresAt?: string; from?: typeof stock }

function reserve(...args: (Wish | Terms)[]) {
  const lines = args.filter((arg) => Array.isArray(arg)).map(([sku, quantity]) => ({ sku, quantity }))
  const {
    orderId = v7(),
    expiresAt = inMinutes(15),
    from = stock,
  } = (args.find((arg) => !Array.isArray(arg)) ?? {}) as Terms
  return from.reserve({ orderId, lines, expiresAt })
}

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()

const available = async (...skus: string[]) =>
  (await stock.availability({ skus })).items.map(({ available }) => available)

let shelves = 0
/** New SKUs with these quantities in each warehouse; the first warehouse serves first. */
async function shelve(quantities: Record<string, number[]>): Promise<string[]> {
  shelves += 1
  const skus = Object.values(quantities)[0]!.map((_, n) => `S${shelves}-${'abc'[n]}`)
  for (const [priority, [warehouse, each]] of Object.entries(quantities).entries())
    await stock.seed({
      warehouse: { warehouse, name: warehouse, priority },
      lines: each.map((quantity, n) => ({ sku: skus[n]!, quantity, reorderPoint: null })),
    })
  return skus
}
