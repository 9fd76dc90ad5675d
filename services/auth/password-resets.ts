import type { Query } from '@stoa/runtime'
import type { AttemptCount, Limit } from './attempt-limits.ts'
import { COUNTED, checkCounts, countsParameter, forgiven } from './attempts.ts'
import { emailKey } from './email-key.ts'
import { CREDENTIALS_CHANGED, type Credentials, USER, type UserRow } from './users.ts'

/** Notes a request and answers whose it is, with the account's next version; nothing without an account, and nothing the second time. */
export async function openPasswordReset(
  query: Query,
  { requestId, email }: { requestId: string; email: string },
): Promise<{ userId: string; version: number } | undefined> {
  const [row] = await query<{ userId: string; version: number }>(
    `with opened as (
       insert into auth.password_resets (request_id, user_id, credentials_version)
       select $1::uuid, u.user_id, u.credentials_version from auth.users u where u.email_key = $2 and u.disabled_at is null
       on conflict (request_id) do nothing
       returning user_id)
     update auth.users u set version = u.version + 1 from opened where u.user_id = opened.user_id
     returning u.user_id as "userId", u.version`,
    [requestId, emailKey(email)],
  )
  return row
}

export type PasswordReset = {
  readonly user: UserRow
  /** Asked for since the last change of the password, by an account that is not disabled. */
  readonly open: boolean
  /** By this very request, so recently that the same wish again is a retry. */
  readonly justUsed: boolean
}

/** Counts an attempt and reads a request with its account, in one statement. */
export async function countAndFindPasswordReset(
  query: Query,
  limits: readonly Limit[],
  { requestId, userId }: { requestId: string; userId: string },
): Promise<PasswordReset | undefined> {
  type Found = UserRow & { open: boolean; justUsed: boolean }
  const [row] = await query<{ counts: AttemptCount[] } & (Found | { userId: null })>(
    `with ${COUNTED}
     select counts.counts, ${USER},
       r.credentials_version = u.credentials_version and u.disabled_at is null as open,
       coalesce(r.used_at > now() - interval '10 minutes', false) as "justUsed"
     from counts
     left join (auth.password_resets r join auth.users u on u.user_id = r.user_id) on r.request_id = $2 and r.user_id = $3`,
    [countsParameter(limits), requestId, userId],
  )
  checkCounts(limits, row?.counts ?? [])
  if (!row || row.userId === null) return undefined
  const { open, justUsed, ...user } = row
  return { user, open, justUsed }
}

/**
 * Sets the new password, which ends all sessions and voids all other links. Whoever followed the link reads the mailbox, so the address
 * is confirmed as well; and an account that was locked by wrong guesses is open again. Undefined when the request was used meanwhile.
 */
export async function usePasswordReset(
  query: Query,
  { requestId, passwordHash, limits }: { requestId: string; passwordHash: string; limits: readonly Limit[] },
): Promise<(Credentials & { confirmed: boolean }) | undefined> {
  const [row] = await query<Credentials & { confirmed: boolean }>(
    `with changed as (
       update auth.users u set password_hash = $2, must_change_password = false, kept_session_id = null,
         email_verified_at = coalesce(u.email_verified_at, now()), ${CREDENTIALS_CHANGED}
       from auth.password_resets r
       where r.request_id = $1 and u.user_id = r.user_id and u.credentials_version = r.credentials_version
         and u.disabled_at is null
       returning u.user_id, u.credentials_version, u.version, u.email_verified_at = now() as confirmed),
     used as (
       update auth.password_resets set used_at = now() where request_id = $1 and exists (select from changed)),
     ${forgiven('$3')}
     select user_id as "userId", credentials_version as "credentialsVersion", version, confirmed from changed`,
    [requestId, passwordHash, countsParameter(limits)],
  )
  return row
}

/** A bite of those older than 7 days. Returns how many went. */
export async function sweepPasswordResets(query: Query): Promise<number> {
  const rows = await query(
    `delete from auth.password_resets where request_id in (
       select request_id from auth.password_resets where requested_at < now() - interval '7 days'
       order by requested_at limit 10000 for update skip locked)
     returning 1`,
  )
  return rows.length
}
