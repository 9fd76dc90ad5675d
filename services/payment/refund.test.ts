import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRejection, Rejection } from '@stoa/contract'
import { OrderRefundDue } from '@stoa/contracts/order'
import { payment } from '@stoa/contracts/payment'
import { eventually } from '@stoa/testing'
import { v7 } from 'uuid'
import {
  aMemberOfStaff,
  anOpening,
  aPaidPayment,
  confirm,
  type PaymentHost,
  paymentRow,
  runJob,
  startPaymentHost,
} from './testing.ts'

const key = () => ({ idempotencyKey: v7() })
const REASON = 'Scratched'

/** What must hold after everything: the counters agree with the ledger, with the refunds, and with Stripe. */
async function booksBalance(shop: PaymentHost, orderId: string) {
  const { rows } = await shop.pool.query(
    `select p.captured_minor::int as captured, p.refunded_minor::int as refunded, p.refunding_minor::int as refunding,
       (select coalesce(sum(amount_minor) filter (where debit = 'gateway_clearing'), 0)
             - coalesce(sum(amount_minor) filter (where credit = 'gateway_clearing'), 0)
        from payment.ledger_entries e where e.payment_id = p.payment_id)::int as "atGateway",
       (select coalesce(sum(amount_minor), 0) from payment.refunds r
        where r.payment_id = p.payment_id and status = 'succeeded')::int as "refundsSum"
     from payment.payments p where order_id = $1`,
    [orderId],
  )
  const [books] = rows
  assert.equal(books.atGateway, books.captured - books.refunded)
  assert.equal(books.refundsSum, books.refunded)
  const { gateway_reference: reference } = await paymentRow(shop, orderId)
  const intent = await shop.dashboard.paymentIntents.retrieve(reference, { expand: ['latest_charge'] })
  const charge = intent.latest_charge as { amount_refunded: number }
  assert.equal(charge.amount_refunded, books.refunded + books.refunding)
  return books
}

test('staff pay back a part, then the rest; it is announced, booked and audited', async () => {
  await using shop = await startPaymentHost()
  const { paymentId, orderId } = await aPaidPayment(shop)
  const part = await shop.staff.refund({ paymentId, amountMinor: 1200, reason: REASON }, key())
  assert.deepEqual(part.refunded, { amountMinor: 1200, currency: 'EUR' })
  assert.deepEqual(
    part.refunds.map(({ amount, status, reason }) => [amount.amountMinor, status, reason]),
    [[1200, 'succeeded', REASON]],
  )
  const rest = await shop.staff.refund({ paymentId, reason: REASON }, key())
  assert.equal(rest.refunded.amountMinor, 4200)
  await booksBalance(shop, orderId)
  const facts = (await shop.loggedEvents()).filter(({ name }) => name === 'payment.refunded')
  assert.deepEqual(
    facts.map(({ payload }) => (payload as { amountMinor: number; reason: string }).amountMinor),
    [1200, 3000],
  )
  assert.equal((facts[0]!.payload as { reason: string }).reason, 'staff')
  const { rows } = await shop.pool.query('select subject, after from payment.audit order by position')
  assert.deepEqual(
    rows.map(({ subject, after }) => [subject, after.amountMinor, after.reason]),
    [
      [`payment:${paymentId}`, 1200, REASON],
      [`payment:${paymentId}`, 3000, REASON],
    ],
  )
  const [listed] = (await shop.staff.listForOrder({ orderId })).items
  assert.deepEqual(listed, rest)
})

test('more than what is left is refused, and so is anything of what was never paid', async () => {
  await using shop = await startPaymentHost()
  const { paymentId } = await aPaidPayment(shop)
  const unpaid = await shop.payments.create(anOpening())
  for (const [input, refundableMinor] of [
    [{ paymentId, amountMinor: 4201, reason: REASON }, 4200],
    [{ paymentId: unpaid.paymentId, reason: REASON }, 0],
  ] as const)
    await assert.rejects(shop.staff.refund(input, key()), (error) => {
      assert.ok(isRejection(error, payment.operations.refund, 'NOT_REFUNDABLE'))
      assert.deepEqual(error.data, { refundableMinor, currency: 'EUR' })
      return true
    })
})

test('eight members of staff at once never pay back more than was taken', async () => {
  await using shop = await startPaymentHost()
  const { paymentId, orderId } = await aPaidPayment(shop)
  await shop.control('POST', 'faults', { latencyMs: 30 })
  const tries = await Promise.allSettled(
    Array.from({ length: 8 }, () =>
      shop.staff.refund({ paymentId, amountMinor: 1000, reason: REASON }, key()),
    ),
  )
  assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 4)
  for (const outcome of tries)
    if (outcome.status === 'rejected') assert.equal((outcome.reason as Rejection).code, 'NOT_REFUNDABLE')
  assert.equal((await booksBalance(shop, orderId)).refunded, 4000)
})

test('the same request twice at once, and again later, is one refund', async () => {
  await using shop = await startPaymentHost()
  const { paymentId, orderId } = await aPaidPayment(shop)
  const options = key()
  const input = { paymentId, amountMinor: 700, reason: REASON }
  const [one, other] = await Promise.all([
    shop.staff.refund(input, options),
    shop.staff.refund(input, options),
  ])
  assert.equal((await booksBalance(shop, orderId)).refunded, 700)
  assert.equal(one.refunds.length, 1)
  assert.equal(other.refunds.length, 1)
})

test('while Stripe is away a refund is accepted as pending, and made by a job when Stripe is back', async () => {
  await using shop = await startPaymentHost()
  const { paymentId, orderId } = await aPaidPayment(shop)
  await shop.control('POST', 'faults', { fail: { kind: 503, count: 3, path: '/refunds' } })
  const accepted = await shop.staff.refund({ paymentId, amountMinor: 900, reason: REASON }, key())
  assert.equal(accepted.refunds[0]?.status, 'pending')
  await runJob(shop, 'finish-refund', { refundId: accepted.refunds[0]?.refundId ?? '' })
  await eventually(async () => assert.equal((await booksBalance(shop, orderId)).refunded, 900))
  assert.equal((await shop.control('GET', 'refunds')).data.length, 1)
})

test('a refund whose job was given up is made all the same', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const { paymentId, orderId } = await aPaidPayment(shop)
  await shop.control('POST', 'faults', { fail: { kind: 503, count: 3, path: '/refunds' } })
  await shop.staff.refund({ paymentId, amountMinor: 900, reason: REASON }, key())
  await shop.pool.query(`update payment.refunds set updated_at = now() - interval '2 hours'`)
  await runJob(shop, 'reconcile')
  await eventually(async () => assert.equal((await booksBalance(shop, orderId)).refunded, 900))
})

test('what is left of an order’s money goes back after a refund by staff has failed that held it', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const { paymentId, orderId, reference } = await aPaidPayment(shop)
  await shop.control('POST', 'faults', { fail: { kind: 503, count: 3, path: '/refunds' } })
  const { refunds } = await shop.staff.refund({ paymentId, reason: REASON }, key())
  await shop.publish(OrderRefundDue, { orderId, paymentId, reason: 'requested' }, { id: v7() })
  await shop.settled()
  // Stripe refuses what staff wanted, for a part was given back in its dashboard.
  await shop.dashboard.refunds.create({ payment_intent: reference, amount: 200 })
  await runJob(shop, 'finish-refund', { refundId: refunds[0]!.refundId })
  await runJob(shop, 'compare-payment', { paymentId })
  await eventually(async () => assert.equal((await booksBalance(shop, orderId)).refunded, 4200), {
    timeoutMs: 20_000,
  })
})

test('an answer that was lost longer ago than Stripe remembers keys is looked up, not asked for again', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const { paymentId, orderId } = await aPaidPayment(shop)
  await shop.control('POST', 'faults', { fail: { kind: 'reset', when: 'after', count: 3, path: '/refunds' } })
  const { refunds } = await shop.staff.refund({ paymentId, amountMinor: 900, reason: REASON }, key())
  await shop.pool.query(`update payment.refunds set created_at = now() - interval '2 days'`)
  const before = (await shop.control('GET', 'counters')).replays
  await runJob(shop, 'finish-refund', { refundId: refunds[0]?.refundId ?? '' })
  assert.equal((await booksBalance(shop, orderId)).refunded, 900)
  assert.equal((await shop.control('GET', 'counters')).replays, before)
})

test('what Stripe refuses is recorded as failed, and what was set aside is free again', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const { paymentId, reference } = await aPaidPayment(shop)
  await shop.dashboard.refunds.create({ payment_intent: reference })
  const options = key()
  for (const _ of ['first', 'repeated'])
    await assert.rejects(shop.staff.refund({ paymentId, reason: REASON }, options), (error) =>
      isRejection(error, payment.operations.refund, 'GATEWAY_REFUSED'),
    )
  const { rows } = await shop.pool.query('select status, problem from payment.refunds')
  assert.equal(rows[0].status, 'failed')
  assert.match(rows[0].problem, /already been refunded/)
})

test('a refund made in the dashboard is found by its webhook and by comparing, once', async () => {
  await using shop = await startPaymentHost()
  const { paymentId, orderId, reference } = await aPaidPayment(shop)
  await shop.dashboard.refunds.create({ payment_intent: reference, amount: 500 })
  await eventually(async () => assert.equal((await booksBalance(shop, orderId)).refunded, 500))
  await runJob(shop, 'compare-payment', { paymentId })
  assert.equal((await booksBalance(shop, orderId)).refunded, 500)
  assert.equal((await shop.announced()).filter((name) => name === 'payment.refunded').length, 1)
})

test('a refund that is pending at Stripe is announced only when it went through', async () => {
  await using shop = await startPaymentHost()
  const opening = anOpening()
  const { paymentId, clientSecret } = await shop.payments.create(opening)
  await confirm(shop, clientSecret, 'pm_card_pendingRefund')
  await shop.browser.complete({ paymentId, clientSecret })
  await shop.control('POST', 'webhooks', { paused: true })
  const { refunds } = await shop.staff.refund({ paymentId, reason: REASON }, key())
  assert.equal(refunds[0]?.status, 'pending')
  await booksBalance(shop, opening.orderId)
  assert.ok(!(await shop.announced()).includes('payment.refunded'))
  await shop.control('POST', 'webhooks', { paused: false })
  await eventually(async () => assert.equal((await paymentRow(shop, opening.orderId)).refunded_minor, '4200'))
  assert.ok((await shop.announced()).includes('payment.refunded'))
})

test('a refund that bounces later is reversed in the books and can be made again', async () => {
  await using shop = await startPaymentHost()
  const opening = anOpening()
  const { paymentId, clientSecret } = await shop.payments.create(opening)
  await confirm(shop, clientSecret, 'pm_card_refundFail')
  await shop.browser.complete({ paymentId, clientSecret })
  await shop.staff.refund({ paymentId, reason: REASON }, key())
  await eventually(async () => {
    const { items } = await shop.staff.listForOrder({ orderId: opening.orderId })
    assert.equal(items[0]?.refunds[0]?.status, 'failed')
    assert.equal(items[0]?.refunded.amountMinor, 0)
  })
  const { items } = await shop.staff.listLedger({ paymentId })
  assert.deepEqual(
    items.slice(2).map(({ debit, credit, amount }) => [debit, credit, amount.amountMinor]),
    [
      ['sales_returns', 'gateway_clearing', 4200],
      ['gateway_clearing', 'sales_returns', 4200],
    ],
  )
})

test('money for an order that will not be delivered goes back in full, once, however often the fact is told', async () => {
  await using shop = await startPaymentHost()
  const { paymentId, orderId } = await aPaidPayment(shop)
  await shop.staff.refund({ paymentId, amountMinor: 200, reason: REASON }, key())
  const due = { orderId, paymentId, reason: 'expired' } as const
  const id = v7()
  await shop.publish(OrderRefundDue, due, { id })
  await shop.settled()
  await shop.publish(OrderRefundDue, due, { id })
  await shop.publish(OrderRefundDue, due, { id: v7() })
  await shop.settled()
  await runJob(shop, 'refund-order', { refundId: id, paymentId, reason: 'expired' })
  assert.equal((await booksBalance(shop, orderId)).refunded, 4200)
  const facts = (await shop.loggedEvents()).filter(({ name }) => name === 'payment.refunded')
  assert.deepEqual(
    facts
      .map(({ payload }) => payload as { amountMinor: number; reason: string })
      .map((fact) => [fact.amountMinor, fact.reason]),
    [
      [200, 'staff'],
      [4000, 'expired'],
    ],
  )
})

test('an outage of Stripe only delays the money of an order that will not be delivered', async () => {
  await using shop = await startPaymentHost()
  const { paymentId, orderId } = await aPaidPayment(shop)
  await shop.control('POST', 'faults', { fail: { kind: 503, count: 3, path: '/refunds' } })
  const due = { refundId: v7(), paymentId, reason: 'expired' }
  // A job that throws is run again.
  await assert.rejects(runJob(shop, 'refund-order', due), { code: 'GATEWAY_UNAVAILABLE' })
  await runJob(shop, 'refund-order', due)
  assert.equal((await booksBalance(shop, orderId)).refunded, 4200)
})

test('the ledger cannot be changed, nor can more be refunded than was taken', async () => {
  await using shop = await startPaymentHost()
  const { orderId } = await aPaidPayment(shop)
  for (const statement of [
    'update payment.ledger_entries set amount_minor = 1',
    'delete from payment.ledger_entries',
    'truncate payment.ledger_entries',
  ])
    await assert.rejects(shop.pool.query(statement), /append-only/)
  for (const change of ['refunded_minor = 4201', 'captured_minor = 4201', "status = 'pending'"])
    await assert.rejects(
      shop.pool.query(`update payment.payments set ${change} where order_id = $1`, [orderId]),
      /violates check constraint/,
    )
})

test('only staff with the permission see payments, ledger and refunds; nobody outside calls what is for services', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const { paymentId, clientSecret, orderId } = await aPaidPayment(shop)
  const readers = shop.client(payment, { actor: aMemberOfStaff(['payment:read']) })
  assert.ok(!JSON.stringify(await readers.listForOrder({ orderId })).includes(clientSecret))
  const calls = [
    [() => readers.refund({ paymentId, reason: REASON }, key()), 'FORBIDDEN'],
    [() => shop.browser.refund({ paymentId, reason: REASON }, key()), 'UNAUTHENTICATED'],
    [() => shop.browser.listForOrder({ orderId }), 'UNAUTHENTICATED'],
    [() => shop.browser.listLedger({ paymentId }), 'UNAUTHENTICATED'],
    [() => shop.browser.create(anOpening()), 'NOT_FOUND'],
    [() => shop.browser.cancel({ orderId }), 'NOT_FOUND'],
    [() => readers.listLedger({ paymentId: v7() }), 'PAYMENT_NOT_FOUND'],
  ] as const
  for (const [call, code] of calls)
    await assert.rejects(call(), (error) => error instanceof Rejection && error.code === code)
})
