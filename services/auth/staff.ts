import type { Query } from '@stoa/runtime'
import { emailKey } from './email-key.ts'
import type { StaffRole } from './permissions.ts'
import { CREDENTIALS_CHANGED, type Credentials } from './users.ts'

/** What an audit record says about a member of staff. */
export type StaffState = { readonly role: string; readonly disabled: boolean }

/**
 * A staff account with a password to be changed. One that was disabled, or that nobody has used yet, is opened anew. Undefined when the
 * address has an account that is in use, or a customer's.
 */
export async function putStaff(
  query: Query,
  staff: { userId: string; email: string; role: StaffRole; passwordHash: string },
): Promise<(Credentials & { before: StaffState | null }) | undefined> {
  const [row] = await query<Credentials & { before: StaffState | null }>(
    `with before as (
       select u.user_id, jsonb_build_object('role', u.role, 'disabled', u.disabled_at is not null) as state
       from auth.users u where u.email_key = $3)
     insert into auth.users as u (user_id, email, email_key, role, password_hash, must_change_password)
     values ($1, $2, $3, $4, $5, true)
     on conflict (email_key) do update set role = excluded.role, password_hash = excluded.password_hash,
       must_change_password = true, disabled_at = null, kept_session_id = null, ${CREDENTIALS_CHANGED}
     where u.role <> 'customer' and (u.must_change_password or u.disabled_at is not null)
     returning u.user_id as "userId", u.credentials_version as "credentialsVersion", u.version,
       (select state from before) as before`,
    [staff.userId, staff.email, emailKey(staff.email), staff.role, staff.passwordHash],
  )
  return row
}

/** Ends all sessions of a member of staff. Undefined when there is none of this address. */
export async function closeStaff(
  query: Query,
  email: string,
): Promise<(Credentials & { before: StaffState }) | undefined> {
  const [row] = await query<Credentials & { before: StaffState }>(
    `with before as (
       select u.user_id, jsonb_build_object('role', u.role, 'disabled', u.disabled_at is not null) as state
       from auth.users u where u.email_key = $1 and u.role <> 'customer' for update)
     update auth.users u set disabled_at = coalesce(u.disabled_at, now()), kept_session_id = null, ${CREDENTIALS_CHANGED}
     from before where u.user_id = before.user_id
     returning u.user_id as "userId", u.credentials_version as "credentialsVersion", u.version, before.state as before`,
    [emailKey(email)],
  )
  return row
}
