import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { Rejection } from '@stoa/contract'
import { PaymentSucceeded } from '@stoa/contracts/payment'
import { eventually, statements } from '@stoa/testing'
import { v7 } from 'uuid'
import { advance, type OrderState } from '../order-lifecycle.ts'
import { hearPayments, type PaymentWord } from '../orders.ts'
import { anOrderState, giveBack, startOrderHost } from '../testing.ts'

describe('what a payment says', () => {
  let shop: Awaited<ReturnType<typeof startOrderHost>>
  before(async () => {
    shop = await startOrderHost()
  })
  after(() => shop?.[Symbol.asyncDispose]())
  beforeEach(() => {
    shop.world.goods.set('MUG', { priceMinor: 1000, available: 100 })
  })

  const placed = async () => {
    const { order, orderToken } = await shop.place(shop.aCart())
    const { orderId } = order
    const see = () => shop.guest.get({ orderId, orderToken })
    return { orderId, orderToken, see }
  }
  const set = (orderId: string, changes: string) =>
    shop.pool.query(`update "order".orders set ${changes} where order_id = $1`, [orderId])
  const eventsOf = async (orderId: string) =>
    (await shop.loggedEvents())
      .map(({ name, version, payload }) => ({ name, version, payload: payload as Record<string, unknown> }))
      .filter(({ name, payload }) => name.startsWith('order.') && payload.orderId === orderId)

  it('confirms the order, and says so with what was bought', async () => {
    const { orderId, see } = await placed()
    await shop.paid(orderId)
    await shop.settled()
    const order = await see()
    assert.equal(order.status, 'confirmed')
    assert(order.confirmedAt)
    assert.deepEqual(await shop.announced(orderId), ['order.confirmed'])
    const { payload, version } = (await eventsOf(orderId)).at(-1)!
    const { paymentId, lines, totalMinor } = payload
    assert.equal(paymentId, shop.world.payments.get(orderId)!.paymentId)
    assert.deepEqual(lines, [{ sku: 'MUG', quantity: 1, unitPriceMinor: 1000 }])
    assert.equal(totalMinor, 1000)
    assert.equal(version, 2)
  })

  it('twice, or again after a crash, changes nothing more', async () => {
    const { orderId } = await placed()
    const id = await shop.paid(orderId)
    await shop.settled()
    await shop.paid(orderId, { id })
    await shop.paid(orderId)
    await shop.declined(orderId)
    await shop.settled()
    assert.equal(await shop.statusOf(orderId), 'confirmed')
    assert.deepEqual(await shop.announced(orderId), ['order.confirmed'])
  })

  it('of a decline gives the stock back and shows why; the deadline stays', async () => {
    const { orderId, see } = await placed()
    const { payBefore } = await see()
    await shop.declined(orderId, 'Your card has insufficient funds.')
    await shop.settled()
    const order = await see()
    assert.equal(order.status, 'payment_failed')
    assert.equal(order.paymentProblem, 'Your card has insufficient funds.')
    assert.equal(order.payBefore, payBefore)
    assert.deepEqual((await eventsOf(orderId)).at(-1)!.payload, { orderId, attempt: 1 })
    await shop.declined(orderId, 'Your card was stolen.')
    await shop.settled()
    assert.equal((await see()).paymentProblem, 'Your card was stolen.')
    assert.deepEqual(await shop.announced(orderId), ['order.payment-failed'])
  })

  it('of another card after a decline reserves again, under the next attempt, and confirms', async () => {
    const { orderId, see } = await placed()
    await shop.declined(orderId)
    await shop.settled()
    giveBack(shop.world, orderId)
    await shop.paid(orderId)
    await shop.settled()
    const order = await see()
    assert.deepEqual([order.status, order.paymentProblem], ['confirmed', null])
    assert.equal(shop.world.reservations.get(orderId)!.attempt, 2)
    assert.deepEqual(await shop.announced(orderId), ['order.payment-failed', 'order.confirmed'])
  })

  it('of another card is refunded when the stock has gone to others meanwhile', async () => {
    const { orderId, see } = await placed()
    await shop.declined(orderId)
    await shop.settled()
    giveBack(shop.world, orderId)
    shop.world.goods.get('MUG')!.available = 0
    await shop.paid(orderId)
    await shop.settled()
    const order = await see()
    assert.deepEqual([order.status, order.cancelReason], ['cancelled', 'out-of-stock'])
    assert.deepEqual(await shop.announced(orderId), [
      'order.payment-failed',
      'order.cancelled',
      'order.refund-due',
    ])
  })

  it('so late that the reservation is over reserves again first', async () => {
    for (const [available, status] of [
      [5, 'confirmed'],
      [0, 'cancelled'],
    ] as const) {
      const { orderId } = await placed()
      await set(orderId, `pay_before = now() - interval '9 minutes'`)
      giveBack(shop.world, orderId)
      shop.world.goods.get('MUG')!.available = available
      await shop.paid(orderId)
      await shop.settled()
      assert.equal(await shop.statusOf(orderId), status)
      shop.world.goods.get('MUG')!.available = 100
    }
  })

  it('shortly after the deadline still finds its stock', async () => {
    const { orderId } = await placed()
    await set(orderId, `pay_before = now() - interval '8 minutes'`)
    shop.world.calls.length = 0
    await shop.paid(orderId)
    await shop.settled()
    assert.equal(await shop.statusOf(orderId), 'confirmed')
    assert.deepEqual(shop.world.calls, [])
  })

  it('after the order was cancelled is refunded, once, however often it comes', async () => {
    const { orderId, orderToken } = await placed()
    await shop.guest.cancel({ orderId, orderToken })
    const id = await shop.paid(orderId)
    await shop.settled()
    await shop.paid(orderId, { id })
    await shop.paid(orderId)
    await shop.settled()
    assert.equal(await shop.statusOf(orderId), 'cancelled')
    assert.deepEqual(await shop.announced(orderId), ['order.cancelled', 'order.refund-due'])
    assert.deepEqual((await eventsOf(orderId)).at(-1)!.payload, {
      orderId,
      paymentId: shop.world.payments.get(orderId)!.paymentId,
      reason: 'requested',
    })
  })

  it('while inventory is away waits for it', async () => {
    const { orderId } = await placed()
    await shop.declined(orderId)
    await shop.settled()
    shop.world.faults.set('inventory.reserve', { when: 'before', error: () => new Rejection('UNAVAILABLE') })
    await shop.paid(orderId)
    await shop.settled()
    assert.equal(await shop.statusOf(orderId), 'payment_failed')
    await shop.pool.query(`update graphile_worker._private_jobs set run_at = now()`)
    await shop.settled()
    assert.equal(await shop.statusOf(orderId), 'confirmed')
  })

  it('in one list about many orders is heard of each', async () => {
    const orders = await Promise.all(Array.from({ length: 6 }, placed))
    await Promise.all(
      orders.flatMap(({ orderId }, index) => [
        shop.declined(orderId),
        ...(index % 2 === 0 ? [shop.paid(orderId)] : []),
      ]),
    )
    await shop.settled()
    for (const [index, { orderId }] of orders.entries())
      assert.equal(await shop.statusOf(orderId), index % 2 === 0 ? 'confirmed' : 'payment_failed')
  })

  it('about an order that does not exist harms nothing', async () => {
    const fact = { paymentId: v7(), orderId: v7(), amountMinor: 1, currency: 'EUR' }
    await shop.publish(PaymentSucceeded, fact)
    const { orderId } = await placed()
    await shop.paid(orderId)
    await shop.settled()
    assert.equal(await shop.statusOf(orderId), 'confirmed')
    assert.deepEqual((await shop.pool.query('select * from "order".parked')).rows, [])
  })

  it('costs two statements: the step and the settlement', async () => {
    const count = statements(shop.database.url)
    const orders = [await placed(), await placed()]
    for (const work of [shop.paid, shop.declined] as const) {
      await shop.settled()
      await count.reset()
      await work(orders.pop()!.orderId)
      await shop.settled()
      const { total, statements: asked } = await count.ofServices()
      assert.equal(total, 2, asked.map(({ query, calls }) => `${calls} x ${query.slice(0, 80)}`).join('\n'))
    }
  })

  it('is taken by the statement exactly where the lifecycle takes it', async () => {
    const { orderId } = await placed()
    const paymentId = v7()
    const states: OrderState[] = [
      anOrderState(),
      anOrderState({ attempt: 3 }),
      anOrderState({ status: 'payment_failed', paymentProblem: 'No funds.' }),
      anOrderState({ status: 'confirmed', paymentId }),
      anOrderState({ status: 'cancelled', cancelReason: 'expired' }),
      anOrderState({ status: 'cancelled', cancelReason: 'requested', paymentId, refundDue: true }),
    ]
    const query = async (text: string, values: readonly unknown[] = []) =>
      (await shop.pool.query(text, values as unknown[])).rows as never
    for (const state of states)
      for (const lapsed of [false, true])
        for (const word of [
          { orderId, type: 'paid', paymentId, message: '' },
          { orderId, type: 'declined', paymentId, message: 'No funds.' },
          { orderId, type: 'declined', paymentId, message: 'Stolen.' },
        ] satisfies PaymentWord[]) {
          await shop.pool.query(
            `update "order".orders set status = $2, cancel_reason = $3, payment_problem = $4, payment_id = $5, attempt = $6,
               refund_due = $7, cancelled_at = case when $2 = 'cancelled' then now() end,
               confirmed_at = case when $2 = 'confirmed' then now() end,
               pay_before = now() + $8::interval
             where order_id = $1`,
            [
              orderId,
              state.status,
              state.cancelReason,
              state.paymentProblem,
              state.paymentId,
              state.attempt,
              state.refundDue,
              lapsed ? '-10 minutes' : '1 minute',
            ],
          )
          const [heard] = await hearPayments(query, [word])
          const told = `${JSON.stringify(state)} ${lapsed} ${JSON.stringify(word)}`
          const { lapsed: wasLapsed, ...before } = heard!.before
          assert.deepEqual(before, state, told)
          assert.equal(wasLapsed, lapsed)
          const step =
            word.type === 'paid'
              ? advance(state, { type: 'paid', paymentId, stock: lapsed ? 'lapsed' : 'held' })
              : advance(state, { type: 'declined', message: word.message })
          const after = heard!.after && {
            status: heard!.after.status,
            cancelReason: heard!.after.cancelReason,
            paymentProblem: heard!.after.paymentProblem,
            paymentId: heard!.after.paymentId,
            attempt: heard!.after.attempt,
            refundDue: heard!.after.refundDue,
          }
          assert.deepEqual(after, step?.kind === 'move' ? step.order : undefined, told)
        }
  })

  it('is heard by an order that is being cancelled, once it is', async () => {
    const { orderId } = await placed()
    const other = await shop.pool.connect()
    try {
      await other.query('begin')
      await other.query(
        `update "order".orders set status = 'cancelled', cancel_reason = 'requested', cancelled_at = now(), version = version + 1
         where order_id = $1`,
        [orderId],
      )
      const query = async (text: string, values: readonly unknown[] = []) =>
        (await shop.pool.query(text, values as unknown[])).rows as never
      const hearing = hearPayments(query, [{ orderId, type: 'paid', paymentId: v7(), message: '' }])
      hearing.catch(() => {})
      await eventually(async () => {
        const { rows } = await shop.pool.query('select from pg_locks where not granted')
        assert.ok(rows.length > 0)
      })
      await other.query('commit')
      const [heard] = await hearing
      assert.equal(heard!.before.status, 'cancelled')
      assert.deepEqual([heard!.after!.status, heard!.after!.refundDue], ['cancelled', true])
    } finally {
      other.release()
    }
  })
})
