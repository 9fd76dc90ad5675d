import type { Route } from '../http-router.ts'
import type { Journal } from '../journal.ts'
import { type Counters, createApi, type Keys } from './api.ts'
import { controlRoutes } from './control.ts'
import { createFaults } from './faults.ts'
import { createIdempotency } from './idempotency.ts'
import { newId } from './ids.ts'
import { pageRoutes } from './pages.ts'
import { type Caller, createPayments, type EventObject } from './payments.ts'
import { createStore } from './store.ts'
import { createWebhooks, DEFAULT_EVENTS } from './webhooks.ts'

export type StripeOptions = {
  keys: Keys
  /** The endpoint known from the start; others register while we run. */
  webhook: { url: string; secret: string; enabledEvents?: string[] } | null
  journal: Journal | null
  publicUrl: () => string
}

/** The version of the API whose shapes are answered: that of the `stripe` package these were written against. */
const API_VERSION = '2026-10-28.endive'

/** Stripe, as far as a shop that takes cards sees it. */
export function createStripe({ keys, webhook, journal, publicUrl }: StripeOptions): {
  routes: Route[]
  reset: () => void
  stop: () => void
} {
  const now = Date.now
  const stopping = new AbortController()
  const timers = new Set<NodeJS.Timeout>()
  const store = createStore(journal)
  const webhooks = createWebhooks({ store, now })
  const faults = createFaults({ now })
  const idempotency = createIdempotency({ store, now })
  const counters: Counters = { calls: 0, replays: 0, failures: 0, errors: 0 }

  const payments = createPayments({
    store,
    now,
    publicUrl,
    later(delayMs, act) {
      const timer = setTimeout(() => {
        timers.delete(timer)
        act()
      }, delayMs)
      timers.add(timer)
    },
    emit,
  })
  const api = createApi({
    keys,
    store,
    payments,
    idempotency,
    faults,
    counters,
    apiVersion: API_VERSION,
    signal: stopping.signal,
  })

  // One name over restarts: what it has not heard yet is brought to it.
  if (webhook !== null) webhooks.add({ id: 'we_configured', enabledEvents: DEFAULT_EVENTS, ...webhook })

  function emit({ type, object, caller }: { type: string; object: EventObject; caller: Caller }): void {
    const created = Math.floor(now() / 1000)
    const id = newId('evt')
    const text = JSON.stringify({
      id,
      object: 'event',
      api_version: API_VERSION,
      created,
      data: { object },
      livemode: false,
      pending_webhooks: webhooks.subscriberCount(type),
      request: { id: caller.requestId, idempotency_key: caller.idempotencyKey },
      type,
    })
    const event = { id, type, created, text }
    store.put('event', id, event)
    webhooks.publish(event)
  }

  function forgetTimers(): void {
    for (const timer of timers) clearTimeout(timer)
    timers.clear()
  }

  function reset(): void {
    forgetTimers()
    webhooks.reset()
    faults.clear()
    payments.reset()
    store.clear()
    for (const name of Object.keys(counters) as (keyof Counters)[]) counters[name] = 0
  }

  return {
    routes: [
      { method: '*', pattern: '/v1/*', handler: api },
      ...controlRoutes({ store, faults, webhooks, counters, reset }),
      ...pageRoutes({ store, payments }),
    ],
    reset,
    stop() {
      stopping.abort()
      forgetTimers()
      webhooks.stop()
    },
  }
}
