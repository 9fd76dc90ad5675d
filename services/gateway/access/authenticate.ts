import { type Client, Rejection } from '@stoa/contract'
import { isApiKeySecret } from '@stoa/contracts/api-key'
import { AccessTokenClaims, auth } from '@stoa/contracts/auth'
import { type Actor, type EdgeHost, JsonText, newTrace, type Trace } from '@stoa/runtime'
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose'
import type { Access } from './access.ts'
import { loadRevoked } from './load-revoked.ts'

type AuthenticatorOptions = {
  readonly send: EdgeHost['send']
  readonly source: Client<typeof auth>
  readonly access: Access
  readonly issuer: string
  readonly signal: AbortSignal
}

const ANONYMOUS: Actor = { kind: 'anonymous' }
/** A new key is published a day before it signs, so looking every five minutes is early enough. */
const KEYS_FRESH_MS = 300_000
/** What ended is asked for again after this, should an event never come. */
const REVOKED_FRESH_MS = 60_000
/** A token that names a key we do not know makes us look, at most this often. */
const UNKNOWN_KEY_PAUSE_MS = 5_000
/** Verified tokens remembered until they expire; the least recently used goes first. About 1.5 kB each. */
const MAX_REMEMBERED = 10_000
/** Clocks of processes differ by less. */
const CLOCK_TOLERANCE_SECONDS = 5

type Verified = { readonly actor: Actor; readonly claims: AccessTokenClaims }

/** `mayLook` throws when whoever sends a token or a key that is not known has sent too many of them already. */
export type Authenticate = (
  authorization: string | undefined,
  trace: Trace,
  mayLook: () => void,
) => Promise<Actor>

/**
 * Who a request's `Authorization` header speaks for: an access token's session, or an API key. None: anonymous. One that is malformed,
 * expired, ended or not ours: 401 UNAUTHENTICATED. What is known comes from the auth service; while it is away, what was known last is
 * used, for as long as each says.
 */
export function createAuthenticator({
  send,
  source,
  access,
  issuer,
  signal,
}: AuthenticatorOptions): Authenticate {
  const remembered = new Map<string, Verified>()
  const operation = auth.operations.jwks
  let keys: { set: ReturnType<typeof createLocalJWKSet>; ids: string[]; readAtMs: number } | undefined
  let reading: Promise<void> | undefined

  const readKeys = (trace: Trace): Promise<void> => {
    reading ??= send({
      contract: auth,
      name: 'jwks',
      operation,
      input: {},
      actor: ANONYMOUS,
      address: undefined,
      idempotencyKey: undefined,
      trace,
      deadlineAt: Date.now() + 5_000,
      signal,
    })
      .then(({ output }) => {
        const read = (output instanceof JsonText ? JSON.parse(output.text) : output) as JSONWebKeySet
        const ids = read.keys.map(({ kid }) => kid ?? '')
        // Tokens of a key that was withdrawn are not ours any longer.
        if (keys?.ids.some((id) => !ids.includes(id))) remembered.clear()
        keys = { set: createLocalJWKSet(read), ids, readAtMs: Date.now() }
      })
      .catch((error: unknown) => {
        throw error instanceof Rejection && error.code !== 'INTERNAL' ? error : new Rejection('UNAVAILABLE')
      })
      .finally(() => {
        reading = undefined
      })
    return reading
  }

  let readingRevoked: Promise<void> | undefined
  const readRevoked = (): Promise<void> => {
    readingRevoked ??= loadRevoked(access, source).finally(() => {
      readingRevoked = undefined
    })
    return readingRevoked
  }
  /** No token is accepted before it is known which have ended; after that, what is known serves until more is. */
  const knowRevoked = async (): Promise<void> => {
    if (access.readAtMs === undefined)
      await readRevoked().catch((error: unknown) => {
        throw error instanceof Rejection && error.code !== 'INTERNAL' ? error : new Rejection('UNAVAILABLE')
      })
    else if (Date.now() - access.readAtMs > REVOKED_FRESH_MS) readRevoked().catch(() => {})
  }

  async function verify(token: string, trace: Trace): Promise<Verified> {
    if (!keys) await readKeys(trace)
    // Old keys serve until the new ones are here, and when they cannot be had.
    else if (Date.now() - keys.readAtMs > KEYS_FRESH_MS) readKeys(newTrace()).catch(() => {})
    const check = async () =>
      jwtVerify(token, keys!.set, {
        issuer,
        audience: issuer,
        typ: 'at+jwt',
        algorithms: ['EdDSA', 'Ed25519', 'ES256'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      })
    const { payload } = await check().catch(async (error: unknown) => {
      if (!(error instanceof errors.JWKSNoMatchingKey) || Date.now() - keys!.readAtMs < UNKNOWN_KEY_PAUSE_MS)
        throw error
      await readKeys(trace)
      return check()
    })
    const claims = AccessTokenClaims.parse(payload)
    return { actor: actorOf(claims), claims }
  }

  return async (authorization, trace, mayLook) => {
    if (authorization === undefined) return ANONYMOUS
    const secret = /^Bearer +(stoa_\w+)$/i.exec(authorization)?.[1]
    if (secret !== undefined) {
      if (!isApiKeySecret(secret)) throw new Rejection('UNAUTHENTICATED')
      return access.apiKeys.actorOf(secret, source, mayLook)
    }
    const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1]
    if (!token || token.length > 4_000) throw new Rejection('UNAUTHENTICATED')
    await knowRevoked()
    const known = remembered.get(token)
    if (known) {
      remembered.delete(token)
      if (known.claims.exp * 1000 > Date.now()) {
        if (access.revoked.has(known.claims)) throw new Rejection('UNAUTHENTICATED')
        remembered.set(token, known)
        return known.actor
      }
    }
    mayLook()
    try {
      const verified = await verify(token, trace)
      if (access.revoked.has(verified.claims)) throw new Rejection('UNAUTHENTICATED')
      remembered.set(token, verified)
      if (remembered.size > MAX_REMEMBERED) remembered.delete(remembered.keys().next().value as string)
      return verified.actor
    } catch (error) {
      if (error instanceof Rejection) throw error
      throw new Rejection('UNAUTHENTICATED')
    }
  }
}

function actorOf(claims: AccessTokenClaims): Actor {
  return claims.role === 'customer'
    ? {
        kind: 'customer',
        id: claims.sub,
        sessionId: claims.sid,
        email: claims.email,
        emailVerified: claims.email_verified,
        ...(claims.customer_group !== undefined && { customerGroup: claims.customer_group }),
      }
    : { kind: 'staff', id: claims.sub, sessionId: claims.sid, permissions: claims.permissions ?? [] }
}
