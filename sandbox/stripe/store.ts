import type Stripe from 'stripe'
import type { Entry, Journal } from '../journal.ts'

/** A payment intent and what Stripe keeps to itself about it. */
export type IntentRecord = {
  intent: Stripe.PaymentIntent
  returnUrl: string | null
  /** The open 3-D Secure challenge, or the last one with what came of it. */
  challenge: { id: string; outcome: 'failed' | 'succeeded' | null } | null
  /** Oldest first. */
  chargeIds: string[]
}

export type PaymentMethodRecord = {
  method: Stripe.PaymentMethod
  /** Only numbers of the documented test cards are kept; `null` is some other card, which test mode declines. */
  testCard: string | null
}

/** Kept as text: it is what is signed, sent and listed, and a third of the memory. */
export type EventRecord = { id: string; type: string; created: number; text: string }

/** Answers remembered by idempotency key. */
export type KeyRecord = {
  fingerprint: string
  path: string
  status: number
  body: string
  requestId: string
  at: number
}

type Kinds = {
  intent: IntentRecord
  charge: Stripe.Charge
  refund: Stripe.Refund
  method: PaymentMethodRecord
  event: EventRecord
  key: KeyRecord
  /** An event that an endpoint has not acknowledged yet: `event endpoint` -> both. */
  pending: { eventId: string; endpointId: string }
}

/**
 * The bound of each collection, oldest out first: enough for every test run, and about 250 MB when all
 * are full. Charges and refunds go with their intent.
 */
const BOUNDS: Record<keyof Kinds, number> = {
  intent: 20_000,
  charge: 40_000,
  refund: 40_000,
  method: 20_000,
  event: 40_000,
  key: 20_000,
  pending: 100_000,
}

export type Store = {
  get<K extends keyof Kinds>(kind: K, id: string): Kinds[K] | undefined
  put<K extends keyof Kinds>(kind: K, id: string, value: Kinds[K]): void
  delete(kind: keyof Kinds, id: string): void
  /** Oldest first. */
  all<K extends keyof Kinds>(kind: K): IterableIterator<Kinds[K]>
  count(kind: keyof Kinds): number
  clear(): void
}

export function createStore(journal: Journal | null): Store {
  const maps = Object.fromEntries(
    Object.keys(BOUNDS).map((kind) => [kind, new Map<string, unknown>()]),
  ) as unknown as {
    [K in keyof Kinds]: Map<string, Kinds[K]>
  }
  for (const { kind, id, value } of journal?.entries() ?? []) {
    if (kind in maps) (maps[kind as keyof Kinds] as Map<string, unknown>).set(id, value)
  }
  journal?.compact(entries())

  function* entries(): IterableIterator<Entry> {
    for (const [kind, map] of Object.entries(maps)) for (const [id, value] of map) yield { kind, id, value }
  }

  function note(entry: Entry): void {
    if (journal === null) return
    journal.append(entry)
    if (journal.full()) journal.compact(entries())
  }

  function remove(kind: keyof Kinds, id: string): void {
    if (maps[kind].delete(id)) note({ kind, id, value: null })
  }

  function evictOldest(kind: keyof Kinds): void {
    const oldest = maps[kind].keys().next().value
    if (oldest === undefined) return
    if (kind === 'intent') {
      const chargeIds = new Set(maps.intent.get(oldest)?.chargeIds)
      for (const chargeId of chargeIds) {
        for (const refund of maps.charge.get(chargeId)?.refunds?.data ?? []) remove('refund', refund.id)
        remove('charge', chargeId)
      }
    }
    remove(kind, oldest)
  }

  return {
    get: (kind, id) => maps[kind].get(id),
    put(kind, id, value) {
      const map = maps[kind]
      map.set(id, value)
      note({ kind, id, value })
      if (map.size > BOUNDS[kind]) evictOldest(kind)
    },
    delete: remove,
    all: (kind) => maps[kind].values(),
    count: (kind) => maps[kind].size,
    clear() {
      for (const map of Object.values(maps)) map.clear()
      journal?.compact([])
    },
  }
}
