import type { KeyRecord, Store } from './store.ts'
import { invalidRequest, StripeError } from './stripe-error.ts'

/** https://docs.stripe.com/api/idempotent_requests */
const KEEP_MS = 24 * 60 * 60 * 1000
const MAX_KEY_LENGTH = 255

/** What a key says about a request: run it, or answer as before. */
export type Claim =
  | { replay: KeyRecord }
  | { release: (answer: Omit<KeyRecord, 'at' | 'fingerprint' | 'path'> | null) => void }

export type Idempotency = {
  claim(request: { key: string; path: string; fingerprint: string }): Claim
  reset(): void
}

export function createIdempotency({ store, now }: { store: Store; now: () => number }): Idempotency {
  /** Bounded by the number of requests in flight. */
  const running = new Set<string>()

  return {
    /**
     * @throws {StripeError} 400 when the key was first used for something else, 409 while its first
     * request still runs.
     */
    claim({ key, path, fingerprint }) {
      if (key.length > MAX_KEY_LENGTH) {
        throw invalidRequest({
          message: `Idempotency keys can be at most ${MAX_KEY_LENGTH} characters long; you passed one of ${key.length}.`,
        })
      }
      const kept = store.get('key', key)
      if (kept !== undefined && now() - kept.at < KEEP_MS) {
        if (kept.path !== path)
          throw reused(`for the same endpoint they were first used for ('${kept.path}' vs '${path}')`, key)
        if (kept.fingerprint !== fingerprint)
          throw reused('with the same parameters they were first used with', key)
        return { replay: kept }
      }
      if (running.has(key)) {
        throw new StripeError({
          status: 409,
          remembered: false,
          body: {
            type: 'idempotency_error',
            code: 'idempotency_key_in_use',
            message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
          },
        })
      }
      running.add(key)
      return {
        release(answer) {
          running.delete(key)
          // Written anew, so that the oldest key is always the first to be forgotten.
          if (kept !== undefined) store.delete('key', key)
          if (answer !== null) store.put('key', key, { ...answer, path, fingerprint, at: now() })
        },
      }
    },
    reset: () => running.clear(),
  }
}

function reused(how: string, key: string): StripeError {
  return new StripeError({
    status: 400,
    remembered: false,
    body: {
      type: 'idempotency_error',
      message: `Keys for idempotent requests can only be used ${how}. Try using a key other than '${key}' if you meant to execute a different request.`,
    },
  })
}
