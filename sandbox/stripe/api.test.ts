import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import Stripe from 'stripe'
import { aSandbox, call, control, stripeFor, until } from '../testing.ts'

type RawError = Stripe.StripeRawError

const REFUSALS: { says: string; form: Record<string, string>; expect: Partial<RawError> }[] = [
  {
    says: 'a missing parameter',
    form: { currency: 'usd' },
    expect: { code: 'parameter_missing', param: 'amount', message: 'Missing required param: amount.' },
  },
  {
    says: 'an unknown parameter',
    form: { amount: '100', currency: 'usd', colour: 'red' },
    expect: { code: 'parameter_unknown', param: 'colour', message: 'Received unknown parameter: colour' },
  },
  {
    says: 'an unknown nested parameter',
    form: { amount: '100', currency: 'usd', 'automatic_payment_methods[on]': 'true' },
    expect: { code: 'parameter_unknown', param: 'automatic_payment_methods[on]' },
  },
  {
    says: 'an amount that is no integer',
    form: { amount: '10.5', currency: 'usd' },
    expect: { code: 'parameter_invalid_integer', param: 'amount', message: 'Invalid integer: 10.5' },
  },
  {
    says: 'a negative amount',
    form: { amount: '-5', currency: 'usd' },
    expect: { code: 'parameter_invalid_integer', param: 'amount' },
  },
  {
    says: 'an amount under the minimum',
    form: { amount: '49', currency: 'usd' },
    expect: { code: 'amount_too_small', param: 'amount', message: 'Amount must be at least $0.50 usd' },
  },
  {
    says: 'an amount under the minimum of a currency without decimals',
    form: { amount: '49', currency: 'jpy' },
    expect: { code: 'amount_too_small', message: 'Amount must be at least ¥50 jpy' },
  },
  {
    says: 'an amount over the maximum',
    form: { amount: '100000000', currency: 'usd' },
    expect: { code: 'amount_too_large', param: 'amount', message: 'Amount must be no more than $999,999.99' },
  },
  {
    says: 'a tenth of a fils',
    form: { amount: '10001', currency: 'kwd' },
    expect: { code: 'parameter_invalid_integer', param: 'amount' },
  },
  { says: 'an unknown currency', form: { amount: '100', currency: 'xyz' }, expect: { param: 'currency' } },
  {
    says: 'an empty value',
    form: { amount: '100', currency: '' },
    expect: { code: 'parameter_invalid_empty', param: 'currency' },
  },
  {
    says: 'a choice that is none',
    form: { amount: '100', currency: 'usd', capture_method: 'later' },
    expect: {
      param: 'capture_method',
      message: 'Invalid capture_method: must be one of automatic, automatic_async, or manual',
    },
  },
  {
    says: 'a boolean that is none',
    form: { amount: '100', currency: 'usd', confirm: 'perhaps' },
    expect: { param: 'confirm', message: 'Invalid boolean: perhaps' },
  },
  {
    says: 'a malformed address of a receipt',
    form: { amount: '100', currency: 'usd', receipt_email: 'ada' },
    expect: { code: 'email_invalid', param: 'receipt_email' },
  },
  {
    says: 'a return address that a browser would run',
    form: { amount: '100', currency: 'usd', confirm: 'true', return_url: 'javascript:alert(1)' },
    expect: { code: 'url_invalid', param: 'return_url' },
  },
  {
    says: 'an object where a word belongs',
    form: { amount: '100', currency: 'usd', 'description[a]': 'b' },
    expect: { param: 'description' },
  },
  {
    says: 'a word where an object belongs',
    form: { amount: '100', currency: 'usd', metadata: 'a' },
    expect: { param: 'metadata', message: 'Invalid object' },
  },
  {
    says: 'metadata that is too long',
    form: { amount: '100', currency: 'usd', 'metadata[a]': 'x'.repeat(501) },
    expect: { param: 'metadata[a]' },
  },
  {
    says: 'two ways to choose payment methods',
    form: {
      amount: '100',
      currency: 'usd',
      'automatic_payment_methods[enabled]': 'true',
      'allowed_payment_method_types[]': 'card',
    },
    expect: { code: 'parameters_exclusive', param: 'automatic_payment_methods' },
  },
  {
    says: 'the parameter that the newest version has taken away',
    form: { amount: '100', currency: 'usd', 'payment_method_types[]': 'card' },
    expect: { code: 'payment_method_types_no_longer_supported', param: 'payment_method_types' },
  },
  {
    says: 'a payment method that is not activated',
    form: { amount: '100', currency: 'usd', 'allowed_payment_method_types[]': 'ideal' },
    expect: { param: 'allowed_payment_method_types' },
  },
  {
    says: 'a parameter that would move money elsewhere',
    form: { amount: '100', currency: 'usd', 'transfer_data[destination]': 'acct_1' },
    expect: { param: 'transfer_data' },
  },
  {
    says: 'a confirmation that might redirect without saying where to',
    form: { amount: '100', currency: 'usd', confirm: 'true', payment_method: 'pm_card_visa' },
    expect: { param: 'return_url' },
  },
]

for (const { says, form, expect } of REFUSALS) {
  test(`a payment with ${says} is refused with 400 and the parameter’s name`, async (t) => {
    const sandbox = await aSandbox(t)
    const { status, body } = await call(sandbox, {
      key: sandbox.keys.secret,
      path: '/v1/payment_intents',
      form,
    })
    const error = body.error as RawError
    assert.equal(status, 400)
    assert.equal(error.type, 'invalid_request_error')
    for (const [name, value] of Object.entries(expect)) assert.equal(error[name as keyof RawError], value)
    const { charges } = await control<{ charges: number }>(sandbox, 'GET', 'stripe/counters')
    assert.equal(charges, 0)
  })
}

test('only a known key is let in, and a publishable one only where a browser may call', async (t) => {
  const sandbox = await aSandbox(t)
  await assert.rejects(
    stripeFor(sandbox, 'sk_test_somebody_else').paymentIntents.create({ amount: 100, currency: 'usd' }),
    (error) => {
      assert.ok(error instanceof Stripe.errors.StripeAuthenticationError)
      assert.match(error.message, /^Invalid API Key provided: sk_test_\*+else$/)
      return true
    },
  )
  await assert.rejects(
    stripeFor(sandbox, sandbox.keys.publishable).paymentIntents.create({ amount: 100, currency: 'usd' }),
    { code: 'secret_key_required' },
  )
  const form = { amount: '100', currency: 'usd' }
  assert.equal((await call(sandbox, { path: '/v1/payment_intents', form })).status, 401)
  const basic = `Basic ${Buffer.from(`${sandbox.keys.secret}:`).toString('base64')}`
  const curl = await call(sandbox, { path: '/v1/payment_intents', form, headers: { authorization: basic } })
  assert.equal(curl.status, 200)
})

test('an older API version still takes payment_method_types', async (t) => {
  const sandbox = await aSandbox(t)
  const { status, headers } = await call(sandbox, {
    key: sandbox.keys.secret,
    path: '/v1/payment_intents',
    form: { amount: '100', currency: 'usd', 'payment_method_types[]': 'card' },
    headers: { 'stripe-version': '2025-09-30.clover' },
  })
  assert.deepEqual([status, headers.get('stripe-version')], [200, '2025-09-30.clover'])
})

test('what does not exist is a 404 in the API’s own words', async (t) => {
  const sandbox = await aSandbox(t)
  const stripe = stripeFor(sandbox)
  await assert.rejects(stripe.paymentIntents.retrieve('pi_none'), {
    code: 'resource_missing',
    statusCode: 404,
    message: "No such payment_intent: 'pi_none'",
  })
  const { status, body } = await call(sandbox, {
    key: sandbox.keys.secret,
    method: 'GET',
    path: '/v1/unicorns',
  })
  assert.equal(status, 404)
  assert.match((body.error as RawError).message ?? '', /^Unrecognized request URL \(GET: \/v1\/unicorns\)/)
})

test('a body in JSON, broken encoding, endless nesting and prototypes’ names are refused, not stumbled over', async (t) => {
  const sandbox = await aSandbox(t)
  const post = async (body: string, type = 'application/x-www-form-urlencoded') => {
    const headers = { authorization: `Bearer ${sandbox.keys.secret}`, 'content-type': type }
    return (await fetch(`${sandbox.url}/v1/payment_intents`, { method: 'POST', body, headers })).status
  }
  const money = 'amount=100&currency=usd'
  assert.equal(await post('{"amount":100}', 'application/json'), 400)
  assert.equal(await post(`${money}&description=%ff%zz`), 400)
  assert.equal(await post(`${money}&a${'[b]'.repeat(50)}=1`), 400)
  assert.equal(await post(`${money}&${'x=1&'.repeat(2000)}`), 400)
  assert.equal(await post(`${money}&__proto__[a]=1&constructor=2`), 400)
  assert.equal(await post(`${money}&metadata[__proto__]=1`), 200)
  assert.equal(await post(`${money}&metadata=1&metadata[a]=2`), 400)
  assert.equal(await post('x'.repeat(2 * 1024 * 1024)), 413)
})

test('a browser’s preflight is answered', async (t) => {
  const sandbox = await aSandbox(t)
  const response = await fetch(`${sandbox.url}/v1/payment_methods`, { method: 'OPTIONS' })
  assert.equal(response.status, 204)
  assert.match(String(response.headers.get('access-control-allow-headers')), /authorization/)
})

test('a repeated idempotency key is answered as before, and pays once', async (t) => {
  const sandbox = await aSandbox(t)
  const stripe = stripeFor(sandbox)
  const params = {
    amount: 1000,
    currency: 'usd',
    allowed_payment_method_types: ['card'],
    payment_method: 'pm_card_visa',
    confirm: true,
  }
  const first = await stripe.paymentIntents.create(params, { idempotencyKey: 'order-1' })
  const second = await stripe.paymentIntents.create(params, { idempotencyKey: 'order-1' })
  assert.equal(second.id, first.id)
  assert.equal(first.lastResponse.headers['idempotent-replayed'], undefined)
  assert.equal(second.lastResponse.headers['idempotent-replayed'], 'true')
  assert.equal(second.lastResponse.headers['original-request'], first.lastResponse.requestId)
  assert.equal((await stripe.charges.list()).data.length, 1)
})

test('a decline is remembered under its key, a refusal of the parameters is not', async (t) => {
  const sandbox = await aSandbox(t)
  const stripe = stripeFor(sandbox)
  const { id } = await stripe.paymentIntents.create({
    amount: 1000,
    currency: 'usd',
    allowed_payment_method_types: ['card'],
  })
  const declined = () =>
    stripe.paymentIntents.confirm(
      id,
      { payment_method: 'pm_card_visa_chargeDeclined' },
      { idempotencyKey: 'try-1' },
    )
  await assert.rejects(declined(), { code: 'card_declined' })
  await assert.rejects(declined(), { code: 'card_declined' })
  assert.equal((await stripe.charges.list({ payment_intent: id })).data.length, 1)

  const key = { idempotencyKey: 'order-2' }
  await assert.rejects(stripe.paymentIntents.create({ amount: 1, currency: 'usd' }, key), {
    code: 'amount_too_small',
  })
  assert.equal((await stripe.paymentIntents.create({ amount: 100, currency: 'usd' }, key)).amount, 100)
})

test('an idempotency key used for something else is an idempotency error', async (t) => {
  const stripe = stripeFor(await aSandbox(t))
  const key = { idempotencyKey: 'order-3' }
  const { id } = await stripe.paymentIntents.create({ amount: 100, currency: 'usd' }, key)
  const refused = { type: 'StripeIdempotencyError', statusCode: 400 }
  await assert.rejects(stripe.paymentIntents.create({ amount: 200, currency: 'usd' }, key), refused)
  await assert.rejects(stripe.paymentIntents.cancel(id, {}, key), refused)
})

test('an idempotency key whose first request still runs is a conflict', async (t) => {
  const sandbox = await aSandbox(t)
  await control(sandbox, 'POST', 'stripe/faults', { latencyMs: 3_000 })
  const create = () =>
    call(sandbox, {
      key: sandbox.keys.secret,
      path: '/v1/payment_intents',
      form: { amount: '100', currency: 'usd' },
      headers: { 'idempotency-key': 'order-4' },
    })
  const answers = await Promise.all([create(), create(), create()])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
  await control(sandbox, 'POST', 'stripe/faults', { latencyMs: 0 })
  assert.equal((await create()).headers.get('idempotent-replayed'), 'true')
})

test('the next calls fail as they are told to, before or after they took effect', async (t) => {
  const sandbox = await aSandbox(t)
  const stripe = stripeFor(sandbox)
  const create = (idempotencyKey: string) =>
    stripe.paymentIntents.create({ amount: 100, currency: 'usd' }, { idempotencyKey })
  const fail = (fault: unknown) => control(sandbox, 'POST', 'stripe/faults', { fail: fault })
  const made = async () => (await stripe.paymentIntents.list()).data.length

  for (const [kind, type] of [
    [500, 'StripeAPIError'],
    [429, 'StripeRateLimitError'],
    [409, 'StripeAPIError'],
  ] as const) {
    await fail({ kind, count: 1, method: 'POST' })
    await assert.rejects(create('before'), { type, statusCode: kind })
    assert.equal(await made(), 0)
  }
  await fail({ kind: 500, count: 2, when: 'after', method: 'POST', path: '/payment_intents' })
  await assert.rejects(create('after'))
  await assert.rejects(create('after'))
  assert.equal(await made(), 1)
  assert.equal((await create('after')).lastResponse.headers['idempotent-replayed'], 'true')
  assert.equal(await made(), 1)

  // The client itself tries once more when a connection is closed on it, under the same key.
  await fail({ kind: 'reset', count: 2, when: 'after', method: 'POST' })
  await assert.rejects(create('reset'), { type: 'StripeConnectionError' })
  assert.equal(await made(), 2)
  await create('reset')
  assert.equal(await made(), 2)
})

test('a frozen API accepts a call and never answers it, until the time is up', async (t) => {
  const sandbox = await aSandbox(t)
  await control(sandbox, 'POST', 'stripe/faults', { freezeMs: 60_000 })
  const { hostname, port } = new URL(sandbox.url)
  const impatient = new Stripe(sandbox.keys.secret, {
    host: hostname,
    port,
    protocol: 'http',
    timeout: 100,
    telemetry: false,
    maxNetworkRetries: 0,
  })
  await assert.rejects(impatient.paymentIntents.create({ amount: 100, currency: 'usd' }), {
    type: 'StripeConnectionError',
  })
  await control(sandbox, 'POST', 'stripe/faults', { freezeMs: 200 })
  await until(
    async () => (await control<{ frozenForMs: number }>(sandbox, 'GET', 'stripe/faults')).frozenForMs === 0,
    'the freeze ends',
  )
  assert.equal((await stripeFor(sandbox).paymentIntents.list()).data.length, 0)
})

test('a fault that is none is refused with a reason', async (t) => {
  const sandbox = await aSandbox(t)
  for (const body of [
    { latencyMs: -1 },
    { fail: { kind: 418 } },
    { fail: { kind: 500, when: 'during' } },
    { colour: 1 },
  ]) {
    const { error } = await control<{ error?: string }>(sandbox, 'POST', 'stripe/faults', body)
    assert.ok(error)
  }
})

test('the control API lists everything in pages, for the books to be compared', async (t) => {
  const sandbox = await aSandbox(t)
  const stripe = stripeFor(sandbox)
  for (let index = 0; index < 3; index++) await stripe.paymentIntents.create({ amount: 100, currency: 'usd' })
  type Page = { data: Stripe.PaymentIntent[]; has_more: boolean }
  const first = await control<Page>(sandbox, 'GET', 'stripe/payment_intents?limit=2')
  assert.deepEqual([first.data.length, first.has_more], [2, true])
  const last = first.data.at(-1)?.id
  const second = await control<Page>(sandbox, 'GET', `stripe/payment_intents?limit=2&starting_after=${last}`)
  assert.deepEqual([second.data.length, second.has_more], [1, false])
  await control(sandbox, 'POST', 'reset')
  assert.equal((await control<Page>(sandbox, 'GET', 'stripe/payment_intents')).data.length, 0)
})

const FIXTURES = fileURLToPath(new URL('../../../shared/specs/stripe/fixtures3.json', import.meta.url))

test('answers carry every field of Stripe’s published fixtures', async (t) => {
  if (!existsSync(FIXTURES)) {
    t.skip(
      'the fixtures of Stripe’s OpenAPI repository are not beside this repository: ../shared/specs/stripe/fixtures3.json',
    )
    return
  }
  const { resources } = JSON.parse(readFileSync(FIXTURES, 'utf8')) as { resources: Record<string, object> }
  const stripe = stripeFor(await aSandbox(t))
  const intent = await stripe.paymentIntents.create({
    amount: 1000,
    currency: 'usd',
    allowed_payment_method_types: ['card'],
    payment_method: 'pm_card_visa',
    confirm: true,
  })
  const refund = await stripe.refunds.create({ payment_intent: intent.id })
  const ours: Record<string, object> = {
    payment_intent: intent,
    charge: await stripe.charges.retrieve(String(intent.latest_charge)),
    refund,
    payment_method: await stripe.paymentMethods.retrieve(String(intent.payment_method)),
    event: (await stripe.events.list()).data[0] ?? {},
    balance_transaction: await stripe.balanceTransactions.retrieve(String(refund.balance_transaction)),
  }
  for (const [name, object] of Object.entries(ours)) {
    const missing = Object.keys(resources[name] ?? {}).filter((key) => !(key in object))
    assert.deepEqual(missing, [], `${name} lacks fields`)
  }
  const card = (resource: unknown) => Object.keys((resource as { card: object }).card)
  const lacking = card(resources.payment_method).filter((key) => !card(ours.payment_method).includes(key))
  assert.deepEqual(lacking, [], 'payment_method.card lacks fields')
})
