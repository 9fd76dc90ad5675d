import { Rejection } from '@stoa/contract'
import { ipSubject, type Query } from '@stoa/runtime'
import { type AttemptCount, type Limit, waitSeconds } from './attempt-limits.ts'
import type { Context } from './context.ts'
import { emailDigest } from './email-key.ts'

const QUARTER_HOUR = 900
const HOUR = 3_600

/** The limits that an attempt meets: by what it is about, and by where it comes from when that is known. */
export const limits = {
  login: (email: string, { config, origin }: Context): Limit[] => [
    {
      kind: 'login',
      subject: emailDigest(email),
      max: config.loginFailuresPerAccount,
      windowSeconds: QUARTER_HOUR,
    },
    ...byIp('login-ip', origin.address, config.loginFailuresPerIp, QUARTER_HOUR),
  ],
  register: (email: string, { config, origin }: Context): Limit[] => [
    { kind: 'register', subject: emailDigest(email), max: config.registrationsPerEmail, windowSeconds: HOUR },
    ...byIp('register-ip', origin.address, config.registrationsPerIp, HOUR),
  ],
  mail: (email: string, { config, origin }: Context): Limit[] => [
    { kind: 'mail', subject: emailDigest(email), max: config.mailsPerEmail, windowSeconds: HOUR },
    ...byIp('mail-ip', origin.address, config.mailsPerIp, HOUR),
  ],
  /** Guessing the current password of an account that is signed in. */
  changePassword: (userId: string, { config }: Context): Limit[] => [
    { kind: 'password', subject: userId, max: config.loginFailuresPerAccount, windowSeconds: QUARTER_HOUR },
  ],
  resetPassword: ({ config, origin }: Context): Limit[] =>
    byIp('reset-ip', origin.address, config.mailsPerIp, HOUR),
}

function byIp(kind: Limit['kind'], address: string | undefined, max: number, windowSeconds: number): Limit[] {
  const subject = ipSubject(address)
  return subject === undefined ? [] : [{ kind, subject, max, windowSeconds }]
}

const counting = (source: string) => `
    insert into auth.attempts as a (kind, subject, count, window_ends_at)
    select r.kind, r.subject, 1, now() + make_interval(secs => r."windowSeconds") ${source}
    on conflict (kind, subject) do update set
      count = case when a.window_ends_at <= now() then 1 else least(a.count + 1, 1000000) end,
      window_ends_at = case when a.window_ends_at <= now() then excluded.window_ends_at else a.window_ends_at end
    returning a.kind, a.count, ceil(extract(epoch from a.window_ends_at - now()))::int as "retryAfterSeconds"`

/**
 * Common table expressions, for the head of a statement whose `$1` is `countsParameter(limits)`: counts the attempt in each of its
 * windows, before it is known whether it succeeds, so that many at once cannot pass the limit together. The IP address comes first, and
 * one that is over its limit does not count against the account: whoever is locked out cannot lock others out. Everybody locks
 * rows in this order.
 */
export const COUNTED = `
  limited as (
    select * from jsonb_to_recordset($1::jsonb) as r (kind text, subject text, max int, "windowSeconds" int)),
  by_ip as (${counting(`from limited r where r.kind like '%-ip'`)}),
  by_subject as (${counting(`from limited r where r.kind not like '%-ip'
      and not exists (select from by_ip join limited l using (kind) where by_ip.count > l.max)`)}),
  counts as (
    select coalesce(jsonb_agg(to_jsonb(c)), '[]') as counts
    from (select * from by_ip union all select * from by_subject) c)`

export const countsParameter = (limits: readonly Limit[]): string => JSON.stringify(limits)

/** Throws TOO_MANY_ATTEMPTS when this attempt is one too many. */
export function checkCounts(limits: readonly Limit[], counts: readonly AttemptCount[]): void {
  const retryAfterSeconds = waitSeconds(limits, counts)
  if (retryAfterSeconds !== undefined) throw new Rejection('TOO_MANY_ATTEMPTS', { retryAfterSeconds })
}

/** Counts an attempt; throws TOO_MANY_ATTEMPTS when it is one too many. */
export async function countAttempt(query: Query, limits: readonly Limit[]): Promise<void> {
  const [row] = await query<{ counts: AttemptCount[] }>(`with ${COUNTED} select counts from counts`, [
    countsParameter(limits),
  ])
  checkCounts(limits, row?.counts ?? [])
}

/**
 * Common table expressions that take back what a successful attempt was counted: an account begins at none, an IP address gets this one
 * back, or whoever knows one password could try many others. `parameter` holds `countsParameter(limits)`.
 */
export const forgiven = (parameter: string): string => `
  forgivable as (
    select a.kind, a.subject
    from auth.attempts a
    join jsonb_to_recordset(${parameter}::jsonb) as r (kind text, subject text) using (kind, subject)
    order by a.kind like '%-ip' desc, a.kind, a.subject
    for update of a),
  forgiven as (
    update auth.attempts a
    set count = case when a.kind like '%-ip' then greatest(a.count - 1, 0) else 0 end
    from forgivable f
    where a.kind = f.kind and a.subject = f.subject)`

/** A bite of those whose window is over. Returns how many went. */
export async function sweepAttempts(query: Query): Promise<number> {
  const rows = await query(
    `delete from auth.attempts where (kind, subject) in (
       select kind, subject from auth.attempts where window_ends_at < now() order by window_ends_at limit 10000
       for update skip locked)
     returning 1`,
  )
  return rows.length
}
