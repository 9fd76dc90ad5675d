import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRejection } from '@stoa/contract'
import { payment } from '@stoa/contracts/payment'
import { eventually } from '@stoa/testing'
import Stripe from 'stripe'
import { anOpening, confirm, type PaymentHost, paymentRow, startPaymentHost } from './testing.ts'

const SECRET = 'whsec_stoa_sandbox'

/** Signs and tells an event as Stripe does. */
async function tell(
  shop: PaymentHost,
  event: object | string,
  { secret = SECRET, ageSeconds = 0 }: { secret?: string; ageSeconds?: number } = {},
) {
  const body = typeof event === 'string' ? event : JSON.stringify(event)
  const timestamp = Math.floor(Date.now() / 1000) - ageSeconds
  const signature = Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp })
  return shop.browser.stripeWebhook({ body, signature })
}

/** What Stripe has to tell about a payment, oldest first. */
async function eventsOf(shop: PaymentHost, type?: string): Promise<Stripe.Event[]> {
  const { data } = await shop.control('GET', 'events')
  return (data as Stripe.Event[]).toReversed().filter((event) => type === undefined || event.type === type)
}

const forged = (promise: Promise<unknown>) =>
  assert.rejects(promise, (error) => isRejection(error, payment.operations.stripeWebhook, 'BAD_SIGNATURE'))

test('a forged, altered, unsigned or stale event is refused and changes nothing', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const opening = anOpening()
  const { clientSecret } = await shop.payments.create(opening)
  await confirm(shop, clientSecret, 'pm_card_visa')
  const [event] = await eventsOf(shop, 'payment_intent.succeeded')
  const body = JSON.stringify(event)
  const signature = Stripe.webhooks.generateTestHeaderString({ payload: body, secret: SECRET })
  await forged(tell(shop, body, { secret: 'whsec_guessed' }))
  await forged(shop.browser.stripeWebhook({ body: body.replace('4200', '4201'), signature }))
  await forged(shop.browser.stripeWebhook({ body, signature: 'v1=00' }))
  await forged(tell(shop, body, { ageSeconds: 301 }))
  assert.equal((await paymentRow(shop, opening.orderId)).status, 'pending')
  await tell(shop, body, { ageSeconds: 290 })
  assert.equal((await paymentRow(shop, opening.orderId)).status, 'succeeded')
})

test('while a webhook secret is replaced, both are good', async () => {
  const environment = { STRIPE_WEBHOOK_SECRET: 'whsec_new, whsec_old' }
  await using shop = await startPaymentHost({ webhooks: false, environment })
  const event = { id: 'evt_1', object: 'event', type: 'customer.created', created: 1, data: { object: {} } }
  assert.deepEqual(await tell(shop, event, { secret: 'whsec_new' }), { received: true })
  assert.deepEqual(await tell(shop, event, { secret: 'whsec_old' }), { received: true })
  await forged(tell(shop, event))
})

test('failure and success in either order, each twice, end in success told once', async () => {
  for (const reverse of [false, true]) {
    await using shop = await startPaymentHost({ webhooks: false })
    const opening = anOpening()
    const { clientSecret } = await shop.payments.create(opening)
    await confirm(shop, clientSecret, 'pm_card_visa_chargeDeclined')
    await confirm(shop, clientSecret, 'pm_card_visa')
    const events = await eventsOf(shop)
    for (const event of reverse ? events.toReversed() : events) {
      await tell(shop, event)
      await tell(shop, event)
    }
    assert.equal((await paymentRow(shop, opening.orderId)).status, 'succeeded')
    assert.deepEqual(
      await shop.announced(),
      reverse ? ['payment.succeeded'] : ['payment.failed', 'payment.succeeded'],
    )
  }
})

test('the same failure by webhook, again by webhook and by the browser is told once', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const { paymentId, clientSecret } = await shop.payments.create(anOpening())
  await confirm(shop, clientSecret, 'pm_card_visa_chargeDeclined')
  const [event] = await eventsOf(shop, 'payment_intent.payment_failed')
  await Promise.all([
    tell(shop, event!),
    shop.browser.complete({ paymentId, clientSecret }),
    tell(shop, event!),
  ])
  assert.deepEqual(await shop.announced(), ['payment.failed'])
})

test('events late, three times over and newest first settle every payment once', async () => {
  await using shop = await startPaymentHost()
  await shop.control('POST', 'webhooks', { delayMs: 100, duplicates: 2, reorderWindow: 6 })
  const cards = ['pm_card_visa', 'pm_card_visa_chargeDeclined', 'pm_card_mastercard', 'pm_card_amex']
  const orders = await Promise.all(
    cards.map(async (card) => {
      const opening = anOpening()
      const { clientSecret } = await shop.payments.create(opening)
      await confirm(shop, clientSecret, card)
      return { orderId: opening.orderId, status: card.includes('Declined') ? 'failed' : 'succeeded' }
    }),
  )
  for (const { orderId, status } of orders)
    await eventually(async () => assert.equal((await paymentRow(shop, orderId)).status, status))
  await eventually(async () => assert.equal((await shop.control('GET', 'deliveries')).items.length, 12))
  const announced = await shop.announced()
  assert.deepEqual(announced.sort(), [
    'payment.failed',
    'payment.succeeded',
    'payment.succeeded',
    'payment.succeeded',
  ])
})

test('what is none of our business is answered with thanks', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const { id } = await shop.dashboard.paymentIntents.create({
    amount: 500,
    currency: 'eur',
    confirm: true,
    payment_method: 'pm_card_visa',
    metadata: { payment_id: 'no uuid', order_id: '7' },
    return_url: 'https://elsewhere.example/',
  })
  await shop.dashboard.refunds.create({ payment_intent: id })
  const types: string[] = (await eventsOf(shop)).map(({ type }) => type)
  for (const type of [
    'payment_intent.succeeded',
    'refund.updated',
    'charge.refunded',
    'payment_intent.created',
  ])
    assert.ok(types.includes(type), type)
  for (const event of await eventsOf(shop)) assert.deepEqual(await tell(shop, event), { received: true })
  assert.deepEqual(await shop.announced(), [])
})

test('an intent that copied the ids of a payment of ours does not pay it', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const opening = anOpening()
  const { paymentId } = await shop.payments.create(opening)
  await shop.dashboard.paymentIntents.create({
    amount: 4200,
    currency: 'eur',
    confirm: true,
    payment_method: 'pm_card_visa',
    metadata: { payment_id: paymentId, order_id: opening.orderId },
    return_url: 'https://elsewhere.example/',
  })
  for (const event of await eventsOf(shop)) await tell(shop, event)
  assert.equal((await paymentRow(shop, opening.orderId)).status, 'pending')
})

test('an amount that somebody changed at Stripe never confirms: the payment ends, and the money goes back', async () => {
  await using shop = await startPaymentHost()
  const opening = anOpening()
  const { clientSecret } = await shop.payments.create(opening)
  const reference = clientSecret.split('_secret_')[0] ?? ''
  await shop.dashboard.paymentIntents.update(reference, { amount: 100 })
  await confirm(shop, clientSecret, 'pm_card_visa')
  await eventually(async () => assert.equal((await paymentRow(shop, opening.orderId)).status, 'cancelled'))
  assert.deepEqual(await shop.announced(), ['payment.cancelled'])
  await eventually(async () => {
    const { data } = await shop.control('GET', 'refunds')
    assert.deepEqual(
      data.map((refund: Stripe.Refund) => [refund.amount, refund.payment_intent]),
      [[100, reference]],
    )
  })
  const row = await paymentRow(shop, opening.orderId)
  assert.deepEqual([row.failure_code, row.captured_minor, row.refunded_minor], ['amount_mismatch', '0', '0'])
})
