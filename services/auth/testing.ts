import { Rejection } from '@stoa/contract'
import { auth, type Session } from '@stoa/contracts/auth'
import { type Actor, newTrace, type Query } from '@stoa/runtime'
import { startTestHost, type TestHost } from '@stoa/testing'
import { decodeJwt } from 'jose'
import { v7 } from 'uuid'
import type { Resources } from './context.ts'
import service from './service.ts'
import { newRefreshToken, openAccount } from './sessions.ts'

export type AuthHost = Awaited<ReturnType<typeof startAuthHost>>

/** The auth service alone. */
export async function startAuthHost({
  environment = {},
  databaseOf,
}: {
  environment?: Record<string, string>
  databaseOf?: TestHost
} = {}) {
  const host = await startTestHost({
    services: [service],
    environment,
    ...(databaseOf ? { database: databaseOf.database } : {}),
  })
  return {
    ...host,
    /** As a browser calls it. */
    browser: host.client(auth),
    browserAt: (address: string) => host.client(auth, { address }),
    /** As who holds the access token of a session. */
    as: (session: Session) => host.client(auth, { actor: actorOf(session) }),
    /** A customer with the password `PASSWORD` and a first session, opened without hashing and without being announced. */
    aCustomer: () => aCustomer(host),
    /** As other services and the operator's commands call it. */
    inner: host.client(auth, { via: 'test' }),
    /** Passwords hashed so far, by this replica. */
    hashes: () => (contextOf(host, 'test').resources as Resources).hashing.done(),
    /** The names and payloads of the facts announced so far. */
    announced: async () => (await host.loggedEvents()).map(({ name, payload }) => ({ name, payload })),
    runJob: (name: string, input: object = {}) => runJob(host, name, input),
  }
}

export const PASSWORD = 'correct horse battery'

let accounts = 0

/** The input of a registration. */
export const aRegistration = (given: { email?: string; password?: string; idempotencyKey?: string } = {}) => {
  accounts += 1
  return {
    email: given.email ?? `Ada.${accounts}@Example.com`,
    password: given.password ?? PASSWORD,
    name: 'Ada Lovelace',
    idempotencyKey: given.idempotencyKey ?? `key-${accounts}`,
  }
}

/** Of `PASSWORD`. */
const PASSWORD_HASH = '$2b$12$NwfjHpo.O6zQHKQQUjpLneLwx4o0TFdW9vSzsH82UI8lSQ3wx68pW'

async function aCustomer(host: TestHost): Promise<Session> {
  const { email, name, idempotencyKey } = aRegistration()
  const refreshToken = newRefreshToken()
  const query: Query = async (text, values) => (await host.pool.query(text, values as unknown[])).rows
  await openAccount(query, {
    userId: v7(),
    email,
    name,
    passwordHash: PASSWORD_HASH,
    idempotencyKey,
    refreshToken,
  })
  return host.client(auth).refresh({ refreshToken })
}

/** Who a session's access token speaks for, as the gateway reads it. */
export function actorOf({ accessToken }: Session): Actor {
  const claims = decodeJwt<{
    sid: string
    role: string
    email: string
    email_verified: boolean
    customer_group?: string
    permissions?: string[]
  }>(accessToken)
  const who = { id: claims.sub!, sessionId: claims.sid }
  return claims.role === 'customer'
    ? {
        kind: 'customer',
        ...who,
        email: claims.email,
        emailVerified: claims.email_verified,
        ...(claims.customer_group !== undefined && { customerGroup: claims.customer_group }),
      }
    : { kind: 'staff', ...who, permissions: claims.permissions ?? [] }
}

/** Runs a job of the service now, as the clock would. */
async function runJob(host: TestHost, name: string, input: object): Promise<void> {
  const job = service.jobs.find((candidate) => candidate.name === name)
  if (!job) throw new Error(`there is no job ${name}`)
  await job.handle(input, contextOf(host, name))
}

function contextOf(host: TestHost, name: string) {
  const hosted = host.host.services.find((candidate) => candidate.name === 'auth')
  if (!hosted) throw new Error('auth is not hosted here')
  return hosted.context({ name, trace: newTrace(), signal: AbortSignal.timeout(10_000) })
}

/** For `assert.rejects`: a refusal of this code. */
export const refused = (code: string) => (error: unknown) => error instanceof Rejection && error.code === code

/** What became of each: `ok`, or the code of the refusal. */
export const outcomes = async (calls: Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(calls)).map((call) =>
    call.status === 'fulfilled'
      ? 'ok'
      : call.reason instanceof Rejection
        ? call.reason.code
        : String(call.reason),
  )
