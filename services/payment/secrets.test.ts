import assert from 'node:assert/strict'
import { test } from 'node:test'
import { payment } from '@stoa/contracts/payment'
import { startHost } from '@stoa/runtime'
import { pino } from 'pino'
import { openStripe, SANDBOX } from './gateways/stripe.ts'
import service from './service.ts'
import { anOpening, confirm, startPaymentHost } from './testing.ts'

const settings = { ...SANDBOX, publicUrl: undefined, webhookSecrets: SANDBOX.webhookSecret, timeoutMs: 1000 }
const own = { secretKey: 'sk_live_1', publishableKey: 'pk_live_1', webhookSecrets: 'whsec_1' }

test('with the public keys of the sandbox nothing starts against the real Stripe, and the error names them', () => {
  const url = 'https://api.stripe.com'
  assert.throws(
    () => openStripe({ ...settings, url }),
    /STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY, STRIPE_WEBHOOK_SECRET/,
  )
  assert.throws(
    () => openStripe({ ...settings, ...own, url, webhookSecrets: `whsec_1,${SANDBOX.webhookSecret}` }),
    /set STRIPE_WEBHOOK_SECRET/,
  )
  openStripe({ ...settings, ...own, url })
})

test('the browser is told the address that it can reach', () => {
  const gateway = openStripe({ ...settings, publicUrl: 'https://pay.example/' })
  assert.equal(gateway.browser.apiUrl, 'https://pay.example')
})

test('no client secret, no key and no webhook secret is ever logged, whatever fails', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const host = await startHost({
    services: [service],
    environment: { DATABASE_URL: shop.database.url, STRIPE_URL: shop.sandbox.url, STRIPE_TIMEOUT_MS: '200' },
    logger,
  })
  const payments = host.client(payment, { via: 'test' })
  const secrets: string[] = []
  try {
    const paid = anOpening()
    const { clientSecret, paymentId } = await payments.create(paid)
    const other = await payments.create(anOpening())
    secrets.push(clientSecret, other.clientSecret)
    await confirm(shop, clientSecret, 'pm_card_visa_chargeDeclined')
    await payments.complete({ paymentId, clientSecret })
    await confirm(shop, clientSecret, 'pm_card_visa')
    const fails = [
      () => payments.cancel({ orderId: paid.orderId }),
      () => payments.complete({ paymentId, clientSecret: other.clientSecret }),
      () => payments.stripeWebhook({ body: JSON.stringify({ clientSecret }), signature: clientSecret }),
    ]
    for (const fail of fails) await assert.rejects(fail())
    // The database breaks under it, so that unexpected errors are logged with their causes.
    await shop.pool.query('alter table payment.payments rename to hidden')
    await assert.rejects(payments.complete({ paymentId, clientSecret }))
    await assert.rejects(payments.create(anOpening()))
    await shop.pool.query('alter table payment.hidden rename to payments')
    await shop.control('POST', 'faults', { fail: { kind: 'hang', count: 3 } })
    await assert.rejects(payments.create(anOpening()))
  } finally {
    await host.stop()
  }
  const log = lines.join('')
  assert.ok(log.includes('an operation failed'), 'something was logged')
  for (const secret of [...secrets, SANDBOX.secretKey, SANDBOX.webhookSecret])
    assert.ok(!log.includes(secret))
  assert.doesNotMatch(log, /_secret_/)
})
