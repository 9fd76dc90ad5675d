import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { Rejection } from '@stoa/contract'
import { statements } from '@stoa/testing'
import { v7 } from 'uuid'
import { ADDRESS, aCustomer, aKey, giveBack, startOrderHost } from '../testing.ts'

describe('placing an order', () => {
  let shop: Awaited<ReturnType<typeof startOrderHost>>
  before(async () => {
    shop = await startOrderHost()
  })
  after(() => shop?.[Symbol.asyncDispose]())
  beforeEach(() => {
    const { goods, calls, faults, during } = shop.world
    goods.clear()
    goods.set('MUG', { priceMinor: 1000, available: 100 })
    goods.set('DESK', { priceMinor: 14_900, available: 5 })
    calls.length = 0
    faults.clear()
    during.clear()
  })

  const ordersOf = async (cartId: string): Promise<{ order_id: string; status: string }[]> =>
    (
      await shop.pool.query(
        `select order_id, status from "order".orders where cart_id = $1 order by order_id`,
        [cartId],
      )
    ).rows
  const live = async (cartId: string) =>
    (await ordersOf(cartId)).filter(({ status }) => status !== 'cancelled')
  const throws = (code: string, when: 'before' | 'after' = 'before', data?: unknown) => ({
    when,
    error: () => new Rejection(code, data),
  })

  it('stores prices, breakdown and addresses as they were, and answers how to pay', async () => {
    const cartId = shop.aCart([
      { sku: 'MUG', quantity: 2, unitPriceMinor: 1000 },
      { sku: 'DESK', quantity: 1, unitPriceMinor: 14_900 },
    ])
    const { order, payment, orderToken } = await shop.place(cartId, { email: 'Ada@Example.com' })
    assert.equal(order.status, 'pending')
    assert.equal(order.email, 'Ada@Example.com')
    assert.deepEqual(
      order.lines.map(({ sku, name, quantity, unitPriceMinor, totalMinor }) => [
        sku,
        name,
        quantity,
        unitPriceMinor,
        totalMinor,
      ]),
      [
        ['MUG', 'Thing MUG', 2, 1000, 2000],
        ['DESK', 'Thing DESK', 1, 14_900, 14_900],
      ],
    )
    assert.deepEqual(order.totals.total, { amountMinor: 16_900, currency: 'EUR' })
    assert.deepEqual(order.billingAddress, ADDRESS)
    assert.equal(new Date(order.payBefore).getTime() - new Date(order.placedAt).getTime(), 900_000)
    assert.equal(payment.paymentId, shop.world.payments.get(order.orderId)!.paymentId)
    shop.world.goods.set('MUG', { priceMinor: 1, available: 0 })
    assert.deepEqual(await shop.guest.get({ orderId: order.orderId, orderToken }), order)
  })

  it('announces it, without a word about the person', async () => {
    const cartId = shop.aCart()
    const { order } = await shop.place(cartId)
    const events = await shop.loggedEvents()
    const placed = events.find(
      ({ name, payload }) =>
        name === 'order.placed' && (payload as { orderId: string }).orderId === order.orderId,
    )
    assert.deepEqual(placed!.payload, {
      orderId: order.orderId,
      cartId,
      customerId: null,
      currency: 'EUR',
      totalMinor: 1000,
      lines: [{ sku: 'MUG', quantity: 1, unitPriceMinor: 1000 }],
    })
    assert.equal(placed!.version, 1)
  })

  it('sets stock aside for ten minutes longer than it waits for the payment', async () => {
    const { order } = await shop.place(shop.aCart())
    const { expiresAt } = shop.world.reservations.get(order.orderId)!
    const spareMs = new Date(expiresAt).getTime() - new Date(order.payBefore).getTime()
    assert(Math.abs(spareMs - 600_000) < 5_000, `${spareMs}`)
  })

  it("takes a customer's own address; a guest must give one", async () => {
    const actor = aCustomer({ email: 'own@example.com' })
    const cartId = shop.aCart()
    const { order } = await shop
      .as(actor)
      .place({ cartId, shippingAddress: ADDRESS }, { idempotencyKey: aKey() })
    assert.equal(order.email, 'own@example.com')
    await assert.rejects(
      shop.guest.place({ cartId: shop.aCart(), shippingAddress: ADDRESS }, { idempotencyKey: aKey() }),
      { code: 'INVALID_INPUT', data: { fields: [{ field: 'email', message: 'is required of a guest' }] } },
    )
  })

  it('refuses an unknown cart and an empty one, and sets nothing aside', async () => {
    await assert.rejects(shop.place(v7()), { code: 'CART_NOT_FOUND' })
    await assert.rejects(shop.place(shop.aCart([])), { code: 'CART_EMPTY' })
    assert(!shop.world.calls.includes('inventory.reserve'))
  })

  it('refuses a cart whose prices or goods are not what the shopper saw, in words', async () => {
    const cartId = shop.aCart([
      { sku: 'MUG', quantity: 1, unitPriceMinor: 900 },
      { sku: 'GONE', quantity: 1, unitPriceMinor: 500 },
    ])
    await assert.rejects(shop.place(cartId), {
      code: 'CART_CHANGED',
      data: {
        changes: [
          { sku: 'MUG', message: '"Thing MUG" now costs 10.00 EUR (was 9.00 EUR).' },
          { sku: 'GONE', message: 'GONE is no longer sold.' },
        ],
      },
    })
    assert(!shop.world.calls.includes('inventory.reserve'))
  })

  it('charges the price of the quantity', async () => {
    shop.world.goods.set('TILE', { priceMinor: 1000, priceOfTenMinor: 800, available: 50 })
    const { order } = await shop.place(shop.aCart([{ sku: 'TILE', quantity: 10, unitPriceMinor: 800 }]))
    assert.equal(order.lines[0]!.unitPriceMinor, 800)
    assert.equal(order.totals.total.amountMinor, 8000)
    await assert.rejects(shop.place(shop.aCart([{ sku: 'TILE', quantity: 9, unitPriceMinor: 800 }])), {
      code: 'CART_CHANGED',
    })
  })

  it('refuses what is not in stock, with what is', async () => {
    const cartId = shop.aCart([{ sku: 'DESK', quantity: 6, unitPriceMinor: 14_900 }])
    await assert.rejects(shop.place(cartId), {
      code: 'OUT_OF_STOCK',
      data: { skus: [{ sku: 'DESK', available: 5 }] },
    })
    assert.deepEqual(await ordersOf(cartId), [])
  })

  it('refuses a total that no payment can be', async () => {
    shop.world.goods.set('FREE', { priceMinor: 0, available: 5 })
    shop.world.goods.set('DEAR', { priceMinor: 99_999_999_999, available: 5 })
    for (const [sku, quantity, unitPriceMinor] of [
      ['FREE', 1, 0],
      ['DEAR', 2, 99_999_999_999],
    ] as const)
      await assert.rejects(shop.place(shop.aCart([{ sku, quantity, unitPriceMinor }])), {
        code: 'PAYMENT_REFUSED',
      })
    assert(!shop.world.calls.includes('inventory.reserve'))
  })

  it('ends an order that the gateway refuses, and says why', async () => {
    const cartId = shop.aCart()
    shop.world.faults.set('payment.create', throws('GATEWAY_REFUSED', 'before', { message: 'Too little.' }))
    await assert.rejects(shop.place(cartId), { code: 'PAYMENT_REFUSED', data: { message: 'Too little.' } })
    const [order] = await ordersOf(cartId)
    assert.equal(order!.status, 'cancelled')
    assert.deepEqual(await shop.announced(order!.order_id), ['order.cancelled'])
    assert.equal((await shop.place(cartId)).order.status, 'pending')
  })

  describe('twice', () => {
    it('under one key is one order, one payment, the same answer, also at the same time', async () => {
      const cartId = shop.aCart()
      const idempotencyKey = aKey()
      const answers = await Promise.all([1, 2, 3].map(() => shop.place(cartId, { idempotencyKey })))
      assert.deepEqual(answers[1], answers[0])
      assert.deepEqual(answers[2], answers[0])
      assert.deepEqual(await shop.place(cartId, { idempotencyKey }), answers[0])
      assert.equal((await ordersOf(cartId)).length, 1)
      assert.equal(shop.world.calls.filter((name) => name === 'payment.create').length, 1)
    })

    for (const [name, when] of [
      ['inventory.reserve', 'after'],
      ['payment.create', 'before'],
      ['payment.create', 'after'],
    ] as const)
      for (const pauseMs of [0, 150])
        it(`under one key goes on where it failed: ${when} ${name}, ${pauseMs} ms ago`, async () => {
          const cartId = shop.aCart()
          const idempotencyKey = aKey()
          const before = shop.world.goods.get('MUG')!.available
          shop.world.faults.set(name, throws('UNAVAILABLE', when))
          await assert.rejects(shop.place(cartId, { idempotencyKey }), { code: 'UNAVAILABLE' })
          await new Promise((resolve) => setTimeout(resolve, pauseMs))
          const { order, payment } = await shop.place(cartId, { idempotencyKey })
          assert.deepEqual(await ordersOf(cartId), [{ order_id: order.orderId, status: 'pending' }])
          assert.equal(payment.paymentId, shop.world.payments.get(order.orderId)!.paymentId)
          assert.equal(shop.world.goods.get('MUG')!.available, before - 1)
        })

    it('under one key keeps the goods that the order has, whatever is in the cart by then', async () => {
      const cartId = shop.aCart()
      const idempotencyKey = aKey()
      shop.world.faults.set('payment.create', throws('UNAVAILABLE'))
      await assert.rejects(shop.place(cartId, { idempotencyKey }), { code: 'UNAVAILABLE' })
      shop.world.carts.set(cartId, [{ sku: 'DESK', quantity: 1, unitPriceMinor: 14_900 }])
      const { order } = await shop.place(cartId, { idempotencyKey })
      assert.deepEqual(
        order.lines.map(({ sku }) => sku),
        ['MUG'],
      )
      assert.deepEqual(shop.world.reservations.get(order.orderId)!.lines, [{ sku: 'MUG', quantity: 1 }])
    })

    it('answers 503 while the gateway is away', async () => {
      shop.world.faults.set('payment.create', throws('GATEWAY_UNAVAILABLE'))
      await assert.rejects(shop.place(shop.aCart()), { code: 'UNAVAILABLE' })
    })

    it('under a key whose order has ended meanwhile says so', async () => {
      const cartId = shop.aCart()
      const idempotencyKey = aKey()
      shop.world.faults.set('payment.create', throws('UNAVAILABLE'))
      await assert.rejects(shop.place(cartId, { idempotencyKey }), { code: 'UNAVAILABLE' })
      const other = await shop.place(cartId)
      const [first] = await ordersOf(cartId)
      await new Promise((resolve) => setTimeout(resolve, 120))
      await assert.rejects(shop.place(cartId, { idempotencyKey }), {
        code: 'ORDER_ENDED',
        data: { orderId: first!.order_id, reason: 'superseded' },
      })
      assert.equal(await shop.statusOf(other.order.orderId), 'pending')
    })
  })

  describe('again, from the same cart', () => {
    it('supersedes the unpaid order, after making sure that nobody can pay it', async () => {
      const cartId = shop.aCart()
      const first = await shop.place(cartId)
      const second = await shop.place(cartId)
      assert.notEqual(second.order.orderId, first.order.orderId)
      assert.equal(shop.world.payments.get(first.order.orderId)!.status, 'cancelled')
      const { orderId } = first.order
      const { status, cancelReason } = await shop.guest.get({ orderId, orderToken: first.orderToken })
      assert.deepEqual([status, cancelReason], ['cancelled', 'superseded'])
      assert.deepEqual(await shop.announced(orderId), ['order.cancelled'])
    })

    it('is refused once it is paid or being paid', async () => {
      const cartId = shop.aCart()
      const { order } = await shop.place(cartId)
      const refusal = { code: 'ALREADY_ORDERED', data: { orderId: order.orderId } }
      const known = shop.world.payments.get(order.orderId)!
      shop.world.payments.set(order.orderId, { ...known, status: 'paid' })
      await assert.rejects(shop.place(cartId), refusal)
      assert.equal(await shop.statusOf(order.orderId), 'pending')
      await shop.paid(order.orderId)
      await shop.settled()
      await assert.rejects(shop.place(cartId), refusal)
      assert.deepEqual(await live(cartId), [{ order_id: order.orderId, status: 'confirmed' }])
      await shop.settled()
      const { rows } = await shop.pool.query(`select from log.event where type = 'order.abandoned'`)
      assert.equal(rows.length, 2, 'the stock that both had set aside goes back')
    })

    it('takes over the last unit that its own unpaid order held', async () => {
      shop.world.goods.set('DESK', { priceMinor: 14_900, available: 1 })
      const cartId = shop.aCart([{ sku: 'DESK', quantity: 1, unitPriceMinor: 14_900 }])
      const first = await shop.place(cartId)
      setTimeout(() => giveBack(shop.world, first.order.orderId), 100)
      const second = await shop.place(cartId)
      assert.deepEqual(await live(cartId), [{ order_id: second.order.orderId, status: 'pending' }])
    })

    it('waits for the stock of its own declined order, which is on its way back', async () => {
      shop.world.goods.set('DESK', { priceMinor: 14_900, available: 1 })
      const cartId = shop.aCart([{ sku: 'DESK', quantity: 1, unitPriceMinor: 14_900 }])
      const first = await shop.place(cartId)
      await shop.declined(first.order.orderId)
      await shop.settled()
      assert.equal(await shop.statusOf(first.order.orderId), 'payment_failed')
      setTimeout(() => giveBack(shop.world, first.order.orderId), 100)
      const second = await shop.place(cartId)
      assert.deepEqual(await live(cartId), [{ order_id: second.order.orderId, status: 'pending' }])
    })

    it('leaves the declined order alone when its stock has gone to others', async () => {
      shop.world.goods.set('DESK', { priceMinor: 14_900, available: 1 })
      const cartId = shop.aCart([{ sku: 'DESK', quantity: 1, unitPriceMinor: 14_900 }])
      const first = await shop.place(cartId)
      await shop.declined(first.order.orderId)
      await shop.settled()
      await assert.rejects(shop.place(cartId), { code: 'OUT_OF_STOCK' })
      assert.equal(await shop.statusOf(first.order.orderId), 'payment_failed')
    })

    it('leaves the unpaid order alone when that would not help', async () => {
      shop.world.goods.set('DESK', { priceMinor: 14_900, available: 1 })
      const cartId = shop.aCart([{ sku: 'DESK', quantity: 1, unitPriceMinor: 14_900 }])
      const first = await shop.place(cartId)
      shop.world.carts.set(cartId, [{ sku: 'DESK', quantity: 2, unitPriceMinor: 14_900 }])
      await assert.rejects(shop.place(cartId), { code: 'OUT_OF_STOCK' })
      assert.equal(await shop.statusOf(first.order.orderId), 'pending')
    })

    it('at once with other keys ends in exactly one live order, and every other caller is told', async () => {
      for (let round = 0; round < 5; round += 1) {
        const cartId = shop.aCart()
        const answers = await Promise.allSettled(Array.from({ length: 5 }, () => shop.place(cartId)))
        for (const answer of answers)
          if (answer.status === 'rejected')
            assert(['ORDER_ENDED', 'IN_PROGRESS'].includes(answer.reason.code), answer.reason)
        const [one, ...others] = await live(cartId)
        assert(one)
        assert.deepEqual(others, [])
        await shop.settled()
        for (const { order_id, status } of await ordersOf(cartId)) {
          if (status === 'cancelled') assert.deepEqual(await shop.announced(order_id), ['order.cancelled'])
          const isOpen = shop.world.payments.get(order_id)?.status === 'open'
          assert(status !== 'cancelled' || !isOpen, 'what was superseded cannot be paid')
        }
      }
    })
  })

  it('sells 5 units to 5 of 200 buyers at once; everyone else hears that it is sold out', async () => {
    const carts = Array.from({ length: 200 }, () =>
      shop.aCart([{ sku: 'DESK', quantity: 1, unitPriceMinor: 14_900 }]),
    )
    const answers = await Promise.allSettled(carts.map((cartId) => shop.place(cartId)))
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 5)
    for (const answer of answers)
      if (answer.status === 'rejected') assert.equal(answer.reason.code, 'OUT_OF_STOCK')
  })

  it('asks PostgreSQL four times: key, order, settlement, answer, and nothing else, however long the key takes', async () => {
    const count = statements(shop.database.url)
    await shop.place(shop.aCart())
    await shop.settled()
    const cartId = shop.aCart()
    const holder = await shop.pool.connect()
    await holder.query('begin; lock table "order".idempotency in share mode')
    await count.reset()
    const placing = shop.place(cartId)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await holder.query('commit')
    holder.release()
    await placing
    const { total, statements: asked } = await count.ofServices()
    assert.equal(total, 4, asked.map(({ query, calls }) => `${calls} x ${query.slice(0, 100)}`).join('\n'))
  })
})
