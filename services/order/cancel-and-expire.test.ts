import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { Rejection } from '@stoa/contract'
import { v7 } from 'uuid'
import { ADDRESS, aCustomer, aKey, aMemberOfStaff, startOrderHost } from './testing.ts'

describe('an order that ends', () => {
  let shop: Awaited<ReturnType<typeof startOrderHost>>
  before(async () => {
    shop = await startOrderHost()
  })
  after(() => shop?.[Symbol.asyncDispose]())
  beforeEach(() => {
    shop.world.goods.set('MUG', { priceMinor: 1000, available: 100 })
    shop.world.faults.clear()
    shop.world.during.clear()
  })

  const placed = async () => {
    const { order, orderToken } = await shop.place(shop.aCart())
    return { orderId: order.orderId, orderToken }
  }
  const confirmed = async () => {
    const order = await placed()
    await shop.paid(order.orderId)
    await shop.settled()
    return order
  }
  const set = (orderId: string, changes: string) =>
    shop.pool.query(`update "order".orders set ${changes} where order_id = $1`, [orderId])
  const fault = (code: string) => ({ when: 'before' as const, error: () => new Rejection(code) })
  const jobsOf = async (orderId: string) =>
    (
      await shop.pool.query(
        `select extract(epoch from run_at - now())::int as in_seconds, payload from graphile_worker._private_jobs
         where payload::text like '%' || $1 || '%'`,
        [orderId],
      )
    ).rows
  /** Lets the deadline pass: the order's and its job's. */
  const expire = async (orderId: string) => {
    await shop.settled()
    await set(orderId, `pay_before = now() - interval '1 second'`)
    await shop.pool.query(
      `update graphile_worker._private_jobs set run_at = now() where payload::text like '%' || $1 || '%'`,
      [orderId],
    )
    await shop.settled()
  }

  describe('because nobody paid it', () => {
    it('has its payment cancelled first, then gives its stock back', async () => {
      const { orderId, orderToken } = await placed()
      let statusDuring = ''
      shop.world.during.set('payment.cancel', async () => {
        statusDuring = await shop.statusOf(orderId)
      })
      await expire(orderId)
      assert.equal(statusDuring, 'pending')
      const order = await shop.guest.get({ orderId, orderToken })
      assert.deepEqual([order.status, order.cancelReason], ['cancelled', 'expired'])
      assert(order.cancelledAt)
      assert.deepEqual(await shop.announced(orderId), ['order.cancelled'])
    })

    it('after a decline too', async () => {
      const { orderId } = await placed()
      await shop.declined(orderId)
      await expire(orderId)
      assert.equal(await shop.statusOf(orderId), 'cancelled')
      assert.deepEqual(await shop.announced(orderId), ['order.payment-failed', 'order.cancelled'])
    })

    it('does so at its deadline, by itself', async () => {
      await using hasty = await startOrderHost({ environment: { ORDER_PAYMENT_WINDOW_SECONDS: '1' } })
      hasty.world.goods.set('MUG', { priceMinor: 1000, available: 1 })
      const { order, orderToken } = await hasty.place(hasty.aCart())
      const { orderId } = order
      for (const until = Date.now() + 8_000; Date.now() < until; ) {
        const { status } = await hasty.guest.get({ orderId, orderToken })
        if (status === 'cancelled') return
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      assert.fail('it is still waiting 7 s after its deadline')
    })

    it('does not end when its money is being taken: the fact comes', async () => {
      const { orderId } = await placed()
      const known = shop.world.payments.get(orderId)!
      shop.world.payments.set(orderId, { ...known, status: 'paid' })
      await expire(orderId)
      assert.equal(await shop.statusOf(orderId), 'pending')
      await shop.paid(orderId)
      await shop.settled()
      assert.equal(await shop.statusOf(orderId), 'confirmed')
    })

    it('waits half a minute for a gateway that is away, and tries again', async () => {
      const { orderId } = await placed()
      shop.world.faults.set('payment.cancel', fault('GATEWAY_UNAVAILABLE'))
      await expire(orderId)
      assert.equal(await shop.statusOf(orderId), 'pending')
      const [job] = await jobsOf(orderId)
      assert(job.in_seconds > 20 && job.in_seconds <= 31, JSON.stringify(job))
      await expire(orderId)
      assert.equal(await shop.statusOf(orderId), 'cancelled')
    })

    it('is found when its job was lost', async () => {
      const { orderId } = await placed()
      await shop.settled()
      await shop.pool.query('delete from graphile_worker._private_jobs where payload::text like $1', [
        `%${orderId}%`,
      ])
      await set(orderId, `pay_before = now() - interval '6 minutes'`)
      await shop.pool.query(`select graphile_worker.add_job('order/expire-overdue', '{}')`)
      await shop.settled()
      assert.equal(await shop.statusOf(orderId), 'cancelled')
    })
  })

  describe('because its shopper wants it to', () => {
    it('is cancelled after its payment, and again is the same answer', async () => {
      const owner = await placed()
      const [first, second] = await Promise.all([shop.guest.cancel(owner), shop.guest.cancel(owner)])
      assert.deepEqual([first.status, first.cancelReason], ['cancelled', 'requested'])
      assert.deepEqual(second, first)
      assert.deepEqual(await shop.guest.cancel(owner), first)
      assert.equal(shop.world.payments.get(owner.orderId)!.status, 'cancelled')
      assert.deepEqual(await shop.announced(owner.orderId), ['order.cancelled'])
    })

    it('is not while the payment is being made', async () => {
      const owner = await placed()
      const known = shop.world.payments.get(owner.orderId)!
      shop.world.payments.set(owner.orderId, { ...known, status: 'paid' })
      await assert.rejects(shop.guest.cancel(owner), { code: 'PAYMENT_IN_PROGRESS' })
    })

    it('is not while the gateway is away: 503, and nothing has changed', async () => {
      const owner = await placed()
      shop.world.faults.set('payment.cancel', fault('GATEWAY_UNAVAILABLE'))
      await assert.rejects(shop.guest.cancel(owner), { code: 'UNAVAILABLE' })
      assert.equal(await shop.statusOf(owner.orderId), 'pending')
    })

    it('after it was paid asks for the refund, once, and for the goods', async () => {
      const owner = await confirmed()
      const [first, second] = await Promise.all([shop.guest.cancel(owner), shop.guest.cancel(owner)])
      assert.deepEqual(second, first)
      assert.deepEqual(await shop.announced(owner.orderId), [
        'order.confirmed',
        'order.cancelled',
        'order.refund-due',
      ])
      const events = await shop.loggedEvents()
      const cancelled = events.findLast(({ name }) => name === 'order.cancelled')
      assert.deepEqual(cancelled!.payload, {
        orderId: owner.orderId,
        reason: 'requested',
        wasConfirmed: true,
      })
      await shop.paid(owner.orderId)
      await shop.settled()
      assert.equal((await shop.announced(owner.orderId)).length, 3)
    })

    it('is too late a day after it was paid; staff still may', async () => {
      const owner = await confirmed()
      await set(owner.orderId, `confirmed_at = now() - interval '25 hours'`)
      await assert.rejects(shop.guest.cancel(owner), { code: 'NOT_CANCELLABLE' })
      const staff = shop.as(aMemberOfStaff('order:write'))
      const { status } = await staff.cancelForStaff({ orderId: owner.orderId, reason: 'Goodwill' })
      assert.equal(status, 'cancelled')
    })

    it('and is paid in the same moment ends one way or the other, with money and order agreeing', async () => {
      const owner = await placed()
      // The gateway says that it cancelled, and a fact says that it took the money: the worst that can come.
      shop.world.during.set('payment.cancel', async () => {
        await shop.paid(owner.orderId)
        await shop.settled()
        const known = shop.world.payments.get(owner.orderId)!
        shop.world.payments.set(owner.orderId, { ...known, status: 'open' })
      })
      const { status } = await shop.guest.cancel(owner)
      assert.equal(status, 'cancelled')
      assert.deepEqual(await shop.announced(owner.orderId), [
        'order.confirmed',
        'order.cancelled',
        'order.refund-due',
      ])
    })
  })

  it('by staff leaves an audit record, and one to each repetition that changed something only', async () => {
    const { orderId } = await placed()
    const staff = shop.as(aMemberOfStaff('order:write'))
    await staff.cancelForStaff({ orderId, reason: 'Fraud' })
    await staff.cancelForStaff({ orderId, reason: 'Fraud' })
    const { rows } = await shop.pool.query(
      `select operation, before, after from "order".audit where subject = $1`,
      [`order:${orderId}`],
    )
    assert.deepEqual(rows, [
      {
        operation: 'order.cancelForStaff',
        before: { status: 'pending', version: 1 },
        after: { status: 'cancelled', version: 2, reason: 'Fraud' },
      },
    ])
    await assert.rejects(shop.as(aMemberOfStaff('order:read')).cancelForStaff({ orderId, reason: 'x' }), {
      code: 'FORBIDDEN',
    })
    await assert.rejects(staff.cancelForStaff({ orderId: v7(), reason: 'x' }), { code: 'ORDER_NOT_FOUND' })
  })

  it("is nobody else's to end", async () => {
    const { orderId } = await placed()
    const actor = aCustomer()
    const own = await shop
      .as(actor)
      .place({ cartId: shop.aCart(), shippingAddress: ADDRESS }, { idempotencyKey: aKey() })
    for (const thief of [shop.guest, shop.as(aCustomer())])
      for (const id of [orderId, own.order.orderId])
        await assert.rejects(thief.cancel({ orderId: id, orderToken: 'x'.repeat(43) }), {
          code: 'ORDER_NOT_FOUND',
        })
    assert.equal((await shop.as(actor).cancel({ orderId: own.order.orderId })).status, 'cancelled')
  })
})
