import assert from 'node:assert/strict'
import { test } from 'node:test'
import Stripe from 'stripe'
import { aSandbox, call, stripeFor } from '../testing.ts'

const RETURN_URL = 'https://shop.example/orders/1?from=pay'

test('a server creates, confirms and reads a payment with the official client', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const created = await stripe.paymentIntents.create({
    amount: 2599,
    currency: 'EUR',
    description: 'Order 7',
    receipt_email: 'ada@example.com',
    metadata: { orderId: '7' },
    automatic_payment_methods: { enabled: true },
    shipping: { name: 'Ada', address: { line1: 'Street 1', city: 'Oslo', country: 'NO' } },
  })
  assert.equal(created.status, 'requires_payment_method')
  assert.equal(created.currency, 'eur')
  assert.deepEqual(created.metadata, { orderId: '7' })
  assert.equal(created.shipping?.address?.city, 'Oslo')

  const paid = await stripe.paymentIntents.confirm(created.id, {
    payment_method: 'pm_card_visa',
    return_url: RETURN_URL,
  })
  assert.equal(paid.status, 'succeeded')
  assert.equal(paid.amount_received, 2599)
  assert.equal(paid.next_action, null)

  const read = await stripe.paymentIntents.retrieve(created.id, {
    expand: ['latest_charge', 'payment_method'],
  })
  const charge = read.latest_charge as Stripe.Charge
  assert.equal(charge.amount_captured, 2599)
  assert.equal(charge.metadata.orderId, '7')
  assert.equal((read.payment_method as Stripe.PaymentMethod).card?.last4, '4242')
})

test('a payment can be created and confirmed in one call', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const paid = await stripe.paymentIntents.create({
    amount: 500,
    currency: 'usd',
    allowed_payment_method_types: ['card'],
    payment_method: 'pm_card_mastercard',
    confirm: true,
  })
  assert.equal(paid.status, 'succeeded')
  assert.equal(paid.automatic_payment_methods, null)
})

test('a browser confirms with the publishable key and the client secret, and sees nothing that is the merchant’s', async (t) => {
  const sandbox = await aSandbox(t)
  const intent = await stripeFor(sandbox).paymentIntents.create({
    amount: 900,
    currency: 'usd',
    metadata: { cost: '3' },
  })
  const key = sandbox.keys.publishable
  const { status, body, headers } = await call(sandbox, {
    key,
    path: `/v1/payment_intents/${intent.id}/confirm`,
    headers: { origin: 'https://shop.example' },
    form: {
      client_secret: String(intent.client_secret),
      return_url: RETURN_URL,
      'payment_method_data[type]': 'card',
      'payment_method_data[card][number]': '4242 4242 4242 4242',
      'payment_method_data[card][exp_month]': '12',
      'payment_method_data[card][exp_year]': '34',
      'payment_method_data[card][cvc]': '123',
      'payment_method_data[billing_details][address][postal_code]': '0150',
    },
  })
  assert.equal(status, 200)
  assert.equal(body.status, 'succeeded')
  assert.equal(headers.get('access-control-allow-origin'), '*')
  assert.ok(!('metadata' in body) && !('latest_charge' in body))

  const read = await call(sandbox, {
    key,
    method: 'GET',
    path: `/v1/payment_intents/${intent.id}?client_secret=${intent.client_secret}`,
  })
  assert.equal(read.body.status, 'succeeded')
  assert.ok(!('metadata' in read.body))
})

test('Stripe.js may send its key as a parameter and name a card it has tokenised', async (t) => {
  const sandbox = await aSandbox(t)
  const intent = await stripeFor(sandbox).paymentIntents.create({ amount: 900, currency: 'usd' })
  const method = await call(sandbox, {
    path: '/v1/payment_methods',
    form: {
      key: sandbox.keys.publishable,
      type: 'card',
      'card[number]': '5555555555554444',
      'card[exp_month]': '1',
      'card[exp_year]': '2040',
      'card[cvc]': '999',
      muid: 'NA',
    },
  })
  assert.equal(method.status, 200)
  const { body } = await call(sandbox, {
    path: `/v1/payment_intents/${intent.id}/confirm`,
    form: {
      key: sandbox.keys.publishable,
      client_secret: String(intent.client_secret),
      payment_method: String(method.body.id),
      use_stripe_sdk: 'true',
    },
  })
  assert.equal(body.status, 'succeeded')
})

test('without the right client secret a browser can neither read nor confirm', async (t) => {
  const sandbox = await aSandbox(t)
  const intent = await stripeFor(sandbox).paymentIntents.create({ amount: 900, currency: 'usd' })
  const key = sandbox.keys.publishable
  for (const secret of ['', '?client_secret=pi_wrong_secret_x']) {
    const { status } = await call(sandbox, {
      key,
      method: 'GET',
      path: `/v1/payment_intents/${intent.id}${secret}`,
    })
    assert.equal(status, 400)
  }
  const confirmed = await call(sandbox, {
    key,
    path: `/v1/payment_intents/${intent.id}/confirm`,
    form: { client_secret: 'wrong', payment_method: 'pm_card_visa', return_url: RETURN_URL },
  })
  assert.equal(confirmed.status, 400)
  assert.equal((confirmed.body.error as Stripe.StripeRawError).param, 'client_secret')
})

test('a card that needs 3-D Secure waits for the shopper, and is paid once the challenge is completed', async (t) => {
  const sandbox = await aSandbox(t)
  const stripe = stripeFor(sandbox)
  for (const number of [
    'pm_card_threeDSecure2Required',
    'pm_card_authenticationRequired',
    'pm_card_authenticationRequiredOnSetup',
  ]) {
    const { id, client_secret } = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd' })
    const waiting = await stripe.paymentIntents.confirm(id, {
      payment_method: number,
      return_url: RETURN_URL,
    })
    assert.equal(waiting.status, 'requires_action')
    assert.equal(waiting.next_action?.type, 'redirect_to_url')
    assert.equal(waiting.next_action?.redirect_to_url?.return_url, RETURN_URL)
    const challenge = String(waiting.next_action?.redirect_to_url?.url)
    assert.match(await (await fetch(challenge)).text(), /\$10\.00 USD/)

    const back = await answer(challenge, 'complete')
    assert.equal(back.searchParams.get('from'), 'pay')
    assert.equal(back.searchParams.get('payment_intent'), id)
    assert.equal(back.searchParams.get('payment_intent_client_secret'), client_secret)
    assert.equal(back.searchParams.get('redirect_status'), 'succeeded')
    const paid = await stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] })
    assert.equal(paid.status, 'succeeded')
    const { three_d_secure: secure } =
      (paid.latest_charge as Stripe.Charge).payment_method_details?.card ?? {}
    assert.equal(secure?.result, 'authenticated')

    // The back button and a second click change nothing.
    assert.equal((await answer(challenge, 'fail')).searchParams.get('redirect_status'), 'succeeded')
    assert.equal((await stripe.paymentIntents.retrieve(id)).status, 'succeeded')
  }
})

test('a failed challenge gives the payment back for another card', async (t) => {
  const sandbox = await aSandbox(t)
  const stripe = stripeFor(sandbox)
  const { id } = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd' })
  const waiting = await stripe.paymentIntents.confirm(id, {
    payment_method: 'pm_card_threeDSecure2Required',
    return_url: RETURN_URL,
  })
  const back = await answer(String(waiting.next_action?.redirect_to_url?.url), 'fail')
  assert.equal(back.searchParams.get('redirect_status'), 'failed')
  const failed = await stripe.paymentIntents.retrieve(id)
  assert.equal(failed.status, 'requires_payment_method')
  assert.equal(failed.last_payment_error?.code, 'payment_intent_authentication_failure')
  assert.equal(failed.latest_charge, null)
  assert.equal(failed.payment_method, null)

  const paid = await stripe.paymentIntents.confirm(id, {
    payment_method: 'pm_card_visa',
    return_url: RETURN_URL,
  })
  assert.equal(paid.status, 'succeeded')
  assert.equal(paid.last_payment_error, null)
})

test('a card may be declined after its challenge was completed', async (t) => {
  const sandbox = await aSandbox(t)
  const stripe = stripeFor(sandbox)
  for (const [method, decline] of [
    ['pm_card_threeDSecureRequiredChargeDeclined', 'generic_decline'],
    ['pm_card_authenticationRequiredChargeDeclinedInsufficientFunds', 'insufficient_funds'],
  ] as const) {
    const { id } = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd' })
    const waiting = await stripe.paymentIntents.confirm(id, {
      payment_method: method,
      return_url: RETURN_URL,
    })
    const back = await answer(String(waiting.next_action?.redirect_to_url?.url), 'complete')
    assert.equal(back.searchParams.get('redirect_status'), 'failed')
    const { status, last_payment_error: error } = await stripe.paymentIntents.retrieve(id)
    assert.deepEqual([status, error?.decline_code], ['requires_payment_method', decline])
  }
})

test('a challenge that was overtaken by a cancellation charges nothing', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const { id } = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd' })
  const waiting = await stripe.paymentIntents.confirm(id, {
    payment_method: 'pm_card_threeDSecure2Required',
    return_url: RETURN_URL,
  })
  await stripe.paymentIntents.cancel(id)
  const back = await answer(String(waiting.next_action?.redirect_to_url?.url), 'complete')
  assert.equal(back.searchParams.get('redirect_status'), 'failed')
  const { status, latest_charge: charge } = await stripe.paymentIntents.retrieve(id)
  assert.deepEqual([status, charge], ['canceled', null])
})

const DECLINES = [
  ['4000000000000002', 'card_declined', 'generic_decline', undefined],
  ['4000000000009995', 'card_declined', 'insufficient_funds', undefined],
  ['4000000000009987', 'card_declined', 'lost_card', undefined],
  ['4000000000009979', 'card_declined', 'stolen_card', undefined],
  ['4000000000000069', 'expired_card', undefined, 'exp_month'],
  ['4000000000000127', 'incorrect_cvc', undefined, 'cvc'],
  ['4000000000000119', 'processing_error', undefined, undefined],
  ['4000000000000341', 'card_declined', 'generic_decline', undefined],
  ['4000008400001280', 'card_declined', 'generic_decline', undefined],
  ['4111111111111111', 'card_declined', 'test_mode_live_card', undefined],
] as const

for (const [number, code, declineCode, param] of DECLINES) {
  test(`the card ${number} is declined as ${declineCode ?? code}, and another card then pays`, async (t) => {
    const sandbox = await aSandbox(t)
    const stripe = stripeFor(sandbox)
    const intent = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd' })
    const { status, body } = await call(sandbox, {
      key: sandbox.keys.publishable,
      path: `/v1/payment_intents/${intent.id}/confirm`,
      form: { client_secret: String(intent.client_secret), return_url: RETURN_URL, ...cardForm(number) },
    })
    const error = body.error as Stripe.StripeRawError
    assert.equal(status, 402)
    assert.deepEqual(
      [error.type, error.code, error.decline_code, error.param],
      ['card_error', code, declineCode, param],
    )
    assert.equal(error.payment_intent?.status, 'requires_payment_method')

    const after = await stripe.paymentIntents.retrieve(intent.id)
    assert.equal(after.last_payment_error?.code, code)
    const charge = await stripe.charges.retrieve(String(after.latest_charge))
    assert.deepEqual([charge.id, charge.paid, charge.failure_code], [error.charge, false, code])

    const paid = await stripe.paymentIntents.confirm(intent.id, {
      payment_method: 'pm_card_visa',
      return_url: RETURN_URL,
    })
    assert.equal(paid.status, 'succeeded')
  })
}

test('the official client throws a card error for a decline', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const declined = stripe.paymentIntents.create({
    amount: 1000,
    currency: 'usd',
    allowed_payment_method_types: ['card'],
    payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds',
    confirm: true,
  })
  await assert.rejects(declined, (error) => {
    assert.ok(error instanceof Stripe.errors.StripeCardError)
    assert.equal(error.statusCode, 402)
    assert.equal(error.decline_code, 'insufficient_funds')
    assert.equal(error.message, 'Your card has insufficient funds.')
    assert.equal(error.payment_intent?.status, 'requires_payment_method')
    return true
  })
})

test('a mistyped card is refused before anything is charged', async (t) => {
  const sandbox = await aSandbox(t)
  for (const [card, code] of [
    [{ 'card[number]': '4242424242424241' }, 'incorrect_number'],
    [{ 'card[number]': '42' }, 'invalid_number'],
    [{ 'card[exp_month]': '13' }, 'invalid_expiry_month'],
    [{ 'card[exp_year]': '1999' }, 'invalid_expiry_year'],
    [{ 'card[cvc]': '99' }, 'invalid_cvc'],
  ] as const) {
    const { status, body } = await call(sandbox, {
      key: sandbox.keys.publishable,
      path: '/v1/payment_methods',
      form: {
        type: 'card',
        'card[number]': '4242424242424242',
        'card[exp_month]': '12',
        'card[exp_year]': '2034',
        ...card,
      },
    })
    assert.deepEqual([status, (body.error as Stripe.StripeRawError).code], [402, code])
  }
})

test('off session, a card that needs the shopper is declined instead of asking', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const off = {
    amount: 1000,
    currency: 'usd',
    allowed_payment_method_types: ['card'],
    confirm: true,
    off_session: true,
  }
  await assert.rejects(
    stripe.paymentIntents.create({ ...off, payment_method: 'pm_card_authenticationRequired' }),
    { code: 'authentication_required' },
  )
  const paid = await stripe.paymentIntents.create({
    ...off,
    payment_method: 'pm_card_authenticationRequiredSetupForOffSession',
  })
  assert.equal(paid.status, 'succeeded')
})

test('an authorised payment is captured in full or in part, and what is left is let go', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const held = await stripe.paymentIntents.create({
    amount: 1000,
    currency: 'usd',
    capture_method: 'manual',
    allowed_payment_method_types: ['card'],
    payment_method: 'pm_card_visa',
    confirm: true,
  })
  assert.deepEqual([held.status, held.amount_capturable, held.amount_received], ['requires_capture', 1000, 0])
  await assert.rejects(stripe.paymentIntents.capture(held.id, { amount_to_capture: 1001 }), {
    code: 'amount_too_large',
  })
  const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 600 })
  assert.deepEqual(
    [captured.status, captured.amount_capturable, captured.amount_received],
    ['succeeded', 0, 600],
  )
  await assert.rejects(stripe.paymentIntents.capture(held.id), { code: 'payment_intent_unexpected_state' })

  await assert.rejects(stripe.refunds.create({ payment_intent: held.id, amount: 601 }), /greater than/)
  await stripe.refunds.create({ payment_intent: held.id })
  const charge = await stripe.charges.retrieve(String(captured.latest_charge))
  assert.deepEqual([charge.amount_captured, charge.amount_refunded, charge.refunded], [600, 1000, true])
})

test('a payment that waits can be cancelled, one that is paid cannot', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const waiting = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd' })
  const cancelled = await stripe.paymentIntents.cancel(waiting.id, { cancellation_reason: 'abandoned' })
  assert.deepEqual([cancelled.status, cancelled.cancellation_reason], ['canceled', 'abandoned'])
  const again = { code: 'payment_intent_unexpected_state', statusCode: 400 }
  await assert.rejects(stripe.paymentIntents.cancel(waiting.id), again)
  await assert.rejects(
    stripe.paymentIntents.confirm(waiting.id, { payment_method: 'pm_card_visa', return_url: RETURN_URL }),
    again,
  )
  const paid = await stripe.paymentIntents.create({
    amount: 1000,
    currency: 'usd',
    allowed_payment_method_types: ['card'],
    payment_method: 'pm_card_visa',
    confirm: true,
  })
  await assert.rejects(stripe.paymentIntents.cancel(paid.id), again)
  await assert.rejects(stripe.paymentIntents.confirm(paid.id), again)
})

test('a cancelled authorisation is let go', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const held = await stripe.paymentIntents.create({
    amount: 1000,
    currency: 'usd',
    capture_method: 'manual',
    allowed_payment_method_types: ['card'],
    payment_method: 'pm_card_visa',
    confirm: true,
  })
  const cancelled = await stripe.paymentIntents.cancel(held.id)
  assert.deepEqual([cancelled.status, cancelled.amount_capturable], ['canceled', 0])
  const charge = await stripe.charges.retrieve(String(held.latest_charge))
  assert.deepEqual([charge.captured, charge.amount_captured, charge.refunded], [false, 0, true])
})

test('refunds never exceed what was paid', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const paid = await stripe.paymentIntents.create({
    amount: 1000,
    currency: 'usd',
    allowed_payment_method_types: ['card'],
    payment_method: 'pm_card_visa',
    confirm: true,
  })
  await assert.rejects(stripe.refunds.create({ payment_intent: paid.id, amount: 1001 }), {
    message: 'Refund amount ($10.01) is greater than charge amount ($10.00)',
  })
  const part = await stripe.refunds.create({
    payment_intent: paid.id,
    amount: 300,
    reason: 'requested_by_customer',
  })
  assert.deepEqual([part.status, part.amount, part.charge], ['succeeded', 300, paid.latest_charge])
  await assert.rejects(
    stripe.refunds.create({ charge: String(paid.latest_charge), amount: 701 }),
    /unrefunded amount/,
  )
  const rest = await stripe.refunds.create({ charge: String(paid.latest_charge) })
  assert.equal(rest.amount, 700)
  await assert.rejects(stripe.refunds.create({ payment_intent: paid.id }), {
    code: 'charge_already_refunded',
  })
  assert.equal((await stripe.refunds.retrieve(part.id)).amount, 300)
  const listed = await stripe.refunds.list({ payment_intent: paid.id })
  assert.deepEqual(
    listed.data.map(({ id }) => id),
    [rest.id, part.id],
  )
})

test('what was not paid cannot be refunded', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const { id } = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd' })
  await assert.rejects(stripe.refunds.create({ payment_intent: id }), /does not have a successful charge/)
  await assert.rejects(stripe.refunds.create({}), { code: 'parameter_missing' })
  await assert.rejects(stripe.refunds.create({ charge: 'ch_none' }), {
    code: 'resource_missing',
    statusCode: 404,
  })
})

test('an open payment’s amount may be changed, a paid one’s only in what describes it', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const { id } = await stripe.paymentIntents.create({
    amount: 1000,
    currency: 'usd',
    metadata: { a: '1', b: '2' },
  })
  const updated = await stripe.paymentIntents.update(id, { amount: 1500, metadata: { a: '', c: '3' } })
  assert.equal(updated.amount, 1500)
  assert.deepEqual(updated.metadata, { b: '2', c: '3' })
  await stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa', return_url: RETURN_URL })
  await assert.rejects(stripe.paymentIntents.update(id, { amount: 1 }), {
    code: 'payment_intent_unexpected_state',
  })
  assert.equal((await stripe.paymentIntents.update(id, { description: 'later' })).description, 'later')
})

test('a challenge for an amount that has changed since charges nothing', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const { id } = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd' })
  const waiting = await stripe.paymentIntents.confirm(id, {
    payment_method: 'pm_card_threeDSecure2Required',
    return_url: RETURN_URL,
  })
  const changed = await stripe.paymentIntents.update(id, { amount: 9000 })
  assert.equal(changed.status, 'requires_confirmation')
  await answer(String(waiting.next_action?.redirect_to_url?.url), 'complete')
  assert.equal((await stripe.paymentIntents.retrieve(id)).status, 'requires_confirmation')
})

test('lists come newest first, in pages that the official client walks through', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const made: string[] = []
  for (let index = 0; index < 5; index++) {
    made.unshift((await stripe.paymentIntents.create({ amount: 100, currency: 'usd' })).id)
  }
  const walked: string[] = []
  for await (const intent of stripe.paymentIntents.list({ limit: 2 })) walked.push(intent.id)
  assert.deepEqual(walked, made)
  const before = await stripe.paymentIntents.list({ ending_before: String(made[3]), limit: 2 })
  assert.deepEqual(
    before.data.map(({ id }) => id),
    [made[1], made[2]],
  )
})

function cardForm(number: string): Record<string, string> {
  return {
    'payment_method_data[type]': 'card',
    'payment_method_data[card][number]': number,
    'payment_method_data[card][exp_month]': '12',
    'payment_method_data[card][exp_year]': '2034',
    'payment_method_data[card][cvc]': '123',
  }
}

/** Where the challenge page sends the shopper. */
async function answer(challenge: string, outcome: 'complete' | 'fail'): Promise<URL> {
  const response = await fetch(challenge, {
    method: 'POST',
    body: new URLSearchParams({ outcome }),
    redirect: 'manual',
  })
  assert.equal(response.status, 303)
  return new URL(String(response.headers.get('location')))
}
