import { Rejection } from '@stoa/contract'
import { AccessTokenClaims, auth } from '@stoa/contracts/auth'
import { type Actor, type EdgeHost, JsonText, newTrace, type Trace } from '@stoa/runtime'
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose'

type AuthenticatorOptions = {
  readonly send: EdgeHost['send']
  readonly issuer: string
  readonly signal: AbortSignal
}

const ANONYMOUS: Actor = { kind: 'anonymous' }
/** A new key is published a day before it signs, so looking every five minutes is early enough. */
const KEYS_FRESH_MS = 300_000
/** A token that names a key we do not know makes us look, at most this often. */
const UNKNOWN_KEY_PAUSE_MS = 5_000
/** Verified tokens remembered until they expire; the least recently used goes first. About 1.5 kB each. */
const MAX_REMEMBERED = 10_000
/** Clocks of processes differ by less. */
const CLOCK_TOLERANCE_SECONDS = 5

/**
 * Who a request's `Authorization` header speaks for. None: anonymous. One that is malformed, expired or not ours: 401
 * UNAUTHENTICATED. The keys come from the auth service; while it is away, those known last are used.
 */
export function createAuthenticator({ send, issuer, signal }: AuthenticatorOptions) {
  const remembered = new Map<string, { actor: Actor; expiresAtMs: number }>()
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

  async function verify(token: string, trace: Trace): Promise<{ actor: Actor; expiresAtMs: number }> {
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
    return { actor: actorOf(claims), expiresAtMs: claims.exp * 1000 }
  }

  return async (authorization: string | undefined, trace: Trace): Promise<Actor> => {
    if (authorization === undefined) return ANONYMOUS
    const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1]
    if (!token || token.length > 4_000) throw new Rejection('UNAUTHENTICATED')
    const known = remembered.get(token)
    if (known) {
      remembered.delete(token)
      if (known.expiresAtMs > Date.now()) {
        remembered.set(token, known)
        return known.actor
      }
    }
    try {
      const verified = await verify(token, trace)
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
