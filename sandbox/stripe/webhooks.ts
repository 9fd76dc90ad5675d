import { createHmac } from 'node:crypto'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { newId } from './ids.ts'
import type { EventRecord, Store } from './store.ts'

export type WebhookEndpoint = {
  id: string
  url: string
  secret: string
  /** Event types, or `*` for all. */
  enabledEvents: string[]
}

/** What the control API can turn; all are off at first. */
export type WebhookSettings = {
  /** Every first delivery waits this long. */
  delayMs: number
  /** Every event is delivered this many times more, as Stripe warns it may be. */
  duplicates: number
  /** Events are held back until there are so many, then sent newest first; 0 and 1 hold nothing back. */
  reorderWindow: number
  /** Nothing is sent; what happens meanwhile is sent on resumption. */
  paused: boolean
}

export const NO_FAULTS: WebhookSettings = { delayMs: 0, duplicates: 0, reorderWindow: 0, paused: false }

export const DEFAULT_EVENTS = [
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'refund.updated',
  'charge.refunded',
]

/** One attempt to deliver an event. `status` is null when there was no answer. */
export type Delivery = {
  eventId: string
  type: string
  endpointId: string
  attempt: number
  status: number | null
  error: string | null
  at: string
}

/**
 * Stripe retries for three days with an exponential back-off. The same here in 78 s,
 * so that a receiver that is restarted still hears everything and a test need not wait.
 */
const RETRY_DELAYS_MS = [200, 500, 1000, 2000, 4000]
const RETRY_CAP_MS = 5000
const MAX_ATTEMPTS = 20

/** Longer than a good receiver takes; Stripe's own is of this order. */
const ANSWER_TIMEOUT_MS = 10_000

/** At most so many at once to one endpoint; the rest wait in line. */
const CONCURRENCY = 16

/** A reorder window that does not fill is sent after this. */
const REORDER_WAIT_MS = 500

/** Attempts remembered for the control API, newest kept. */
const MAX_DELIVERIES = 2000

export const MAX_ENDPOINTS = 32

export type Webhooks = ReturnType<typeof createWebhooks>

export function createWebhooks({ store, now }: { store: Store; now: () => number }) {
  const endpoints = new Map<string, WebhookEndpoint>()
  const lines = new Map<string, Line>()
  const deliveries: Delivery[] = []
  const timers = new Set<NodeJS.Timeout>()
  const agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: CONCURRENCY }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: CONCURRENCY }),
  }
  let settings = { ...NO_FAULTS }
  let stopped = false

  /** What waits for one endpoint. */
  type Line = { ready: Turn[]; busy: number; held: Turn[] }
  type Turn = { eventId: string; attempt: number; copy: number }

  function add(endpoint: Omit<WebhookEndpoint, 'id'> & { id?: string }): WebhookEndpoint {
    const added = { ...endpoint, id: endpoint.id ?? newId('we') }
    endpoints.set(added.id, added)
    lines.set(added.id, { ready: [], busy: 0, held: [] })
    // What an earlier run of this program had not brought to it.
    for (const { eventId, endpointId } of [...store.all('pending')]) {
      if (endpointId === added.id) offer(added, { eventId, attempt: 1, copy: 0 })
    }
    return added
  }

  function remove(id: string): boolean {
    lines.delete(id)
    for (const { eventId, endpointId } of [...store.all('pending')]) {
      if (endpointId === id) store.delete('pending', `${eventId} ${id}`)
    }
    return endpoints.delete(id)
  }

  function subscribers(type: string): WebhookEndpoint[] {
    return [...endpoints.values()].filter(
      ({ enabledEvents }) => enabledEvents.includes('*') || enabledEvents.includes(type),
    )
  }

  function publish(event: EventRecord): void {
    for (const endpoint of subscribers(event.type)) {
      store.put('pending', `${event.id} ${endpoint.id}`, { eventId: event.id, endpointId: endpoint.id })
      for (let copy = 0; copy <= settings.duplicates; copy++) {
        const turn = { eventId: event.id, attempt: 1, copy }
        if (settings.delayMs > 0) after(settings.delayMs, () => offer(endpoint, turn))
        else offer(endpoint, turn)
      }
    }
  }

  function offer(endpoint: WebhookEndpoint, turn: Turn): void {
    const line = lines.get(endpoint.id)
    if (line === undefined) return
    if (settings.reorderWindow > 1 && turn.attempt === 1) {
      line.held.push(turn)
      if (line.held.length >= settings.reorderWindow) release(endpoint, line)
      else if (line.held.length === 1) after(REORDER_WAIT_MS, () => release(endpoint, line))
      return
    }
    line.ready.push(turn)
    pump(endpoint, line)
  }

  function release(endpoint: WebhookEndpoint, line: Line): void {
    line.ready.push(...line.held.reverse())
    line.held = []
    pump(endpoint, line)
  }

  function pump(endpoint: WebhookEndpoint, line: Line): void {
    // One at a time while reordering: two at once would arrive in an order of their own.
    const most = settings.reorderWindow > 1 ? 1 : CONCURRENCY
    while (!stopped && !settings.paused && line.busy < most) {
      const turn = line.ready.shift()
      if (turn === undefined) return
      line.busy += 1
      deliver(endpoint, turn).finally(() => {
        line.busy -= 1
        pump(endpoint, line)
      })
    }
  }

  async function deliver(endpoint: WebhookEndpoint, turn: Turn): Promise<void> {
    const event = store.get('event', turn.eventId)
    if (event === undefined) return
    const { status, error } = await post(endpoint, event.text)
    if (stopped) return
    deliveries.push({
      eventId: event.id,
      type: event.type,
      endpointId: endpoint.id,
      attempt: turn.attempt,
      status,
      error,
      at: new Date(now()).toISOString(),
    })
    if (deliveries.length > MAX_DELIVERIES) deliveries.shift()
    if (status !== null && status >= 200 && status < 300) {
      store.delete('pending', `${event.id} ${endpoint.id}`)
    } else if (turn.attempt < MAX_ATTEMPTS) {
      const delayMs = RETRY_DELAYS_MS[turn.attempt - 1] ?? RETRY_CAP_MS
      after(delayMs, () => offer(endpoint, { ...turn, attempt: turn.attempt + 1 }))
    } else {
      store.delete('pending', `${event.id} ${endpoint.id}`)
    }
  }

  /** Never rejects. */
  function post(
    endpoint: WebhookEndpoint,
    text: string,
  ): Promise<{ status: number | null; error: string | null }> {
    return new Promise((resolve) => {
      const secure = endpoint.url.startsWith('https:')
      const send = secure ? httpsRequest : httpRequest
      const body = Buffer.from(text)
      const outgoing = send(
        endpoint.url,
        {
          method: 'POST',
          agent: secure ? agents['https:'] : agents['http:'],
          timeout: ANSWER_TIMEOUT_MS,
          headers: {
            'content-type': 'application/json; charset=utf-8',
            'content-length': body.length,
            'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
            'stripe-signature': signatureOf({ text, secret: endpoint.secret, atMs: now() }),
          },
        },
        (incoming) => {
          incoming.resume()
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? null, error: null }))
          incoming.on('error', (error) => resolve({ status: null, error: error.message }))
          incoming.on('close', () => resolve({ status: null, error: 'The answer was cut off.' }))
        },
      )
      outgoing.on('timeout', () => outgoing.destroy(new Error(`No answer in ${ANSWER_TIMEOUT_MS} ms.`)))
      outgoing.on('error', (error) => resolve({ status: null, error: error.message }))
      outgoing.end(body)
    })
  }

  function after(delayMs: number, act: () => void): void {
    if (stopped) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, delayMs)
    timers.add(timer)
  }

  return {
    add,
    remove,
    publish,
    /** How many endpoints will hear of this type. */
    subscriberCount: (type: string) => subscribers(type).length,
    endpoints: () => [...endpoints.values()],
    settings: () => settings,
    set(changes: Partial<WebhookSettings>) {
      settings = { ...settings, ...changes }
      for (const [id, line] of lines) {
        const endpoint = endpoints.get(id)
        if (endpoint === undefined) continue
        if (settings.reorderWindow <= 1 && line.held.length > 0) release(endpoint, line)
        pump(endpoint, line)
      }
    },
    /** Sends an event once more to all who subscribed to it, as the dashboard's "Resend" does. */
    resend(event: EventRecord) {
      for (const endpoint of subscribers(event.type))
        offer(endpoint, { eventId: event.id, attempt: 1, copy: 0 })
    },
    deliveries: () => deliveries,
    /** Forgets the faults and all that waits; the endpoints stay. */
    reset() {
      settings = { ...NO_FAULTS }
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      deliveries.length = 0
      for (const line of lines.values()) {
        line.ready = []
        line.held = []
      }
    },
    stop() {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

/** https://docs.stripe.com/webhooks#verify-manually: HMAC-SHA256 over `timestamp.body`, renewed for every attempt. */
export function signatureOf({ text, secret, atMs }: { text: string; secret: string; atMs: number }): string {
  const timestamp = Math.floor(atMs / 1000)
  const signature = createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex')
  return `t=${timestamp},v1=${signature}`
}
