import { type Answer, json, type Request, type Route, readJson } from '../http-router.ts'
import type { Counters } from './api.ts'
import { type Failure, type FailureKind, type Faults, MAX_FAILURES } from './faults.ts'
import type { Store } from './store.ts'
import { DEFAULT_EVENTS, MAX_ENDPOINTS, type WebhookSettings, type Webhooks } from './webhooks.ts'

export type ControlOptions = {
  store: Store
  faults: Faults
  webhooks: Webhooks
  counters: Counters
  reset: () => void
}

/** An hour: longer than any test, short enough that a forgotten fault ends. */
const MAX_MS = 60 * 60 * 1000
const MAX_LIMIT = 1000

/** `/sandbox/stripe/...`: what a test sees and turns that no merchant could. Its README has the list. */
export function controlRoutes({ store, faults, webhooks, counters, reset }: ControlOptions): Route[] {
  const at = (method: string, path: string, handler: (request: Request) => Answer): Route => ({
    method,
    pattern: `/sandbox/stripe/${path}`,
    handler,
  })
  const lists = (name: string, items: () => unknown[]): Route =>
    at('GET', name, (request) => page(items(), new URLSearchParams(request.query)))

  return [
    lists('payment_intents', () => [...store.all('intent')].map(({ intent }) => intent)),
    lists('charges', () => [...store.all('charge')]),
    lists('refunds', () => [...store.all('refund')]),
    lists('events', () => [...store.all('event')].map(({ text }) => JSON.parse(text))),
    at('POST', 'events/:id/resend', ({ params }) => {
      const event = store.get('event', params.id ?? '')
      if (event === undefined) return json({ error: 'No such event.' }, 404)
      webhooks.resend(event)
      return json({ resent: event.id })
    }),
    at('GET', 'counters', () =>
      json({
        ...counters,
        payment_intents: store.count('intent'),
        charges: store.count('charge'),
        refunds: store.count('refund'),
        events: store.count('event'),
        pending_webhooks: store.count('pending'),
      }),
    ),

    at('GET', 'faults', () => json(faults.describe())),
    at('POST', 'faults', (request) => {
      const asked = readJson(request.body)
      if (asked === null) return json({ error: 'The body must be a JSON object.' }, 400)
      const problem = setFaults(faults, asked)
      return problem === null ? json(faults.describe()) : json({ error: problem }, 400)
    }),
    at('DELETE', 'faults', () => {
      faults.clear()
      return json(faults.describe())
    }),

    at('GET', 'webhooks', () => json({ ...webhooks.settings(), pending: store.count('pending') })),
    at('POST', 'webhooks', (request) => {
      const asked = readJson(request.body)
      if (asked === null) return json({ error: 'The body must be a JSON object.' }, 400)
      const changes = webhookChanges(asked)
      if (typeof changes === 'string') return json({ error: changes }, 400)
      webhooks.set(changes)
      return json(webhooks.settings())
    }),
    at('GET', 'deliveries', () => json({ items: webhooks.deliveries().toReversed() })),

    at('GET', 'webhook_endpoints', () => json({ items: webhooks.endpoints() })),
    at('POST', 'webhook_endpoints', (request) => {
      const asked = readJson(request.body)
      if (asked === null) return json({ error: 'The body must be a JSON object.' }, 400)
      return addEndpoint(webhooks, asked)
    }),
    at('DELETE', 'webhook_endpoints/:id', ({ params }) =>
      webhooks.remove(params.id ?? '') ? json({ deleted: true }) : json({ error: 'No such endpoint.' }, 404),
    ),

    at('POST', 'reset', () => {
      reset()
      return json({ reset: true })
    }),
  ]
}

/** Newest first; `starting_after` is the last id of the page before. */
function page(items: unknown[], query: URLSearchParams): Answer {
  const limit = Number(query.get('limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    return json({ error: `limit must be a whole number from 1 to ${MAX_LIMIT}.` }, 400)
  }
  const newest = items.toReversed() as { id: string }[]
  const after = query.get('starting_after')
  const position = after === null ? -1 : newest.findIndex(({ id }) => id === after)
  if (after !== null && position < 0) return json({ error: `starting_after: no such object: ${after}` }, 400)
  const found = newest.slice(position + 1, position + 1 + limit)
  return json({ object: 'list', data: found, has_more: position + 1 + limit < newest.length })
}

const KINDS: readonly FailureKind[] = [409, 429, 500, 502, 503, 'hang', 'reset']

/** Says what is wrong, or null after it set everything. */
function setFaults(faults: Faults, asked: Record<string, unknown>): string | null {
  const { latencyMs, freezeMs, fail, ...others } = asked
  const unknown = Object.keys(others)[0]
  if (unknown !== undefined) return `${unknown} is not a fault: there are latencyMs, freezeMs and fail.`
  if (latencyMs !== undefined && !isCount(latencyMs, MAX_MS)) return `latencyMs must be from 0 to ${MAX_MS}.`
  if (freezeMs !== undefined && !isCount(freezeMs, MAX_MS)) return `freezeMs must be from 0 to ${MAX_MS}.`
  if (fail !== undefined) {
    const failure = readFailure(fail)
    if (typeof failure === 'string') return failure
    if (faults.describe().fail.length >= MAX_FAILURES) return `At most ${MAX_FAILURES} faults may wait.`
    faults.add(failure)
  }
  if (latencyMs !== undefined) faults.setLatency(latencyMs)
  if (freezeMs !== undefined) faults.freeze(freezeMs)
  return null
}

function readFailure(value: unknown): Failure | string {
  if (typeof value !== 'object' || value === null) return 'fail must be an object.'
  const { kind, count = 1, when = 'before', method, path } = value as Record<string, unknown>
  if (!KINDS.includes(kind as FailureKind)) return `fail.kind must be one of ${KINDS.join(', ')}.`
  if (!isCount(count, 1_000_000) || count === 0) return 'fail.count must be from 1 to 1000000.'
  if (when !== 'before' && when !== 'after') return 'fail.when must be before or after.'
  if (method !== undefined && typeof method !== 'string') return 'fail.method must be a string.'
  if (path !== undefined && typeof path !== 'string') return 'fail.path must be a string.'
  return {
    kind: kind as FailureKind,
    count,
    when,
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(path === undefined ? {} : { path }),
  }
}

function webhookChanges(asked: Record<string, unknown>): Partial<WebhookSettings> | string {
  const { delayMs, duplicates, reorderWindow, paused, ...others } = asked
  const unknown = Object.keys(others)[0]
  if (unknown !== undefined)
    return `${unknown} is not a setting: there are delayMs, duplicates, reorderWindow and paused.`
  if (delayMs !== undefined && !isCount(delayMs, MAX_MS)) return `delayMs must be from 0 to ${MAX_MS}.`
  if (duplicates !== undefined && !isCount(duplicates, 100)) return 'duplicates must be from 0 to 100.'
  if (reorderWindow !== undefined && !isCount(reorderWindow, 1000))
    return 'reorderWindow must be from 0 to 1000.'
  if (paused !== undefined && typeof paused !== 'boolean') return 'paused must be true or false.'
  return {
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(duplicates === undefined ? {} : { duplicates }),
    ...(reorderWindow === undefined ? {} : { reorderWindow }),
    ...(paused === undefined ? {} : { paused }),
  }
}

function addEndpoint(webhooks: Webhooks, asked: Record<string, unknown>): Answer {
  const { url, secret, enabled_events: enabledEvents = DEFAULT_EVENTS } = asked
  if (typeof url !== 'string' || !isWebAddress(url))
    return json({ error: 'url must be an http or https address.' }, 400)
  if (typeof secret !== 'string' || secret === '') return json({ error: 'secret must be a string.' }, 400)
  if (!Array.isArray(enabledEvents) || !enabledEvents.every((type) => typeof type === 'string')) {
    return json({ error: 'enabled_events must be a list of event types.' }, 400)
  }
  if (webhooks.endpoints().length >= MAX_ENDPOINTS) {
    return json({ error: `At most ${MAX_ENDPOINTS} endpoints may be registered.` }, 409)
  }
  return json(webhooks.add({ url, secret, enabledEvents }), 201)
}

export function isWebAddress(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol)
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most
}
