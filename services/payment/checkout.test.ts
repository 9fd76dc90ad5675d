import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRejection, Rejection } from '@stoa/contract'
import { payment } from '@stoa/contracts/payment'
import { eventually, statements, withinOnce } from '@stoa/testing'
import { v7 } from 'uuid'
import {
  anOpening,
  confirm,
  IMPATIENT,
  type PaymentHost,
  paymentRow,
  runJob,
  startPaymentHost,
} from './testing.ts'

const hasStatus = (shop: PaymentHost, orderId: string, status: string) =>
  eventually(async () => assert.equal((await paymentRow(shop, orderId)).status, status))

const count = (names: string[], name: string) => names.filter((other) => other === name).length

test('a payment is opened with two statements, and paid by a webhook with two more', async () => {
  await using shop = await startPaymentHost()
  const counter = await statements(shop.database.url)
  await counter.reset()
  const opening = anOpening()
  const instructions = await shop.payments.create(opening)
  assert.equal((await counter.ofServices()).total, 2)
  assert.deepEqual(
    { ...instructions, paymentId: '', clientSecret: '' },
    {
      paymentId: '',
      clientSecret: '',
      gateway: 'stripe',
      publishableKey: 'pk_test_stoa_sandbox',
      apiUrl: shop.sandbox.url,
    },
  )
  await shop.settled()
  await counter.reset()
  const intent = await confirm(shop, instructions.clientSecret, 'pm_card_visa')
  assert.equal(intent.status, 'succeeded')
  const { items } = await eventually(async () => {
    const delivered = await shop.control('GET', 'deliveries')
    assert.equal(delivered.items.length, 1)
    return delivered
  })
  assert.equal(items[0].status, 200)
  await shop.settled()
  const { total, statements: ran } = await counter.ofServices()
  assert.equal(total, 2, JSON.stringify(ran, null, 1))
  await hasStatus(shop, opening.orderId, 'succeeded')
  const facts = await shop.loggedEvents()
  assert.deepEqual(
    facts.map(({ name, payload }) => ({ name, payload })),
    [
      {
        name: 'payment.succeeded',
        payload: {
          paymentId: instructions.paymentId,
          orderId: opening.orderId,
          amountMinor: 4200,
          currency: 'EUR',
        },
      },
    ],
  )
})

test('what is created at Stripe names the order and tells it nobody’s address', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const opening = anOpening()
  const { paymentId, clientSecret } = await shop.payments.create(opening)
  const intent = await shop.dashboard.paymentIntents.retrieve(clientSecret.split('_secret_')[0] ?? '')
  assert.equal(intent.amount, 4200)
  assert.equal(intent.currency, 'eur')
  assert.deepEqual(intent.metadata, {
    payment_id: paymentId,
    order_id: opening.orderId,
    order_number: opening.orderNumber,
  })
  assert.ok(!JSON.stringify(intent).includes(opening.email))
})

test('the same order twice, and ten times at once, has one payment and one intent', async () => {
  await using shop = await startPaymentHost()
  const opening = anOpening()
  const first = await shop.payments.create(opening)
  assert.deepEqual(await shop.payments.create(opening), first)
  const another = anOpening()
  await shop.control('POST', 'faults', { latencyMs: 100 })
  const answers = await Promise.all(Array.from({ length: 10 }, () => shop.payments.create(another)))
  assert.equal(new Set(answers.map(({ clientSecret }) => clientSecret)).size, 1)
  assert.equal((await shop.control('GET', 'counters')).payment_intents, 2)
})

test('another amount for the same order is refused', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const opening = anOpening()
  await shop.payments.create(opening)
  await assert.rejects(
    shop.payments.create(anOpening({ orderId: opening.orderId, amountMinor: 1 })),
    (error) => error instanceof Rejection && error.code === 'INVALID_INPUT',
  )
})

for (const { kind, when, times } of [
  { kind: 409, when: 'before', times: 1 },
  { kind: 429, when: 'before', times: 1 },
  { kind: 500, when: 'after', times: 1 },
  { kind: 503, when: 'before', times: 2 },
  { kind: 'reset', when: 'after', times: 2 },
  { kind: 'hang', when: 'after', times: 1 },
] as const)
  test(`after ${times} × ${kind} (${when} it took effect) Stripe is asked again under the same key: one intent`, async () => {
    await using shop = await startPaymentHost({
      webhooks: false,
      ...(kind === 'hang' && { environment: IMPATIENT }),
    })
    await shop.control('POST', 'faults', { fail: { kind, when, count: times, method: 'POST' } })
    await shop.payments.create(anOpening())
    const { calls, payment_intents } = await shop.control('GET', 'counters')
    assert.deepEqual({ calls, payment_intents }, { calls: times + 1, payment_intents: 1 })
  })

test('after a third failure the gateway is unavailable; nothing is lost, and the next try meets the same intent', async () => {
  await using shop = await startPaymentHost()
  const opening = anOpening()
  await shop.control('POST', 'faults', { fail: { kind: 503, when: 'after', count: 3, method: 'POST' } })
  await assert.rejects(shop.payments.create(opening), (error) =>
    isRejection(error, payment.operations.create, 'GATEWAY_UNAVAILABLE'),
  )
  const { calls } = await shop.control('GET', 'counters')
  assert.equal(calls, 3)
  const { clientSecret } = await shop.payments.create(opening)
  assert.equal((await shop.control('GET', 'counters')).payment_intents, 1)
  await confirm(shop, clientSecret, 'pm_card_visa')
  await hasStatus(shop, opening.orderId, 'succeeded')
})

test('a gateway that freezes keeps only the first callers waiting; when it answers again, each order has its one intent', async () => {
  await using shop = await startPaymentHost({ webhooks: false, environment: IMPATIENT })
  const openings = Array.from({ length: 8 }, () => anOpening())
  const create = (opening: ReturnType<typeof anOpening>) =>
    assert.rejects(shop.payments.create(opening), { code: 'GATEWAY_UNAVAILABLE' })
  await shop.control('POST', 'faults', { freezeMs: 60_000 })
  await Promise.all(openings.map(create))
  await withinOnce(300, async () => {
    for (let turn = 0; turn < 10; turn += 1) await create(openings[turn % openings.length]!)
  })
  await eventually(async () => {
    // Nobody knows how it is once its pause is over.
    await create(openings[0]!)
    const { ok, checks } = await shop.host.ready()
    assert.deepEqual([ok, checks.stripe], [true, 'degraded: 1 of 1 addresses do not answer'])
  })
  await shop.control('DELETE', 'faults')
  await eventually(() => shop.payments.create(openings[0]!), { timeoutMs: 15_000 })
  await Promise.all(openings.map((opening) => shop.payments.create(opening)))
  assert.equal((await shop.control('GET', 'counters')).payment_intents, openings.length)
})

test('what Stripe refuses is not asked again, and said in its words', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  await assert.rejects(shop.payments.create(anOpening({ amountMinor: 10 })), (error) => {
    assert.ok(isRejection(error, payment.operations.create, 'GATEWAY_REFUSED'))
    assert.match(error.data?.message ?? '', /at least/i)
    return true
  })
  assert.equal((await shop.control('GET', 'counters')).calls, 1)
})

test('an amount of nothing is bad input', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  await assert.rejects(
    shop.payments.create(anOpening({ amountMinor: 0 })),
    (error) => error instanceof Rejection && error.code === 'INVALID_INPUT',
  )
})

test('a declined card is told once, and another card pays the same payment', async () => {
  await using shop = await startPaymentHost()
  const opening = anOpening()
  const { paymentId, clientSecret } = await shop.payments.create(opening)
  await confirm(shop, clientSecret, 'pm_card_visa_chargeDeclinedInsufficientFunds')
  await hasStatus(shop, opening.orderId, 'failed')
  const failed = await shop.browser.complete({ paymentId, clientSecret })
  assert.deepEqual(failed, {
    orderId: opening.orderId,
    status: 'failed',
    message: 'Your card has insufficient funds.',
  })
  assert.equal((await paymentRow(shop, opening.orderId)).failure_code, 'insufficient_funds')
  await confirm(shop, clientSecret, 'pm_card_visa')
  await hasStatus(shop, opening.orderId, 'succeeded')
  assert.deepEqual(await shop.announced(), ['payment.failed', 'payment.succeeded'])
  assert.equal((await paymentRow(shop, opening.orderId)).failure_code, null)
})

test('every further declined try is told once each', async () => {
  await using shop = await startPaymentHost()
  const opening = anOpening()
  const { clientSecret } = await shop.payments.create(opening)
  for (const [index, card] of [
    'pm_card_visa_chargeDeclined',
    'pm_card_chargeDeclinedExpiredCard',
  ].entries()) {
    await confirm(shop, clientSecret, card)
    await eventually(async () => assert.equal(count(await shop.announced(), 'payment.failed'), index + 1))
  }
})

test('3-D Secure: the browser hears that the shopper must act, and what came of it', async () => {
  await using shop = await startPaymentHost()
  for (const [answer, status] of [
    ['complete', 'succeeded'],
    ['fail', 'failed'],
  ] as const) {
    const opening = anOpening()
    const { paymentId, clientSecret } = await shop.payments.create(opening)
    const waiting = await confirm(shop, clientSecret, 'pm_card_threeDSecure2Required')
    assert.equal((await shop.browser.complete({ paymentId, clientSecret })).status, 'requires_action')
    const url = waiting.next_action?.redirect_to_url?.url ?? ''
    const answered = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ outcome: answer }),
    })
    assert.ok(answered.status < 400, await answered.text())
    const back = await shop.browser.complete({ paymentId, clientSecret })
    assert.equal(back.status, status)
    assert.equal(back.message === null, status === 'succeeded')
    await hasStatus(shop, opening.orderId, status)
  }
  assert.deepEqual((await shop.announced()).sort(), ['payment.failed', 'payment.succeeded'])
})

test('only the holder of the client secret may complete, and nobody else learns that the payment exists', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const { paymentId, clientSecret } = await shop.payments.create(anOpening())
  const other = await shop.payments.create(anOpening())
  for (const attempt of [
    { paymentId, clientSecret: `${clientSecret}x` },
    { paymentId, clientSecret: other.clientSecret },
    { paymentId: v7(), clientSecret },
  ])
    await assert.rejects(shop.browser.complete(attempt), (error) =>
      isRejection(error, payment.operations.complete, 'PAYMENT_NOT_FOUND'),
    )
})

test('two webhooks, three copies of each, and five browsers at once complete a payment once', async () => {
  await using shop = await startPaymentHost()
  await shop.control('POST', 'webhooks', { duplicates: 2 })
  const opening = anOpening()
  const { paymentId, clientSecret } = await shop.payments.create(opening)
  await confirm(shop, clientSecret, 'pm_card_visa')
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => shop.browser.complete({ paymentId, clientSecret })),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set(['succeeded']))
  await eventually(async () => {
    const { items } = await shop.control('GET', 'deliveries')
    assert.ok(items.length >= 3)
    assert.ok(items.every(({ status }: { status: number }) => status === 200))
  })
  assert.deepEqual(await shop.announced(), ['payment.succeeded'])
  const { items } = await shop.staff.listLedger({ paymentId })
  assert.deepEqual(
    items.map(({ kind, debit, credit, amount }) => [kind, debit, credit, amount.amountMinor]),
    [
      ['authorised', 'customer_receivable', 'sales', 4200],
      ['captured', 'gateway_clearing', 'customer_receivable', 4200],
    ],
  )
})

test('a payment opened with two replicas is completed once by both', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  await using replica = await startPaymentHost({
    webhooks: false,
    databaseOf: shop,
    environment: { STRIPE_URL: shop.sandbox.url },
  })
  const { paymentId, clientSecret } = await shop.payments.create(anOpening())
  await confirm(shop, clientSecret, 'pm_card_visa')
  await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      (index % 2 ? shop : replica).browser.complete({ paymentId, clientSecret }),
    ),
  )
  assert.deepEqual(await shop.announced(), ['payment.succeeded'])
})

test('a lost webhook is made up for by reconciliation, which then leaves the payment alone', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const opening = anOpening()
  const { clientSecret } = await shop.payments.create(opening)
  const waiting = anOpening()
  await shop.payments.create(waiting)
  await confirm(shop, clientSecret, 'pm_card_visa')
  await shop.pool.query(
    `update payment.payments set next_check_at = now(), created_at = now() - interval '1 hour'`,
  )
  await runJob(shop, 'reconcile')
  await hasStatus(shop, opening.orderId, 'succeeded')
  await hasStatus(shop, waiting.orderId, 'pending')
  assert.deepEqual(await shop.announced(), ['payment.succeeded'])
  const { calls } = await shop.control('GET', 'counters')
  await runJob(shop, 'reconcile')
  await shop.settled()
  assert.equal((await shop.control('GET', 'counters')).calls, calls)
})
