import { createHash, randomBytes } from 'node:crypto'
import { apiKeySecret } from '@stoa/contracts/api-key'
import { type ApiKey, ApiKeyRevoked } from '@stoa/contracts/auth'
import type { Query, Tx } from '@stoa/runtime'
import { permissionsOf, type Role } from './permissions.ts'

/** In use at once, over the whole shop: a list that people can still look through. */
export const MAX_API_KEYS = 1_000
/** A secret that is this old is named in the reminder: it is sent every 30 days, by a job that runs once a day. */
const OLD = `interval '28 days'`
/** Of one mail. */
const MAX_REMINDED = 100

export const newApiKeySecret = (): string => apiKeySecret(randomBytes(32))

/** What is stored of a secret. */
const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

export type ApiKeyRow = {
  readonly apiKeyId: string
  readonly name: string
  readonly permissions: readonly string[]
  readonly issuedBy: string
  readonly createdAt: Date
  readonly rotatedAt: Date
  readonly expiresAt: Date
  readonly previousUntil: Date | null
  readonly lastUsedAt: Date | null
  readonly revokedAt: Date | null
  readonly version: number
}

const COLUMNS = `k.api_key_id as "apiKeyId", k.name, k.permissions, k.issued_by as "issuedBy", k.created_at as "createdAt",
  k.rotated_at as "rotatedAt", k.expires_at as "expiresAt",
  case when k.previous_until > now() then k.previous_until end as "previousUntil",
  k.last_used_at as "lastUsedAt", k.revoked_at as "revokedAt", k.version`

export const toApiKey = (row: ApiKeyRow): ApiKey => ({
  ...row,
  permissions: [...row.permissions],
  createdAt: row.createdAt.toISOString(),
  rotatedAt: row.rotatedAt.toISOString(),
  expiresAt: row.expiresAt.toISOString(),
  previousUntil: row.previousUntil?.toISOString() ?? null,
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  revokedAt: row.revokedAt?.toISOString() ?? null,
})

/** What an audit record keeps: nothing of the secret. */
export const recordedApiKey = ({ name, permissions, issuedBy, expiresAt, revokedAt }: ApiKeyRow) => ({
  name,
  permissions,
  issuedBy,
  expiresAt,
  revokedAt,
})

/** Undefined when the shop has as many as it may have. */
export async function insertApiKey(
  query: Query,
  key: {
    apiKeyId: string
    name: string
    permissions: readonly string[]
    issuedBy: string
    secret: string
    expiresInDays: number
  },
): Promise<ApiKeyRow | undefined> {
  const [row] = await query<ApiKeyRow>(
    `insert into auth.api_keys as k (api_key_id, name, permissions, issued_by, secret_hash, expires_at)
     select $1, $2, $3, $4, $5, now() + make_interval(days => $6)
     where (select count(*) from auth.api_keys where revoked_at is null and expires_at > now()) < ${MAX_API_KEYS}
     returning ${COLUMNS}`,
    [key.apiKeyId, key.name, key.permissions, key.issuedBy, digestOf(key.secret), key.expiresInDays],
  )
  return row
}

/** Newest first: ids sort by time. */
export const listApiKeyRows = (
  query: Query,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<ApiKeyRow[]> =>
  query<ApiKeyRow>(
    `select ${COLUMNS} from auth.api_keys k where $1::uuid is null or k.api_key_id < $1 order by k.api_key_id desc limit $2`,
    [after ?? null, limit],
  )

export async function readApiKey(query: Query, apiKeyId: string): Promise<ApiKeyRow | undefined> {
  const [row] = await query<ApiKeyRow>(`select ${COLUMNS} from auth.api_keys k where k.api_key_id = $1`, [
    apiKeyId,
  ])
  return row
}

/** Undefined when it is not of that version any more. The secret before is good for as long as it would have been, at most. */
export async function replaceSecret(
  query: Query,
  key: {
    apiKeyId: string
    version: number
    issuedBy: string
    secret: string
    overlapSeconds: number
    expiresInDays: number
  },
): Promise<ApiKeyRow | undefined> {
  const [row] = await query<ApiKeyRow>(
    `update auth.api_keys k set secret_hash = $4, issued_by = $3,
       previous_hash = case when $5 > 0 then k.secret_hash end,
       previous_until = case when $5 > 0 then least(now() + make_interval(secs => $5), k.expires_at) end,
       rotated_at = now(), expires_at = now() + make_interval(days => $6),
       remind_at = now() + interval '30 days', version = k.version + 1
     where k.api_key_id = $1 and k.version = $2 and k.revoked_at is null
     returning ${COLUMNS}`,
    [key.apiKeyId, key.version, key.issuedBy, digestOf(key.secret), key.overlapSeconds, key.expiresInDays],
  )
  return row
}

/** Undefined when it was revoked before, or never was. */
export async function closeApiKey(query: Query, apiKeyId: string): Promise<ApiKeyRow | undefined> {
  const [row] = await query<ApiKeyRow>(
    `update auth.api_keys k set revoked_at = now(), version = k.version + 1
     where k.api_key_id = $1 and k.revoked_at is null
     returning ${COLUMNS}`,
    [apiKeyId],
  )
  return row
}

/**
 * Ends all that somebody answers for, those that have expired excepted: what is over when its issuer is disabled does not begin again
 * with their account. Announces and records each.
 */
export async function revokeApiKeysOf(
  tx: Pick<Tx, 'query' | 'audit' | 'emit'>,
  userId: string,
): Promise<void> {
  const rows = await tx.query<ApiKeyRow>(
    `update auth.api_keys k set revoked_at = now(), version = k.version + 1
     where k.issued_by = $1 and k.revoked_at is null and k.expires_at > now()
     returning ${COLUMNS}`,
    [userId],
  )
  for (const row of rows) {
    const { apiKeyId, version } = row
    tx.audit({
      subject: `api-key:${apiKeyId}`,
      version,
      before: recordedApiKey({ ...row, revokedAt: null }),
      after: recordedApiKey(row),
    })
    tx.emit(ApiKeyRevoked, { apiKeyId }, { version })
  }
}

export type FoundApiKey = {
  readonly apiKeyId: string
  readonly issuedBy: string
  readonly permissions: string[]
  readonly validUntil: Date
}

/** Whose a secret is, by its digest in hexadecimal, and what it opens now: of its permissions those that its issuer has. */
export async function findBySecret(query: Query, digest: string): Promise<FoundApiKey | undefined> {
  const [row] = await query<FoundApiKey & { role: Role; mustChangePassword: boolean }>(
    `select k.api_key_id as "apiKeyId", k.issued_by as "issuedBy", k.permissions, u.role,
       u.must_change_password as "mustChangePassword",
       case when k.secret_hash = $1 then k.expires_at else k.previous_until end as "validUntil"
     from auth.api_keys k join auth.users u on u.user_id = k.issued_by
     where (k.secret_hash = $1 or (k.previous_hash = $1 and k.previous_until > now()))
       and k.revoked_at is null and k.expires_at > now() and u.disabled_at is null`,
    [Buffer.from(digest, 'hex')],
  )
  if (!row) return undefined
  const held = permissionsOf(row) ?? []
  const { apiKeyId, issuedBy, permissions, validUntil } = row
  return { apiKeyId, issuedBy, permissions: permissions.filter((one) => held.includes(one)), validUntil }
}

/** One statement for all; an older use changes nothing. */
export const writeUses = async (
  query: Query,
  items: readonly { readonly apiKeyId: string; readonly usedAt: string }[],
): Promise<void> => {
  await query(
    `update auth.api_keys k set last_used_at = u.used_at
     from (select api_key_id, least(max(used_at), now()) as used_at
           from unnest($1::uuid[], $2::timestamptz[]) as u (api_key_id, used_at) group by api_key_id) u
     where k.api_key_id = u.api_key_id and (k.last_used_at is null or k.last_used_at < u.used_at)`,
    [items.map(({ apiKeyId }) => apiKeyId), items.map(({ usedAt }) => usedAt)],
  )
}

/**
 * Of members of staff who are to be reminded, at most `limit`: they are not due again for 30 days, with all keys that they answer
 * for, so that there is one mail a month.
 */
export const takeReminders = (query: Query, limit: number): Promise<{ userId: string }[]> =>
  query<{ userId: string }>(
    `with due as (
       select distinct k.issued_by from auth.api_keys k join auth.users u on u.user_id = k.issued_by
       where k.remind_at <= now() and k.revoked_at is null and k.expires_at > now() and u.disabled_at is null
       limit $1),
     reminded as (
       update auth.api_keys k set remind_at = now() + interval '30 days'
       from due where k.issued_by = due.issued_by and k.rotated_at <= now() - ${OLD} and k.revoked_at is null)
     select issued_by as "userId" from due`,
    [limit],
  )

export type RemindedApiKey = { readonly name: string; readonly rotatedAt: Date; readonly expiresAt: Date }

/** In one statement, who is to be reminded and of what. Undefined without such a member of staff. */
export async function findReminder(
  query: Query,
  userId: string,
): Promise<{ email: string; name: string | null; apiKeys: RemindedApiKey[] } | undefined> {
  const rows = await query<
    { email: string; userName: string | null } & (
      | RemindedApiKey
      | { name: null; rotatedAt: null; expiresAt: null }
    )
  >(
    `select u.email, u.name as "userName", k.name, k.rotated_at as "rotatedAt", k.expires_at as "expiresAt"
     from auth.users u
     left join auth.api_keys k on k.issued_by = u.user_id and k.rotated_at <= now() - ${OLD}
       and k.revoked_at is null and k.expires_at > now()
     where u.user_id = $1 and u.role <> 'customer' and u.disabled_at is null
     order by k.rotated_at limit ${MAX_REMINDED}`,
    [userId],
  )
  const [first] = rows
  if (!first) return undefined
  return {
    email: first.email,
    name: first.userName,
    apiKeys: rows.flatMap(({ name, rotatedAt, expiresAt }) =>
      name === null ? [] : [{ name, rotatedAt, expiresAt }],
    ),
  }
}

/** A bite of those that have been over for a year. Returns how many went. */
export async function sweepApiKeys(query: Query): Promise<number> {
  const rows = await query(
    `delete from auth.api_keys where api_key_id in (
       select api_key_id from auth.api_keys
       where least(expires_at, revoked_at) < now() - interval '365 days' limit 10000 for update skip locked)
     returning 1`,
  )
  return rows.length
}
