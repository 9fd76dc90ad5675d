/** How many requests a subject may make: at once all of them, and then as many over each window, evenly. */
export type QuotaPolicy = { readonly name: string; readonly quota: number; readonly windowSeconds: number }

export type Taken = {
  readonly allowed: boolean
  /** Requests that may follow at once. */
  readonly remaining: number
  /** Until the whole quota is there again. */
  readonly resetSeconds: number
  /** Until one request may follow; 0 when it was allowed. */
  readonly retryAfterSeconds: number
}

/**
 * GCRA: all that is remembered of a subject is how far ahead of the clock it is, in milliseconds. Each request puts it one interval further; it
 * may be a window ahead at most.
 */
export function takeFrom(
  { quota, windowSeconds }: QuotaPolicy,
  aheadMs: number,
): Taken & { readonly aheadMs: number } {
  const windowMs = windowSeconds * 1_000
  const next = Math.max(0, aheadMs) + windowMs / quota
  const allowed = next <= windowMs + ROUNDING_MS
  return {
    ...told({ quota, windowSeconds }, { allowed, aheadMs: allowed ? next : aheadMs }),
    aheadMs: allowed ? next : aheadMs,
  }
}

/** What is said of a subject that is so far ahead. */
export function told(
  { quota, windowSeconds }: Pick<QuotaPolicy, 'quota' | 'windowSeconds'>,
  { allowed, aheadMs }: { allowed: boolean; aheadMs: number },
): Taken {
  const windowMs = windowSeconds * 1_000
  const intervalMs = windowMs / quota
  return {
    allowed,
    remaining: Math.max(0, Math.floor((windowMs - aheadMs + ROUNDING_MS) / intervalMs)),
    resetSeconds: Math.ceil((aheadMs - ROUNDING_MS) / 1_000),
    retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((aheadMs + intervalMs - windowMs) / 1_000)),
  }
}

/** Of thousandths, as which Redis keeps it. */
const ROUNDING_MS = 0.01
