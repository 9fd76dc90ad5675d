import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@stoa/testing'
import { Buyer } from '../buyer.ts'
import { startShop, topology } from '../shop.ts'
import { assertEnds, assertMails, assertOnce } from './aftermath.ts'
import { assertWentOn, Span, shopAt } from './load.ts'
import { Mailbox } from './mailbox.ts'

const skip = topology !== 'inside' && 'shoppers are the same in every topology'

describe('shoppers', { skip }, () => {
  it('decline, change their minds and buy as customers, and each effect that comes twice or not at all is seen', async () => {
    await using shop = await startShop()
    const mailbox = new Mailbox(shop.sandbox)
    const customers = [new Buyer(shop), new Buyer(shop)]
    for (const customer of customers) await customer.register()
    const skus = [await shop.sell({ quantity: 100 }), await shop.sell({ quantity: 100 })]
    const load = await shopAt({
      shop,
      skus,
      customers,
      perSecond: 6,
      seconds: 2,
      during: Promise.resolve(),
    })
    assert.deepEqual(Object.fromEntries(load.wrong), {})
    const { started, accepted, paid, calledOff, declined, gaveUp } = load
    assert(started >= 12, `${started} came`)
    assert.deepEqual([accepted.length, paid.length + calledOff.length, gaveUp], [started, started, 0])
    assert(declined.length > 0, 'the fourth shopper had another card')
    assert(calledOff.length > 0, 'the first customer changed his mind')

    const settled = { timeoutMs: 15_000 }
    assert.deepEqual(await eventually(() => assertEnds(shop, load), settled), {
      confirmed: paid.length,
      calledOff: calledOff.length,
      unpaid: 0,
    })
    await eventually(() => assertMails(shop, mailbox), settled)
    await eventually(() => assertOnce(shop), settled)

    const [first] = paid
    const [gone] = calledOff
    /** Breaks something, sees it found, and mends it. */
    const isSeen = async (pattern: RegExp, statement: string, check: () => Promise<unknown>) => {
      const client = await shop.pool.connect()
      try {
        const { rows } = await client.query<{ undo: string }>(statement)
        assert.equal(rows.length, 1, statement)
        await assert.rejects(check, pattern)
        await client.query(rows[0]!.undo)
      } finally {
        client.release()
      }
    }
    const once = () => assertOnce(shop)
    const mails = () => assertMails(shop, mailbox)
    await isSeen(
      /product remembers/,
      `update product.purchases set cancelled = not cancelled where order_id = '${gone}'
       returning 'update product.purchases set cancelled = not cancelled where order_id = ''${gone}''' as undo`,
      once,
    )
    await isSeen(
      /refunded once and whole/,
      `insert into payment.refunds (payment_id, amount_minor, status, origin)
       select payment_id, 1, 'pending', 'order' from payment.payments where order_id = '${first}'
       returning 'delete from payment.refunds where refund_id = ''' || refund_id || '''' as undo`,
      once,
    )
    await isSeen(
      /search counts each sale once/,
      `update search.sold set units = 2 where order_id = '${gone}'
       returning 'update search.sold set units = 1 where order_id = ''${gone}''' as undo`,
      once,
    )
    for (const template of ['order-refunded', 'order-confirmation', 'payment-failed'])
      await isSeen(
        /one mail about each decline, confirmation and refund/,
        `with one as (select * from notification.notifications where template = '${template}' limit 1)
         update notification.notifications n set subject_id = gen_random_uuid() from one where n.notification_id = one.notification_id
         returning 'update notification.notifications set subject_id = ''' || one.subject_id || ''' where notification_id = '''
           || n.notification_id || '''' as undo`,
        mails,
      )
    await isSeen(
      /no oftener than it was tried/,
      `with one as (select * from notification.notifications where template = 'order-refunded')
       update notification.notifications n set attempts = 0 from one where n.notification_id = one.notification_id
       returning 'update notification.notifications set attempts = 1 where notification_id = ''' || n.notification_id || '''' as undo`,
      mails,
    )
    await once()
    await mails()
    await assert.rejects(
      assertEnds(shop, { ...load, paid: [...paid, gone!] }),
      /their shoppers heard that they have paid/,
    )
    await assert.rejects(
      assertEnds(shop, { ...load, calledOff: [first!] }),
      /their shoppers heard that they are/,
    )
    // The ledger of stock forgets nothing.
    await isSeen(
      /came back once/,
      `insert into inventory.movements (warehouse, sku, kind, available_delta, reserved_delta, reference)
       select warehouse, sku, kind, available_delta, reserved_delta, reference from inventory.movements
       where kind = 'returned' and reference = '${gone}' returning 'select' as undo`,
      once,
    )
  })

  it('are held to be served while something is away, and not only when it is back', async () => {
    const span = new Span()
    assert.equal(span.was, false)
    const before = performance.now()
    await sleep(5)
    span.begin()
    const meanwhile = performance.now()
    await sleep(5)
    span.end()
    assert.equal(span.was, true)
    await sleep(5)
    const back = performance.now()
    const visits = (count: number, atMs: number, ...troubledAtMs: number[]) =>
      Array.from({ length: count }, () => ({ atMs, troubledAtMs }))
    const load = (came: number, troubled: number, gaveUp = 0) => ({
      started: 400,
      gaveUp,
      visits: [
        ...visits(300, before, before),
        ...visits(came - troubled, meanwhile, back),
        ...visits(troubled, meanwhile, meanwhile),
      ],
    })
    assertWentOn(load(100, 10), span)
    assertWentOn(load(9, 2), span)
    assert.throws(() => assertWentOn(load(100, 11), span), /11 of 100 who came while it was away/)
    assert.throws(() => assertWentOn(load(9, 9), span), /9 of 9/)
    assert.throws(() => assertWentOn(load(0, 0), span), /nobody came/)
    assert.throws(() => assertWentOn(load(100, 0, 41), span), /41 of 400 gave up/)
  })
})
