import type { Query } from '@stoa/runtime'

export type Ended = {
  /** As PostgreSQL writes it, to the microsecond: a place in the list. */
  readonly at: string
  /** Of a session; of an account when there is a version. */
  readonly id: string
  readonly credentialsVersion: number | null
  readonly keptSessionId: string | null
}

/** Whose access tokens ended before they expire, the oldest first, after a place in the list. */
export const readEnded = (
  query: Query,
  {
    withinSeconds,
    at,
    id,
    limit,
  }: { withinSeconds: number; at: string | undefined; id: string | undefined; limit: number },
): Promise<Ended[]> =>
  query<Ended>(
    `select e.at::text, e.id, e."credentialsVersion", e."keptSessionId"
     from (
       select revoked_at as at, session_id as id, null::int as "credentialsVersion", null::uuid as "keptSessionId"
       from auth.sessions where revoked_at > now() - make_interval(secs => $1)
       union all
       select credentials_changed_at, user_id, credentials_version, kept_session_id
       from auth.users where credentials_changed_at > now() - make_interval(secs => $1)) e
     where $2::timestamptz is null or (e.at, e.id) > ($2::timestamptz, $3::uuid)
     order by e.at, e.id limit $4`,
    [withinSeconds, at ?? null, id ?? null, limit],
  )
