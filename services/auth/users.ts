import type { User } from '@stoa/contracts/auth'
import type { Query } from '@stoa/runtime'
import type { AttemptCount, Limit } from './attempt-limits.ts'
import { COUNTED, checkCounts, countsParameter, forgiven } from './attempts.ts'
import { emailKey } from './email-key.ts'
import type { Role } from './permissions.ts'

export type UserRow = {
  readonly userId: string
  readonly email: string
  readonly name: string | null
  readonly role: Role
  readonly emailVerified: boolean
  readonly customerGroup: string | null
  readonly createdAt: Date
  readonly mustChangePassword: boolean
  readonly disabled: boolean
  readonly passwordHash: string
  readonly credentialsVersion: number
  /** Of the Idempotency-Key that opened the account; null when that is more than 24 h ago. */
  readonly registrationKey: Buffer | null
}

/** The columns of a `UserRow`, from `auth.users u`. */
export const USER = `u.user_id as "userId", u.email, u.name, u.role, u.email_verified_at is not null as "emailVerified",
  u.customer_group as "customerGroup",
  u.created_at as "createdAt", u.must_change_password as "mustChangePassword", u.disabled_at is not null as disabled,
  u.password_hash as "passwordHash", u.credentials_version as "credentialsVersion",
  case when u.created_at > now() - interval '24 hours' then u.registration_key end as "registrationKey"`

/** What a user is told about a user. */
export const toUser = (row: UserRow): User => ({
  userId: row.userId,
  email: row.email,
  name: row.name,
  emailVerified: row.emailVerified,
  role: row.role,
  mustChangePassword: row.mustChangePassword,
  createdAt: row.createdAt.toISOString(),
})

/**
 * Counts an attempt and reads the account that it is about, in one statement whether or not there is such an account. Throws
 * TOO_MANY_ATTEMPTS when it is one too many.
 */
export const countAndFindByEmail = (query: Query, limits: readonly Limit[], email: string) =>
  counting(query, limits, 'left join auth.users u on u.email_key = $2', [emailKey(email)])

/** As above, for an account whose session is live. */
export const countAndFindSignedIn = (query: Query, limits: readonly Limit[], session: SessionOf) =>
  counting(query, limits, `left join (auth.users u join auth.sessions s on ${LIVE}) on ${SIGNED_IN}`, [
    session.userId,
    session.sessionId,
  ])

async function counting(
  query: Query,
  limits: readonly Limit[],
  join: string,
  values: readonly unknown[],
): Promise<UserRow | undefined> {
  const [row] = await query<
    { counts: AttemptCount[]; userId: null } | ({ counts: AttemptCount[] } & UserRow)
  >(`with ${COUNTED} select counts.counts, ${USER} from counts ${join}`, [countsParameter(limits), ...values])
  checkCounts(limits, row?.counts ?? [])
  return row && row.userId !== null ? row : undefined
}

export type SessionOf = { readonly userId: string; readonly sessionId: string }

/** Whether a session `s` of a user `u` may go on. */
export const LIVE = `s.user_id = u.user_id and s.credentials_version = u.credentials_version and s.revoked_at is null
  and u.disabled_at is null`
const SIGNED_IN = 'u.user_id = $2 and s.session_id = $3'

export async function findSignedIn(query: Query, session: SessionOf): Promise<UserRow | undefined> {
  const [row] = await query<UserRow>(
    `select ${USER} from auth.users u join auth.sessions s on ${LIVE} where u.user_id = $1 and s.session_id = $2`,
    [session.userId, session.sessionId],
  )
  return row
}

/** At most 1,000. */
export const findStaff = (query: Query): Promise<UserRow[]> =>
  query<UserRow>(
    `select ${USER} from auth.users u where u.role <> 'customer' order by u.email_key limit 1000`,
  )

/** What of an account has changed when its sessions have ended. */
export type Credentials = {
  readonly userId: string
  readonly credentialsVersion: number
  readonly version: number
}

/** For the `set` of an update of `auth.users u`: its sessions are void, but for the one in `kept_session_id`. */
export const CREDENTIALS_CHANGED = `credentials_version = u.credentials_version + 1, credentials_changed_at = now(), version = u.version + 1`

export type CustomerGroupRow = { readonly userId: string; readonly customerGroup: string | null }

/** Undefined for an account that does not exist, or is not a customer's. */
export async function findCustomerGroup(query: Query, userId: string): Promise<CustomerGroupRow | undefined> {
  const [row] = await query<CustomerGroupRow>(
    `select user_id as "userId", customer_group as "customerGroup" from auth.users where user_id = $1 and role = 'customer'`,
    [userId],
  )
  return row
}

/** Answers what it was before. Undefined for an account that does not exist, or is not a customer's. */
export async function putCustomerGroup(
  query: Query,
  { userId, customerGroup }: CustomerGroupRow,
): Promise<CustomerGroupRow | undefined> {
  const [row] = await query<CustomerGroupRow>(
    `with before as (
       select user_id, customer_group from auth.users where user_id = $1 and role = 'customer' for no key update)
     update auth.users u set customer_group = $2 from before where u.user_id = before.user_id
     returning before.user_id as "userId", before.customer_group as "customerGroup"`,
    [userId, customerGroup],
  )
  return row
}

/**
 * Sets a new password: the session that asks goes on, all others end, links for a reset are void. Undefined when the password was changed
 * since the row was read; else the account's next versions.
 */
export async function replacePassword(
  query: Query,
  {
    user,
    sessionId,
    passwordHash,
    limits,
  }: { user: UserRow; sessionId: string; passwordHash: string; limits: readonly Limit[] },
): Promise<Credentials | undefined> {
  const [row] = await query<Credentials>(
    `with changed as (
       update auth.users u set password_hash = $3, must_change_password = false, kept_session_id = $4, ${CREDENTIALS_CHANGED}
       where u.user_id = $1 and u.credentials_version = $2 and u.disabled_at is null
       returning u.user_id, u.credentials_version, u.version),
     kept as (
       update auth.sessions s set credentials_version = changed.credentials_version
       from changed where s.session_id = $4 and s.user_id = changed.user_id),
     ${forgiven('$5')}
     select user_id as "userId", credentials_version as "credentialsVersion", version from changed`,
    [user.userId, user.credentialsVersion, passwordHash, sessionId, countsParameter(limits)],
  )
  return row
}

/** The account's next version when its address was not confirmed before. */
export async function confirmAddress(query: Query, userId: string): Promise<number | undefined> {
  const [row] = await query<{ version: number }>(
    `update auth.users set email_verified_at = now(), version = version + 1
     where user_id = $1 and email_verified_at is null returning version`,
    [userId],
  )
  return row?.version
}

/** The account's next version when its address is still to be confirmed: something about it is announced. */
export async function nextVersionOfUnconfirmed(query: Query, userId: string): Promise<number | undefined> {
  const [row] = await query<{ version: number }>(
    `update auth.users set version = version + 1
     where user_id = $1 and email_verified_at is null and disabled_at is null returning version`,
    [userId],
  )
  return row?.version
}

/** What a mail about an account needs; `resetOpen` is null without a request, and false when it was answered or overtaken. */
export async function findForMail(
  query: Query,
  { userId, requestId }: { userId: string; requestId: string | undefined },
): Promise<(UserRow & { readonly resetOpen: boolean | null }) | undefined> {
  const [row] = await query<UserRow & { resetOpen: boolean | null }>(
    `select ${USER}, r.credentials_version = u.credentials_version as "resetOpen"
     from auth.users u left join auth.password_resets r on r.request_id = $2 and r.user_id = u.user_id
     where u.user_id = $1`,
    [userId, requestId ?? null],
  )
  return row
}
