import { createHmac, timingSafeEqual } from 'node:crypto'

/** What an answered search tells of itself when it comes back with a click. */
export type AnsweredSearch = {
  /** Null: it is not to be stored. */
  readonly query: string | null
  readonly testId: string | null
  readonly variant: 'default' | 'challenger'
  /** Everything that was asked for, as it was. */
  readonly found: boolean
  /** `browsing`: no words were searched for; nothing of it counts. Only a first page counts as a search. */
  readonly page: 'browsing' | 'first' | 'later'
  readonly at: Date
}

/** A click comes within minutes; a day covers a tab that was left open over night. */
const MAX_AGE_MS = 24 * 3_600_000

const PAGES = ['browsing', 'first', 'later'] as const

/**
 * The search itself, signed: whoever sends it back can tell nothing else than what was answered, and no table is needed that would
 * know who searched for what.
 */
export function writeSearchId(
  secret: string,
  { query, testId, variant, found, page, at }: AnsweredSearch,
): string {
  const minutes = Math.floor(at.getTime() / 60_000)
  const told = JSON.stringify([
    query,
    testId,
    variant === 'challenger' ? 1 : 0,
    found ? 1 : 0,
    PAGES.indexOf(page),
    minutes,
  ])
  const body = Buffer.from(told).toString('base64url')
  return `${body}.${signature(secret, body).toString('base64url')}`
}

/** `forged`: not one of ours. `expired`: ours, and too old to count. */
export function readSearchId(secret: string, id: string, now: Date): AnsweredSearch | 'forged' | 'expired' {
  const [body = '', signed = ''] = id.split('.')
  const given = Buffer.from(signed, 'base64url')
  const own = signature(secret, body)
  if (given.length !== own.length || !timingSafeEqual(given, own)) return 'forged'
  const [query, testId, challenger, found, page, minutes] = JSON.parse(
    Buffer.from(body, 'base64url').toString(),
  ) as [string | null, string | null, number, number, number, number]
  const at = new Date(minutes * 60_000)
  if (now.getTime() - at.getTime() > MAX_AGE_MS) return 'expired'
  return {
    query,
    testId,
    variant: challenger ? 'challenger' : 'default',
    found: found === 1,
    page: PAGES[page]!,
    at,
  }
}

/** 128 bits: enough for what a forged click is worth. */
const signature = (secret: string, body: string): Buffer =>
  createHmac('sha256', secret).update(body).digest().subarray(0, 16)

/** A cart, for as long as its order is waited for, without being one that could be looked up. */
export const cartKey = (secret: string, cartId: string): string =>
  createHmac('sha256', secret).update(`cart/${cartId}`).digest('base64url')
