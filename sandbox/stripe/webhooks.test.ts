import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Sandbox } from '../start-sandbox.ts'
import { aReceiver, aSandbox, control, inOneRound, type Received, stripeFor, until } from '../testing.ts'

const PAID = {
  amount: 1000,
  currency: 'usd',
  allowed_payment_method_types: ['card'],
  payment_method: 'pm_card_visa',
  confirm: true,
}

test('a paid and refunded payment is told by signed events that the official client accepts', async (t) => {
  const { sandbox, received } = await listening(t)
  const stripe = stripeFor(sandbox)
  const { id } = await stripe.paymentIntents.create(PAID, { idempotencyKey: 'order-1' })
  await stripe.refunds.create({ payment_intent: id })
  await until(() => received.length === 3, 'three events')
  for (const { text, signature } of received) {
    stripe.webhooks.constructEvent(text, signature, sandbox.keys.webhook)
    assert.throws(() => stripe.webhooks.constructEvent(`${text} `, signature, sandbox.keys.webhook))
    assert.throws(() => stripe.webhooks.constructEvent(text, signature, 'whsec_other'))
  }
  assert.deepEqual(types(received).sort(), ['charge.refunded', 'payment_intent.succeeded', 'refund.updated'])
  const succeeded = received.find(({ event }) => event.type === 'payment_intent.succeeded')?.event
  assert.equal(succeeded?.request?.idempotency_key, 'order-1')
  assert.equal(succeeded?.pending_webhooks, 1)
  assert.equal((await stripe.events.retrieve(String(succeeded?.id))).type, 'payment_intent.succeeded')
})

test('an endpoint hears only what it enabled; all is there to be listed', async (t) => {
  const sandbox = await aSandbox(t)
  const { url, received } = await aReceiver(t)
  await control(sandbox, 'POST', 'stripe/webhook_endpoints', {
    url,
    secret: 'whsec_own',
    enabled_events: ['payment_intent.requires_action', 'payment_intent.canceled', 'charge.failed'],
  })
  const stripe = stripeFor(sandbox)
  const { id } = await stripe.paymentIntents.create({
    amount: 1000,
    currency: 'usd',
    allowed_payment_method_types: ['card'],
  })
  await assert.rejects(stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa_chargeDeclined' }))
  await stripe.paymentIntents.confirm(id, {
    payment_method: 'pm_card_threeDSecure2Required',
    return_url: 'https://shop.example/',
  })
  await stripe.paymentIntents.cancel(id)
  await until(() => received.length === 3, 'three events')
  assert.deepEqual(types(received).sort(), [
    'charge.failed',
    'payment_intent.canceled',
    'payment_intent.requires_action',
  ])
  stripe.webhooks.constructEvent(received[0]?.text ?? '', received[0]?.signature ?? '', 'whsec_own')
  const all = await stripe.events.list()
  assert.deepEqual(
    all.data.map(({ type }) => type),
    [
      'payment_intent.canceled',
      'payment_intent.requires_action',
      'payment_intent.payment_failed',
      'charge.failed',
      'payment_intent.created',
    ],
  )
})

test('an event is brought again until the receiver takes it, each time freshly signed', async (t) => {
  const { sandbox, received } = await listening(t, (count) => (count < 3 ? 503 : 200))
  await stripeFor(sandbox).paymentIntents.create(PAID)
  await until(async () => (await pending(sandbox)) === 0, 'the event is acknowledged')
  assert.equal(received.length, 3)
  assert.equal(new Set(received.map(({ event }) => event.id)).size, 1)
  assert.ok((received[2]?.atMs ?? 0) - (received[0]?.atMs ?? 0) >= 650, 'it backs off')
  const { items } = await control<{ items: { status: number; attempt: number }[] }>(
    sandbox,
    'GET',
    'stripe/deliveries',
  )
  assert.deepEqual(
    items.map(({ status, attempt }) => [status, attempt]),
    [
      [200, 3],
      [503, 2],
      [503, 1],
    ],
  )
})

test('events come late, twice and out of order on demand', async (t) => {
  const { sandbox, received } = await listening(t)
  const stripe = stripeFor(sandbox)
  await control(sandbox, 'POST', 'stripe/webhooks', { delayMs: 200 })
  const before = Date.now()
  await stripe.paymentIntents.create(PAID)
  await until(() => received.length === 1, 'the late event')
  assert.ok(Date.now() - before >= 200)

  received.length = 0
  await control(sandbox, 'POST', 'stripe/webhooks', { delayMs: 0, duplicates: 2 })
  await stripe.paymentIntents.create(PAID)
  await until(() => received.length === 3, 'one event three times')
  assert.equal(new Set(received.map(({ event }) => event.id)).size, 1)

  await control(sandbox, 'POST', 'stripe/webhooks', { duplicates: 0, reorderWindow: 3 })
  await inOneRound(async () => {
    received.length = 0
    const began = performance.now()
    const { id } = await stripe.paymentIntents.create(PAID)
    await stripe.refunds.create({ payment_intent: id })
    const tookMs = performance.now() - began
    await until(() => received.length === 3, 'three events')
    const reversed = ['refund.updated', 'charge.refunded', 'payment_intent.succeeded']
    if (tookMs < 500) assert.deepEqual(types(received), reversed)
    // Else the window may have been sent before all three were there.
    return tookMs < 500
  }, 'three events in reverse')

  received.length = 0
  await stripe.paymentIntents.create(PAID)
  await until(() => received.length === 1, 'a window that never fills is released')
})

test('paused, nothing is sent; resumed, nothing is missing; and an event can be sent once more', async (t) => {
  const { sandbox, received } = await listening(t)
  const stripe = stripeFor(sandbox)
  await control(sandbox, 'POST', 'stripe/webhooks', { paused: true })
  await stripe.paymentIntents.create(PAID)
  await stripe.paymentIntents.create(PAID)
  assert.equal(await pending(sandbox), 2)
  assert.equal(received.length, 0)
  await control(sandbox, 'POST', 'stripe/webhooks', { paused: false })
  await until(() => received.length === 2, 'both events')
  await control(sandbox, 'POST', `stripe/events/${received[0]?.event.id}/resend`)
  await until(() => received.length === 3, 'the event again')
  assert.equal(received[2]?.event.id, received[0]?.event.id)
})

test('a refund may be pending first, and may fail later, as its card says', async (t) => {
  const sandbox = await aSandbox(t)
  const stripe = stripeFor(sandbox)
  const slow = await stripe.paymentIntents.create({ ...PAID, payment_method: 'pm_card_pendingRefund' })
  const pendingRefund = await stripe.refunds.create({ payment_intent: slow.id })
  assert.equal(pendingRefund.status, 'pending')
  const failing = await stripe.paymentIntents.create({ ...PAID, payment_method: 'pm_card_refundFail' })
  const failingRefund = await stripe.refunds.create({ payment_intent: failing.id })
  assert.equal(failingRefund.status, 'succeeded')
  const statusOf = async (id: string) => (await stripe.refunds.retrieve(id)).status
  await until(async () => (await statusOf(pendingRefund.id)) === 'succeeded', 'the pending refund succeeds')
  await until(async () => (await statusOf(failingRefund.id)) === 'failed', 'the other refund fails')
  const charge = await stripe.charges.retrieve(String(failing.latest_charge))
  assert.deepEqual([charge.refunded, charge.amount_refunded], [false, 0])
})

test('money, keys and unheard events outlive a restart', async (t) => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'sandbox-'))
  t.after(() => rmSync(dataDirectory, { recursive: true }))
  const { url, received } = await aReceiver(t)
  const options = { dataDirectory, webhook: { url } }
  const first = await aSandbox(t, options)
  await control(first, 'POST', 'stripe/webhooks', { paused: true })
  const paid = await stripeFor(first).paymentIntents.create(PAID, { idempotencyKey: 'order-1' })
  await first.stop()

  const second = stripeFor(await aSandbox(t, options))
  await until(() => received.length === 1, 'the event that was not sent before')
  assert.equal((await second.paymentIntents.retrieve(paid.id)).status, 'succeeded')
  assert.equal((await second.paymentIntents.create(PAID, { idempotencyKey: 'order-1' })).id, paid.id)
  assert.equal((await second.charges.list()).data.length, 1)
})

async function listening(t: TestContext, statusFor?: (count: number) => number) {
  const { url, received } = await aReceiver(t, statusFor)
  return { sandbox: await aSandbox(t, { webhook: { url } }), received }
}

function types(received: Received[]): string[] {
  return received.map(({ event }) => event.type)
}

async function pending(sandbox: Sandbox): Promise<number> {
  return (await control<{ pending: number }>(sandbox, 'GET', 'stripe/webhooks')).pending
}
