import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Request } from '../http-router.ts'
import type { FailureKind, Faults } from './faults.ts'
import { type FormTree, readForm } from './form.ts'
import type { Idempotency } from './idempotency.ts'
import { newId } from './ids.ts'
import { balanceTransaction, expand, type ListKind, list } from './listing.ts'
import { publicView } from './objects.ts'
import { readParameters } from './parameters.ts'
import { RETRIEVE_RULES } from './payment-rules.ts'
import type { Caller, Payments } from './payments.ts'
import type { Store } from './store.ts'
import { invalidRequest, noSuch, StripeError } from './stripe-error.ts'

export type Keys = { publishable: string; secret: string }

export type Counters = { calls: number; replays: number; failures: number; errors: number }

export type ApiOptions = {
  keys: Keys
  store: Store
  payments: Payments
  idempotency: Idempotency
  faults: Faults
  counters: Counters
  apiVersion: string
  /** Aborts when the sandbox stops, so that nobody is kept waiting. */
  signal: AbortSignal
}

/** Sockets of calls that are never answered, at most; more are cut off. */
const MAX_HANGING = 1000

type Operation = (call: { id: string; form: FormTree; caller: Caller }) => unknown

/** `publishable` operations may be called by a browser. */
type Endpoint = { method: string; segments: string[]; publishable?: true; run: Operation }

/**
 * `/v1/...` as https://docs.stripe.com/api describes it: one call is authenticated, looked up under its
 * idempotency key, run, and answered with what the caller's key may see.
 */
export function createApi(options: ApiOptions): (request: Request) => Promise<Answer | null> {
  const { keys, store, payments, idempotency, faults, counters, apiVersion, signal } = options
  const endpoints = endpointsOf({ store, payments })
  let hanging = 0

  return async (request) => {
    if (request.method === 'OPTIONS') return { status: 204, headers: CORS }
    counters.calls += 1
    const requestId = newId('req')
    const headers: Record<string, string> = {
      ...CORS,
      'content-type': 'application/json',
      'cache-control': 'no-cache, no-store',
      'request-id': requestId,
      'stripe-version': printable(header(request, 'stripe-version') ?? apiVersion),
    }
    const idempotencyKey = request.method === 'POST' ? header(request, 'idempotency-key') : null
    if (idempotencyKey !== null) headers['idempotency-key'] = printable(idempotencyKey)
    const fault = faults.take({ method: request.method, path: request.path })
    if (fault !== null) counters.failures += 1
    if (fault?.when === 'before') return broken({ kind: fault.kind, request, headers, requestId })
    const answer = await run({ request, requestId, idempotencyKey, headers })
    if (answer.status >= 400) counters.errors += 1
    if (fault !== null) return broken({ kind: fault.kind, request, headers, requestId })
    return answer
  }

  async function run({
    request,
    requestId,
    idempotencyKey,
    headers,
  }: {
    request: Request
    requestId: string
    idempotencyKey: string | null
    headers: Record<string, string>
  }): Promise<Answer> {
    let claim: ReturnType<Idempotency['claim']> | null = null
    let caller: Caller = {
      key: 'publishable',
      requestId,
      idempotencyKey,
      apiVersion: headers['stripe-version'] ?? apiVersion,
    }
    try {
      const form = formOf(request)
      const key = keyOf(request, form)
      const endpoint = endpoints.find((candidate) => matches(candidate, request))
      caller = { ...caller, key: kindOf(key) }
      if (endpoint === undefined) throw unrecognised(request)
      if (caller.key === 'publishable' && endpoint.publishable !== true) throw secretKeyRequired()
      if (idempotencyKey !== null) {
        claim = idempotency.claim({
          key: idempotencyKey,
          path: request.path,
          fingerprint: fingerprintOf(form),
        })
        if ('replay' in claim) {
          counters.replays += 1
          const { status, body } = claim.replay
          const marks = { 'idempotent-replayed': 'true', 'original-request': claim.replay.requestId }
          return { status, headers: { ...headers, ...marks }, body }
        }
      }
      // Latency lies inside the call: its idempotency key is in use meanwhile.
      if (faults.latencyMs() > 0) await sleep(faults.latencyMs(), undefined, { signal })
      const id = request.path.split('/')[3] ?? ''
      const result = endpoint.run({ id, form, caller })
      const body = JSON.stringify(
        seenBy(caller, expand({ object: result, paths: pathsOf(form), store })),
        null,
        2,
      )
      if (claim !== null && 'release' in claim) claim.release({ status: 200, body, requestId })
      return { status: 200, headers, body }
    } catch (error) {
      const refusal = error instanceof StripeError ? error : null
      const body = JSON.stringify({ error: errorBody(refusal, { caller, requestId }) })
      if (claim !== null && 'release' in claim) {
        claim.release(refusal?.remembered === true ? { status: refusal.status, body, requestId } : null)
      }
      if (refusal === null) throw error
      return { status: refusal.status, headers, body }
    }
  }

  function kindOf(key: string): Caller['key'] {
    if (key === keys.secret) return 'secret'
    if (key === keys.publishable) return 'publishable'
    throw invalidRequest({ status: 401, message: `Invalid API Key provided: ${masked(key)}` })
  }

  function broken({
    kind,
    request,
    headers,
    requestId,
  }: {
    kind: FailureKind
    request: Request
    headers: Record<string, string>
    requestId: string
  }): Answer | null {
    const { response } = request
    if (kind === 'reset' || (kind === 'hang' && hanging >= MAX_HANGING)) {
      response.socket?.resetAndDestroy()
      return null
    }
    if (kind === 'hang') {
      hanging += 1
      response.on('close', () => {
        hanging -= 1
      })
      return null
    }
    const error = {
      ...FAILURES[kind],
      request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}`,
    }
    return { status: kind, headers, body: JSON.stringify({ error }) }
  }
}

const FAILURES = {
  409: {
    type: 'invalid_request_error',
    code: 'lock_timeout',
    message:
      'This object cannot be accessed right now because another API request or Stripe process is currently accessing it. If you see this error intermittently, retry the request.',
  },
  429: { type: 'invalid_request_error', code: 'rate_limit', message: 'Request rate limit exceeded.' },
  500: { type: 'api_error', message: 'An unknown error occurred.' },
  502: { type: 'api_error', message: 'Bad gateway.' },
  503: { type: 'api_error', message: 'Service unavailable.' },
} as const

function endpointsOf({ store, payments }: Pick<ApiOptions, 'payments' | 'store'>): Endpoint[] {
  const at = (method: string, path: string, run: Operation): Endpoint => ({
    method,
    segments: path.split('/'),
    run,
  })
  const open = (method: string, path: string, run: Operation): Endpoint => ({
    ...at(method, path, run),
    publishable: true,
  })
  const get =
    (run: (id: string) => unknown): Operation =>
    ({ id, form }) => {
      readParameters(form, { expand: RETRIEVE_RULES.expand })
      return run(id)
    }
  const lists = (kind: ListKind): Endpoint => at('GET', kind, ({ form }) => list({ kind, store, form }))
  return [
    at('POST', 'payment_intents', ({ form, caller }) => payments.create(form, caller)),
    lists('payment_intents'),
    open('GET', 'payment_intents/:id', ({ id, form, caller }) => {
      const asked = readParameters(form, RETRIEVE_RULES)
      return payments.findFor({ id, caller, clientSecret: asked.client_secret }).intent
    }),
    at('POST', 'payment_intents/:id', (call) => payments.update(call)),
    open('POST', 'payment_intents/:id/confirm', (call) => payments.confirm(call)),
    at('POST', 'payment_intents/:id/capture', (call) => payments.capture(call)),
    at('POST', 'payment_intents/:id/cancel', (call) => payments.cancel(call)),
    open('POST', 'payment_methods', ({ form }) => payments.createPaymentMethod(form)),
    at(
      'GET',
      'payment_methods/:id',
      get((id) => known(store.get('method', id)?.method, { kind: 'PaymentMethod', id })),
    ),
    at(
      'GET',
      'charges/:id',
      get((id) => known(store.get('charge', id), { kind: 'charge', id })),
    ),
    lists('charges'),
    at('POST', 'refunds', ({ form, caller }) => payments.refund(form, caller)),
    lists('refunds'),
    at(
      'GET',
      'refunds/:id',
      get((id) => known(store.get('refund', id), { kind: 'refund', id })),
    ),
    at('POST', 'refunds/:id', (call) => payments.updateRefund(call)),
    at(
      'GET',
      'events/:id',
      get((id) => JSON.parse(known(store.get('event', id), { kind: 'event', id }).text)),
    ),
    lists('events'),
    at(
      'GET',
      'balance_transactions/:id',
      get((id) => balanceTransaction({ id, store })),
    ),
  ]
}

function matches({ method, segments }: Endpoint, request: Request): boolean {
  if (method !== request.method) return false
  const [, , ...given] = request.path.split('/')
  return (
    given.length === segments.length &&
    segments.every((part, at) => part.startsWith(':') || part === given[at])
  )
}

function known<T>(found: T | undefined, { kind, id }: { kind: string; id: string }): T {
  if (found === undefined) throw noSuch({ kind, id, param: 'id' })
  return found
}

/** GET takes its parameters from the query, POST from a form body. */
function formOf(request: Request): FormTree {
  if (request.method !== 'POST') return readForm(request.query)
  const type = header(request, 'content-type')
  if (request.body.length > 0 && type !== null && !type.startsWith('application/x-www-form-urlencoded')) {
    throw invalidRequest({
      message:
        'Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any questions, we can help at https://support.stripe.com/.',
    })
  }
  return readForm(request.body.toString('utf8'))
}

/** Bearer, Basic with the key as user, or, as Stripe.js does it, the parameter `key`. It is taken out of the form. */
function keyOf(request: Request, form: FormTree): string {
  const inForm = form.key
  delete form.key
  const [scheme, value = ''] = (header(request, 'authorization') ?? '').split(' ')
  if (scheme?.toLowerCase() === 'bearer' && value !== '') return value
  if (scheme?.toLowerCase() === 'basic') {
    const [user = ''] = Buffer.from(value, 'base64').toString('utf8').split(':')
    if (user !== '') return user
  }
  if (typeof inForm === 'string' && inForm.startsWith('pk_')) return inForm
  throw invalidRequest({
    status: 401,
    message:
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
  })
}

function secretKeyRequired(): StripeError {
  return invalidRequest({
    status: 401,
    code: 'secret_key_required',
    message:
      'This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.',
  })
}

function unrecognised({ method, path }: Request): StripeError {
  return invalidRequest({
    status: 404,
    message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
  })
}

function errorBody(
  refusal: StripeError | null,
  { caller, requestId }: { caller: Caller; requestId: string },
): Record<string, unknown> {
  const log = { request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}` }
  if (refusal === null) return { ...FAILURES[500], ...log }
  const intent = refusal.body.payment_intent
  if (intent === undefined) return { ...refusal.body, ...log }
  return { ...refusal.body, ...log, payment_intent: seenBy(caller, intent) }
}

function seenBy(caller: Caller, object: unknown): unknown {
  if (caller.key === 'secret' || typeof object !== 'object' || object === null) return object
  return 'object' in object && object.object === 'payment_intent'
    ? publicView(object as Parameters<typeof publicView>[0])
    : object
}

function pathsOf(form: FormTree): string[] {
  return typeof form.expand === 'object' ? Object.values(form.expand).map(String) : []
}

/** Equal for the same parameters in whatever order they were sent. */
function fingerprintOf(form: FormTree): string {
  const sorted = (value: FormTree | string): unknown =>
    typeof value === 'string'
      ? value
      : Object.keys(value)
          .sort()
          .map((name) => [name, sorted(value[name] ?? '')])
  return createHash('sha256')
    .update(JSON.stringify(sorted(form)))
    .digest('base64url')
}

function header(request: Request, name: string): string | null {
  const value = request.headers[name]
  return typeof value === 'string' && value !== '' ? value : null
}

/** What came in a header may go out in one only as far as HTTP allows. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 255)
}

/** `sk_test_...` shown as Stripe shows it. */
function masked(key: string): string {
  return key.length < 12
    ? '*'.repeat(key.length)
    : `${key.slice(0, 8)}${'*'.repeat(key.length - 12)}${key.slice(-4)}`
}

/** Stripe.js calls from the shop's origin. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, stripe-version',
  'access-control-expose-headers': 'Request-Id, Idempotent-Replayed, Stripe-Version',
  'access-control-max-age': '300',
}
