import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { Query } from '@stoa/runtime'
import { dueSuccessor, type KeyTimes, PUBLISHED_AHEAD_MS, publishedKeys, signingKey } from './key-schedule.ts'
import type { Secrets } from './secrets.ts'

export type PublicJwk = Readonly<Record<string, string>>

type Key = KeyTimes & {
  readonly kid: string
  readonly publicJwk: PublicJwk
  /** Undefined when it was sealed under a secret that is not known here. */
  readonly privateKey: KeyObject | undefined
  /** Sealed under a secret that is being replaced. */
  readonly outdated: boolean
}

export type SigningKeys = {
  /** The key that signs now. Costs no statement: it is read again in the background, at most once an hour. */
  readonly current: () => Promise<{ kid: string; privateKey: KeyObject }>
  /** As a JWK set has them (RFC 7517, RFC 8037); read again when older than 30 s. */
  readonly published: () => Promise<PublicJwk[]>
  /** Makes the next key when it is due and deletes those whose last token has expired. */
  readonly rotate: () => Promise<void>
}

/** Far less than the day by which a key is published before it signs. */
const FRESH_FOR_MS = 3_600_000
/** Whoever verifies asks every few minutes, or when it meets a key that it does not know. */
const PUBLISHED_FRESH_FOR_MS = 30_000
const UNKNOWN_SECRET =
  'The signing keys in the database are sealed under another secret. Set AUTH_SECRET to it; to replace it, to the new one, a comma, and it.'
/** After a read that failed. */
const RETRY_AFTER_MS = 60_000

/** The keys that all replicas share through the database. The first replica makes the first key. */
export async function openSigningKeys({
  query,
  secrets,
  now,
  warn,
}: {
  query: Query
  secrets: Secrets
  now: () => Date
  warn: (fields: object, message: string) => void
}): Promise<SigningKeys> {
  let keys: readonly Key[] = []
  let readAt = 0
  let triedAt = 0
  let reading: Promise<void> | undefined

  const read = (): Promise<void> => {
    triedAt = now().getTime()
    reading ??= readKeys(query, secrets)
      .then((found) => {
        keys = found
        readAt = now().getTime()
      })
      .finally(() => {
        reading = undefined
      })
    return reading
  }

  /** Waits only for what is too old to be right. */
  async function refresh(): Promise<void> {
    const age = now().getTime() - readAt
    if (age < FRESH_FOR_MS) return
    if (age >= PUBLISHED_AHEAD_MS) return read()
    if (now().getTime() - triedAt < RETRY_AFTER_MS) return
    read().catch((error: unknown) =>
      warn({ err: error }, 'the signing keys could not be read again; those known are used'),
    )
  }

  const usable = () =>
    signingKey(
      publishedKeys(keys, now()).filter(({ privateKey }) => privateKey),
      now(),
    )

  await read()
  if (keys.length === 0) {
    await addKey(query, secrets, { generation: 1, signsFrom: now() })
    await read()
  }
  if (!usable()) throw new Error(UNKNOWN_SECRET)

  return {
    current: async () => {
      await refresh()
      const key = usable()
      if (!key?.privateKey) throw new Error(UNKNOWN_SECRET)
      return { kid: key.kid, privateKey: key.privateKey }
    },
    published: async () => {
      if (now().getTime() - readAt >= PUBLISHED_FRESH_FOR_MS) {
        await read().catch((error: unknown) => {
          warn({ err: error }, 'the signing keys could not be read again; those known are published')
        })
      }
      return publishedKeys(keys, now()).map(({ publicJwk }) => publicJwk)
    },
    rotate: async () => {
      await read()
      const outdated = keys.at(-1)?.outdated ?? false
      const successor = dueSuccessor(keys, { now: now(), outdated })
      if (successor) await addKey(query, secrets, successor)
      const kept = publishedKeys(keys, now()).map(({ generation }) => generation)
      if (kept.length > 0)
        await query('delete from auth.signing_keys where generation < $1', [Math.min(...kept)])
      await read()
    },
  }
}

async function readKeys(query: Query, secrets: Secrets): Promise<Key[]> {
  const rows = await query<{
    generation: number
    kid: string
    publicJwk: PublicJwk
    sealed: Buffer
    signsFrom: Date
  }>(
    `select generation, kid, public_jwk as "publicJwk", sealed_private_key as sealed, signs_from as "signsFrom"
     from auth.signing_keys order by generation`,
  )
  return rows.map(({ sealed, ...row }) => {
    const opened = secrets.open({ name: row.kid, sealed })
    const privateKey = opened && createPrivateKey({ key: JSON.parse(opened.text), format: 'jwk' })
    return { ...row, privateKey, outdated: opened !== undefined && !opened.byFirst }
  })
}

/** A replica that makes the same generation at the same time wins or loses; both read what won. */
async function addKey(query: Query, secrets: Secrets, { generation, signsFrom }: KeyTimes): Promise<void> {
  const kid = randomBytes(12).toString('base64url')
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' }
  await query(
    `insert into auth.signing_keys (generation, kid, public_jwk, sealed_private_key, signs_from)
     values ($1, $2, $3, $4, $5) on conflict do nothing`,
    [
      generation,
      kid,
      JSON.stringify(jwk),
      secrets.seal({ name: kid, text: JSON.stringify(privateKey.export({ format: 'jwk' })) }),
      signsFrom,
    ],
  )
}
