import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Rejection } from '@stoa/contract'
import { Breaker } from '@stoa/runtime'
import Stripe from 'stripe'
import { z } from 'zod'
import type { Failure, IntentSnapshot, RefundSnapshot } from '../payment-state.ts'
import { withAttempts } from './attempts.ts'
import type { Gateway, GatewayEvent } from './gateway.ts'
import { fromStripeAmount, toStripeAmount } from './stripe-amount.ts'

/** What the sandbox on a developer's machine goes by. */
export const SANDBOX = {
  url: 'http://127.0.0.1:8090',
  secretKey: 'sk_test_stoa_sandbox',
  publishableKey: 'pk_test_stoa_sandbox',
  webhookSecret: 'whsec_stoa_sandbox',
} as const

export type StripeSettings = {
  readonly url: string
  readonly publicUrl: string | undefined
  readonly secretKey: string
  readonly publishableKey: string
  /** Comma-separated: each is good. */
  readonly webhookSecrets: string
  readonly timeoutMs: number
}

/** Older events may be replays (https://docs.stripe.com/webhooks#replay-attacks). */
const WEBHOOK_TOLERANCE_SECONDS = 300

/** Connections to Stripe from this process: its own rate limit is 100 calls a second. */
const MAX_SOCKETS = 64

/** While `breaker` is open, each call is refused with `GATEWAY_UNAVAILABLE` at once. */
export function openStripe(
  settings: StripeSettings,
  breaker: Breaker = new Breaker(),
): Gateway & AsyncDisposable {
  refuseSandboxKeys(settings)
  const url = new URL(settings.url)
  const secure = url.protocol === 'https:'
  const agentOptions = { keepAlive: true, maxSockets: MAX_SOCKETS }
  const agent = secure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions)
  const stripe = new Stripe(settings.secretKey, {
    host: url.hostname,
    port: url.port || (secure ? 443 : 80),
    protocol: secure ? 'https' : 'http',
    timeout: settings.timeoutMs,
    // Its own repetitions leave 429 out, know no deadline, and are not quite as many as asked for.
    maxNetworkRetries: 0,
    httpClient: singleAttemptClient(agent),
    telemetry: false,
  })
  const secrets = settings.webhookSecrets
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '')
  const ask = <T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> =>
    withAttempts(() => breaker.run(call, isAway), { isTransient, signal }).catch((error) => {
      throw translated(error, signal)
    })

  return {
    browser: {
      publishableKey: settings.publishableKey,
      apiUrl: (settings.publicUrl ?? settings.url).replace(/\/$/, ''),
    },

    async openIntent({ paymentId, orderId, orderNumber, amount }, signal) {
      const stripeAmount = toStripeAmount(amount)
      if (stripeAmount === undefined)
        throw new Rejection('GATEWAY_REFUSED', {
          message: `Stripe cannot charge this amount of ${amount.currency}.`,
        })
      const intent = await ask(
        () =>
          stripe.paymentIntents.create(
            {
              amount: stripeAmount,
              currency: amount.currency.toLowerCase(),
              automatic_payment_methods: { enabled: true },
              description: `Order ${orderNumber}`,
              // No mail address: the shop sends its own mails, and Stripe would send another to it.
              metadata: { payment_id: paymentId, order_id: orderId, order_number: orderNumber },
            },
            { idempotencyKey: `payment-${paymentId}` },
          ),
        signal,
      )
      if (!intent.client_secret) throw new Error(`${intent.id} has no client secret`)
      return { reference: intent.id, clientSecret: intent.client_secret }
    },

    readIntent: async (reference, signal) =>
      intentSnapshot(await ask(() => stripe.paymentIntents.retrieve(reference), signal), undefined),

    async cancelIntent({ paymentId, reference }, signal) {
      // Under a key of this call's own: a refusal is remembered with its key, and may be out of date a minute later.
      const idempotencyKey = `cancel-${paymentId}-${crypto.randomUUID()}`
      try {
        const cancelled = await ask(
          () => stripe.paymentIntents.cancel(reference, {}, { idempotencyKey }),
          signal,
        )
        return intentSnapshot(cancelled, undefined)
      } catch (error) {
        // It was paid, is being paid, or was cancelled before: what is true now decides.
        if (!(error instanceof Rejection) || error.code !== 'GATEWAY_REFUSED') throw error
        return intentSnapshot(await ask(() => stripe.paymentIntents.retrieve(reference), signal), undefined)
      }
    },

    async refund({ key, paymentReference, refundId, amount }, signal) {
      const stripeAmount = amount && toStripeAmount(amount)
      if (amount && stripeAmount === undefined)
        throw new Rejection('GATEWAY_REFUSED', {
          message: `Stripe cannot refund this amount of ${amount.currency}.`,
        })
      const refund = await ask(
        () =>
          stripe.refunds.create(
            {
              payment_intent: paymentReference,
              ...(stripeAmount === undefined ? {} : { amount: stripeAmount }),
              ...(refundId === undefined ? {} : { metadata: { refund_id: refundId } }),
            },
            { idempotencyKey: key },
          ),
        signal,
      )
      return refundSnapshot(refund)
    },

    async listRefunds(paymentReference, signal) {
      const page = await ask(
        () => stripe.refunds.list({ payment_intent: paymentReference, limit: 100 }),
        signal,
      )
      return page.data.map(refundSnapshot)
    },

    readEvent({ body, signature }) {
      for (const secret of secrets) {
        try {
          return gatewayEvent(
            stripe.webhooks.constructEvent(body, signature, secret, WEBHOOK_TOLERANCE_SECONDS),
          )
        } catch (error) {
          if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw error
        }
      }
      throw new Rejection('BAD_SIGNATURE')
    },

    [Symbol.asyncDispose]: async () => agent.destroy(),
  }
}

/** The keys of the sandbox are public: with them, anyone could confirm payments and forge webhooks. */
function refuseSandboxKeys(settings: StripeSettings): void {
  if (new URL(settings.url).hostname !== 'api.stripe.com') return
  const faults = [
    settings.secretKey === SANDBOX.secretKey && 'STRIPE_SECRET_KEY',
    settings.publishableKey === SANDBOX.publishableKey && 'STRIPE_PUBLISHABLE_KEY',
    settings.webhookSecrets.includes(SANDBOX.webhookSecret) && 'STRIPE_WEBHOOK_SECRET',
  ].filter((fault) => fault !== false)
  if (faults.length > 0)
    throw new Error(`STRIPE_URL is the real Stripe: set ${faults.join(', ')} to your own`)
}

/**
 * Stripe's HTTP client without its hidden repetition: it repeats a call whose connection was closed even when told not to, which
 * it knows by the error's code.
 */
function singleAttemptClient(agent: HttpAgent | HttpsAgent) {
  const client = Stripe.createNodeHttpClient(agent as HttpAgent)
  const once = Object.create(client) as typeof client
  once.makeRequest = (...request) =>
    client.makeRequest(...request).catch((error: Error) => {
      throw new Error(error.message, { cause: error })
    })
  return once
}

/** https://docs.stripe.com/error-low-level: what may be asked again under the same key. A decline and any other 4xx may not. */
function isTransient(error: unknown): boolean {
  if (error instanceof Stripe.errors.StripeConnectionError) return true
  if (!(error instanceof Stripe.errors.StripeError)) return false
  const advice = error.headers?.['stripe-should-retry']
  if (advice === 'true') return true
  const status = error.statusCode ?? 0
  // Stripe says `false` beside a 500 that its key replays; then only a later question can learn more.
  if (advice === 'false') return false
  return status === 409 || status === 429 || status >= 500
}

/** No answer, or that of a server which cannot do its work. */
const isAway = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeConnectionError ||
  (error instanceof Stripe.errors.StripeError && (error.statusCode ?? 0) >= 500)

/** An error of Stripe's holds the objects it was about, secrets included: only its words leave this file. */
function translated(error: unknown, signal: AbortSignal): unknown {
  // A rejection is the breaker's.
  if (signal.aborted || error instanceof Rejection) return new Rejection('GATEWAY_UNAVAILABLE')
  if (error instanceof Stripe.errors.StripeConnectionError) return new Rejection('GATEWAY_UNAVAILABLE')
  if (!(error instanceof Stripe.errors.StripeError)) return error
  const status = error.statusCode ?? 0
  if (status === 409 || status === 429 || status >= 500) return new Rejection('GATEWAY_UNAVAILABLE')
  const words = `Stripe answered ${status} ${error.code ?? error.type} (request ${error.requestId ?? 'unknown'}): ${error.message}`
  // Wrong keys, or another request under a known key: nobody outside can do anything about it.
  if (status === 401 || status === 403 || error.rawType === 'idempotency_error') return new Error(words)
  return new Rejection('GATEWAY_REFUSED', { message: error.message })
}

const INTENT_STATUS = {
  requires_payment_method: 'open',
  requires_confirmation: 'open',
  requires_action: 'requires_action',
  processing: 'processing',
  requires_capture: 'processing',
  succeeded: 'succeeded',
  canceled: 'cancelled',
} as const satisfies Record<string, IntentSnapshot['status']>

/** What is read of an intent. A webhook speaks the API version of the account, so its shape is checked, not assumed. */
const Intent = z.object({
  id: z.string(),
  status: z.string(),
  amount_received: z.int(),
  currency: z.string(),
  metadata: z.record(z.string(), z.string()).nullish(),
  last_payment_error: z
    .object({
      code: z.string().nullish(),
      decline_code: z.string().nullish(),
      message: z.string().nullish(),
      charge: z.string().nullish(),
      payment_method: z.object({ id: z.string() }).nullish(),
    })
    .nullish(),
})

const OwnId = z.uuid().optional().catch(undefined)

function intentSnapshot(object: unknown, at: Date | undefined): IntentSnapshot {
  const intent = Intent.parse(object)
  const failure = failureOf(intent)
  const status = INTENT_STATUS[intent.status as keyof typeof INTENT_STATUS] ?? 'processing'
  return {
    reference: intent.id,
    paymentId: OwnId.parse(intent.metadata?.payment_id),
    orderId: OwnId.parse(intent.metadata?.order_id),
    status: intent.status === 'requires_payment_method' && failure ? 'failed' : status,
    received:
      intent.status === 'succeeded'
        ? fromStripeAmount({ amount: intent.amount_received, currency: intent.currency })
        : undefined,
    failure,
    at,
  }
}

function failureOf({ last_payment_error: error }: z.output<typeof Intent>): Failure | null {
  if (!error) return null
  const code = error.decline_code ?? error.code ?? 'declined'
  return {
    code,
    message: error.message ?? 'The payment was declined.',
    attempt: error.charge ?? error.payment_method?.id ?? code,
  }
}

const Refund = z.object({
  id: z.string(),
  payment_intent: z.string().nullish(),
  amount: z.int(),
  currency: z.string(),
  status: z.string().nullish(),
  failure_reason: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
})

function refundSnapshot(object: unknown): RefundSnapshot {
  const refund = Refund.parse(object)
  return {
    reference: refund.id,
    paymentReference: refund.payment_intent ?? '',
    refundId: OwnId.parse(refund.metadata?.refund_id),
    amountMinor: fromStripeAmount(refund)?.amountMinor,
    currency: refund.currency.toUpperCase(),
    // https://docs.stripe.com/api/refunds/object#refund_object-status
    status:
      refund.status === 'succeeded'
        ? 'succeeded'
        : refund.status === 'failed' || refund.status === 'canceled'
          ? 'failed'
          : 'pending',
    problem: refund.failure_reason ?? null,
  }
}

const Charge = z.object({
  payment_intent: z.string().nullish(),
  amount_refunded: z.int(),
  currency: z.string(),
})

function gatewayEvent(event: Stripe.Event): GatewayEvent {
  const { id, type } = event
  const object: unknown = event.data.object
  switch (event.type) {
    case 'payment_intent.succeeded':
    case 'payment_intent.payment_failed':
    case 'payment_intent.canceled':
      return { id, type, about: 'intent', intent: intentSnapshot(object, new Date(event.created * 1000)) }
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
      return { id, type, about: 'refund', refund: refundSnapshot(object) }
    case 'charge.refunded': {
      const charge = Charge.parse(object)
      return {
        id,
        type,
        about: 'refunds',
        paymentReference: charge.payment_intent ?? '',
        refundedMinor: fromStripeAmount({ amount: charge.amount_refunded, currency: charge.currency })
          ?.amountMinor,
      }
    }
    default:
      return { id, type, about: 'nothing' }
  }
}
