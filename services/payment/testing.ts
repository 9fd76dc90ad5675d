import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Rejection } from '@stoa/contract'
import { payment } from '@stoa/contracts/payment'
import { newTrace } from '@stoa/runtime'
import { type Sandbox, startSandbox } from '@stoa/sandbox'
import { startTestHost, type TestHost } from '@stoa/testing'
import Stripe from 'stripe'
import { v7 } from 'uuid'
import service from './service.ts'

/** A sandbox that a busy machine holds up is waited for. */
const PATIENT = { STRIPE_TIMEOUT_MS: '5000' }
/** For who tests a sandbox that does not answer. */
export const IMPATIENT = { STRIPE_TIMEOUT_MS: '400' }

export type PaymentHost = Awaited<ReturnType<typeof startPaymentHost>>

/**
 * The payment service beside Stripe's sandbox, whose webhooks come back to it over HTTP. With `webhooks: false` none come by
 * themselves: the test takes them from `events` and tells them when it likes.
 */
export async function startPaymentHost({
  webhooks = true,
  environment = {},
  services = [],
  databaseOf,
}: {
  webhooks?: boolean
  environment?: Record<string, string>
  services?: Parameters<typeof startTestHost>[0]['services']
  databaseOf?: TestHost
} = {}) {
  const sandbox = await startSandbox()
  const host = await startTestHost({
    services: [service, ...services],
    environment: { STRIPE_URL: sandbox.url, ...PATIENT, ...environment },
    ...(databaseOf ? { database: databaseOf.database } : {}),
  })
  const edge = await startWebhookEdge(host)
  if (webhooks)
    await control(sandbox, 'POST', 'webhook_endpoints', { url: edge.url, secret: sandbox.keys.webhook })
  return {
    ...host,
    sandbox,
    /** As other services call it. */
    payments: host.client(payment, { via: 'test' }),
    /** As a browser calls it. */
    browser: host.client(payment),
    staff: host.client(payment, { actor: aMemberOfStaff() }),
    control: (method: string, path: string, body?: object) => control(sandbox, method, path, body),
    /** What the shopper's browser does at Stripe. */
    shopper: new Stripe(sandbox.keys.publishable, { ...addressOf(sandbox), maxNetworkRetries: 0 }),
    /** What the shop's owner does in Stripe's dashboard. */
    dashboard: new Stripe(sandbox.keys.secret, { ...addressOf(sandbox), maxNetworkRetries: 0 }),
    /** The names of the facts announced so far. */
    announced: async () => (await host.loggedEvents()).map(({ name }) => name),
    [Symbol.asyncDispose]: async () => {
      edge.close()
      await host[Symbol.asyncDispose]()
      await sandbox.stop()
    },
  }
}

export const aMemberOfStaff = (permissions = ['payment:read', 'payment:refund']) => ({
  kind: 'staff' as const,
  id: v7(),
  sessionId: v7(),
  permissions,
})

/** The input that opens the payment of an order. */
export const anOpening = (given: { orderId?: string; amountMinor?: number; currency?: string } = {}) => ({
  orderId: given.orderId ?? v7(),
  orderNumber: 'S-7K3M-92QX',
  amount: { amountMinor: given.amountMinor ?? 4200, currency: given.currency ?? 'EUR' },
  email: 'ada@example.com',
})

/** The shopper's browser confirms; a decline is an answer, too. */
export async function confirm(
  shop: PaymentHost,
  clientSecret: string,
  card: string,
): Promise<Stripe.PaymentIntent> {
  const [reference = ''] = clientSecret.split('_secret_')
  return shop.shopper.paymentIntents
    .confirm(reference, {
      payment_method: card,
      client_secret: clientSecret,
      return_url: 'https://shop.example/back',
      // Stripe.js sends it; the server's package has no name for it.
    } as Stripe.PaymentIntentConfirmParams)
    .catch((error) => {
      if (error instanceof Stripe.errors.StripeCardError) return error.payment_intent as Stripe.PaymentIntent
      throw error
    })
}

/** A payment that was made. */
export async function aPaidPayment(shop: PaymentHost, opening = anOpening()) {
  const { paymentId, clientSecret } = await shop.payments.create(opening)
  await confirm(shop, clientSecret, 'pm_card_visa')
  await shop.browser.complete({ paymentId, clientSecret })
  return { ...opening, paymentId, clientSecret, reference: clientSecret.split('_secret_')[0] ?? '' }
}

export async function paymentRow(shop: PaymentHost, orderId: string) {
  const { rows } = await shop.pool.query('select * from payment.payments where order_id = $1', [orderId])
  return rows[0]
}

/** Runs a job of the service now, as the clock would. */
export async function runJob(shop: PaymentHost, name: string, input: object = {}): Promise<void> {
  const hosted = shop.host.services.find((candidate) => candidate.name === 'payment')
  const job = hosted?.service.jobs.find((candidate) => candidate.name === name)
  if (!hosted || !job) throw new Error(`there is no job ${name}`)
  await job.handle(input, hosted.context({ name, trace: newTrace(), signal: AbortSignal.timeout(10_000) }))
}

/** Stands for the gateway in front of the service: hands the raw body on, and answers with the status of what comes of it. */
async function startWebhookEdge(host: TestHost) {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    try {
      const signature = String(request.headers['stripe-signature'])
      await host.client(payment).stripeWebhook({ body, signature })
      response.writeHead(200).end()
    } catch (error) {
      response.writeHead(error instanceof Rejection && error.code === 'BAD_SIGNATURE' ? 401 : 500).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function addressOf({ url }: Sandbox) {
  const { hostname, port } = new URL(url)
  return { host: hostname, port, protocol: 'http' as const }
}

// biome-ignore lint/suspicious/noExplicitAny: the sandbox's answers are read by tests alone
async function control(sandbox: Sandbox, method: string, path: string, body?: object): Promise<any> {
  const response = await fetch(`${sandbox.url}/sandbox/stripe/${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response.json()
}
