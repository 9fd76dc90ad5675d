import { createHash, randomBytes } from 'node:crypto'
import type { Query } from '@stoa/runtime'
import type { Limit } from './attempt-limits.ts'
import { countsParameter, forgiven } from './attempts.ts'
import { emailKey } from './email-key.ts'
import { LIVE, type SessionOf, USER, type UserRow } from './users.ts'

/** Opaque: 256 random bits. What is stored of it is its SHA-256. */
export const newRefreshToken = (): string => randomBytes(32).toString('base64url')

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const REFRESH_TOKEN_LIFE = `interval '30 days'`
/** An answer that was lost on the way is asked for again within this time. */
const SIBLING_TIME = `interval '30 seconds'`
/** Siblings of one token: a client that retries needs a few, a copied token that is milked wants more. */
const MAX_USES = 10

const withToken = (hash: string) => `
  token as (
    insert into auth.refresh_tokens (token_hash, session_id, expires_at)
    select ${hash}, session_id, now() + ${REFRESH_TOKEN_LIFE} from session)`

/**
 * Opens a session for who has proved a password, and takes back what the attempt was counted. A password that was changed since the
 * row was read makes the session void from its first moment.
 */
export async function openSession(
  query: Query,
  { user, limits, refreshToken }: { user: UserRow; limits: readonly Limit[]; refreshToken: string },
): Promise<string> {
  const [row] = await query<{ sessionId: string }>(
    `with session as (
       insert into auth.sessions (user_id, credentials_version) values ($1, $2) returning session_id),
     ${withToken('$3')}, ${forgiven('$4')}
     select session_id as "sessionId" from session`,
    [user.userId, user.credentialsVersion, digest(refreshToken), countsParameter(limits)],
  )
  return row!.sessionId
}

/** Opens a customer's account with its first session. Undefined when the address has an account. */
export async function openAccount(
  query: Query,
  account: {
    userId: string
    email: string
    name: string | undefined
    passwordHash: string
    idempotencyKey: string
    refreshToken: string
  },
): Promise<(UserRow & { readonly sessionId: string }) | undefined> {
  const [row] = await query<UserRow & { sessionId: string }>(
    `with created as (
       insert into auth.users (user_id, email, email_key, name, role, password_hash, registration_key)
       values ($1, $2, $3, $4, 'customer', $5, $6)
       on conflict (email_key) do nothing
       returning *),
     session as (
       insert into auth.sessions (user_id, credentials_version)
       select user_id, credentials_version from created returning session_id),
     ${withToken('$7')}
     select ${USER}, session.session_id as "sessionId" from created u cross join session`,
    [
      account.userId,
      account.email,
      emailKey(account.email),
      account.name ?? null,
      account.passwordHash,
      digest(account.idempotencyKey),
      digest(account.refreshToken),
    ],
  )
  return row
}

export const isRegistrationKey = (user: UserRow, idempotencyKey: string): boolean =>
  user.registrationKey?.equals(digest(idempotencyKey)) ?? false

export type Exchange =
  | { readonly outcome: 'rotated'; readonly user: UserRow; readonly sessionId: string }
  | { readonly outcome: 'reused'; readonly user: UserRow; readonly sessionId: string }
  | { readonly outcome: 'unknown' }

/**
 * Exchanges a refresh token for `next`, in one statement and by the database's clock. Two at once meet at the token's row: the
 * second sees what the first did. One that was used longer ago than an answer is retried, or suspiciously often, was copied: it is
 * good for nothing more, and the whole family is to end (`revokeSession`).
 */
export async function exchangeRefreshToken(
  query: Query,
  { presented, next }: { presented: string; next: string },
): Promise<Exchange> {
  const [row] = await query<UserRow & { sessionId: string; good: boolean }>(
    `with presented as (
       select t.token_hash, t.session_id, t.user_id,
         t.uses = 0 or (t.used_at > now() - ${SIBLING_TIME} and t.uses < ${MAX_USES}) as good
       from (
         select r.*, s.user_id
         from auth.refresh_tokens r
         join auth.sessions s on s.session_id = r.session_id
         join auth.users u on ${LIVE}
         where r.token_hash = $1 and r.expires_at > now()
         for update of r) t),
     used as (
       update auth.refresh_tokens t set used_at = coalesce(t.used_at, now()), uses = t.uses + 1
       from presented p where t.token_hash = p.token_hash and p.good),
     session as (select session_id from presented where good),
     ${withToken('$2')}
     select ${USER}, p.session_id as "sessionId", p.good from presented p join auth.users u on u.user_id = p.user_id`,
    [digest(presented), digest(next)],
  )
  if (!row) return { outcome: 'unknown' }
  return { outcome: row.good ? 'rotated' : 'reused', user: row, sessionId: row.sessionId }
}

/** Ends the session that a refresh token belongs to, whether or not the token is still good. Undefined when it had ended. */
export async function endSession(query: Query, refreshToken: string): Promise<SessionOf | undefined> {
  const [row] = await query<SessionOf>(
    `update auth.sessions s set revoked_at = now()
     from auth.refresh_tokens t where t.token_hash = $1 and s.session_id = t.session_id and s.revoked_at is null
     returning s.session_id as "sessionId", s.user_id as "userId"`,
    [digest(refreshToken)],
  )
  return row
}

/** Undefined when it had ended. */
export async function revokeSession(query: Query, sessionId: string): Promise<SessionOf | undefined> {
  const [row] = await query<SessionOf>(
    `update auth.sessions s set revoked_at = now() where s.session_id = $1 and s.revoked_at is null
     returning s.session_id as "sessionId", s.user_id as "userId"`,
    [sessionId],
  )
  return row
}

/** A bite of what has expired. Returns how many tokens went; a session goes with its last. */
export async function sweepSessions(query: Query): Promise<number> {
  const [row] = await query<{ swept: number }>(
    `with gone as (
       delete from auth.refresh_tokens where token_hash in (
         select token_hash from auth.refresh_tokens where expires_at < now() order by expires_at limit 10000
         for update skip locked)
       returning session_id),
     ended as (
       delete from auth.sessions s
       where s.session_id in (select session_id from gone)
         and not exists (select from auth.refresh_tokens t where t.session_id = s.session_id and t.expires_at >= now()))
     select count(*)::int as swept from gone`,
  )
  return row!.swept
}
