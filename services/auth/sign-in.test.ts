import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { after, before, describe, it, test } from 'node:test'
import { Rejection } from '@stoa/contract'
import { AccessTokenClaims, auth, type Session } from '@stoa/contracts/auth'
import { statements } from '@stoa/testing'
import { createLocalJWKSet, jwtVerify } from 'jose'
import {
  type AuthHost,
  actorOf,
  aRegistration,
  outcomes,
  PASSWORD,
  refused,
  startAuthHost,
} from './testing.ts'

describe('signing in', () => {
  let shop: AuthHost
  before(async () => {
    shop = await startAuthHost()
  })
  after(() => shop[Symbol.asyncDispose]())

  /** What was announced about an account. */
  const announcedOf = async ({ user }: Session) =>
    (await shop.announced())
      .filter(({ payload }) => (payload as { userId: string }).userId === user.userId)
      .map(({ name }) => name)

  it('a customer registers, is announced, and is signed in at once', async () => {
    const registration = aRegistration({ email: 'Ada@Example.com' })
    const session = await shop.browser.register(registration)
    assert.deepEqual(await shop.as(session).me({}), session.user)
    assert.deepEqual(
      { ...session.user, userId: '', createdAt: '' },
      {
        userId: '',
        email: 'Ada@Example.com',
        name: 'Ada Lovelace',
        emailVerified: false,
        role: 'customer',
        mustChangePassword: false,
        createdAt: '',
      },
    )
    assert.deepEqual(await announcedOf(session), ['auth.user-registered'])
  })

  it('an address has one account, however it is spelled', async () => {
    await shop.browser.register(aRegistration({ email: 'grace@example.com' }))
    const again = shop.browser.register(aRegistration({ email: 'GRACE@example.com' }))
    await assert.rejects(again, refused('EMAIL_TAKEN'))
    const session = await shop.browser.login({ email: 'gRaCe@Example.com', password: PASSWORD })
    assert.equal(session.user.email, 'grace@example.com')
  })

  it('a registration repeated with its key and password is answered with a session, and announced once', async () => {
    const registration = aRegistration()
    const atOnce = await Promise.all([
      shop.browser.register(registration),
      shop.browser.register(registration),
    ])
    const later = await shop.browser.register(registration)
    assert.equal(new Set([...atOnce, later].map(({ user }) => user.userId)).size, 1)
    assert.deepEqual(await shop.as(later).me({}), later.user)
    assert.deepEqual(await announcedOf(later), ['auth.user-registered'])

    const strangers = [
      shop.browser.register({ ...registration, password: 'another password' }),
      shop.browser.register({ ...registration, idempotencyKey: 'another' }),
    ]
    assert.deepEqual(await outcomes(strangers), ['EMAIL_TAKEN', 'EMAIL_TAKEN'])
  })

  it('a password that bcrypt would cut is refused, naming the field', async () => {
    for (const password of ['x'.repeat(73), 'é'.repeat(37), '\u0958'.repeat(24), 'too short']) {
      await assert.rejects(
        shop.browser.register(aRegistration({ password })),
        (error) => error instanceof Rejection && JSON.stringify(error.data).includes('"field":"password"'),
      )
    }
    const email = 'long@example.com'
    await shop.browser.register(aRegistration({ email, password: 'x'.repeat(72) }))
    const longer = shop.browser.login({ email, password: 'x'.repeat(73) })
    await assert.rejects(longer, refused('WRONG_CREDENTIALS'))
  })

  it('a login that fails does the same work whether or not there is an account', async () => {
    const { email } = (await shop.aCustomer()).user
    await shop.settled()
    const counter = statements(shop.database.url)
    const workOf = async (attempt: { email: string; password: string }) => {
      await counter.reset()
      const before = shop.hashes()
      await assert.rejects(shop.browserAt('203.0.113.7').login(attempt), refused('WRONG_CREDENTIALS'))
      const { statements } = await counter.ofServices()
      return { hashes: shop.hashes() - before, statements }
    }
    const known = await workOf({ email, password: 'wrong password' })
    const unknown = await workOf({ email: 'nobody@example.com', password: 'wrong password' })
    const tooLong = await workOf({ email: 'nobody@example.com', password: 'x'.repeat(200) })
    assert.equal(known.hashes, 1)
    assert.equal(known.statements.length, 1)
    assert.deepEqual(unknown, known)
    assert.deepEqual(tooLong, known)
  })

  it('who is anonymous, signed out, or holds a session of somebody else is nobody', async () => {
    const [ada, bob] = [await shop.aCustomer(), await shop.aCustomer()]
    await assert.rejects(shop.browser.me({}), refused('SIGNED_OUT'))
    const [adas, bobs] = [actor(ada), actor(bob)]
    const mixed = shop.client(auth, {
      actor: { ...adas, sessionId: bobs.sessionId },
    })
    await assert.rejects(mixed.me({}), refused('SIGNED_OUT'))
    await assert.rejects(
      mixed.changePassword({ currentPassword: PASSWORD, newPassword: 'another password' }),
      refused('SIGNED_OUT'),
    )
    await shop.browser.logout({ refreshToken: ada.refreshToken })
    await assert.rejects(shop.as(ada).me({}), refused('SIGNED_OUT'))
    assert.deepEqual(await shop.as(bob).me({}), bob.user)
  })
})

test('the access token is a JWT for an hour that the published keys verify', async () => {
  await using shop = await startAuthHost({ environment: { AUTH_ISSUER: 'https://shop.example' } })
  const { accessToken, expiresInSeconds, user } = await shop.browser.register(aRegistration())
  const keys = createLocalJWKSet(await shop.browser.jwks({}))
  const { payload, protectedHeader } = await jwtVerify(accessToken, keys, {
    issuer: 'https://shop.example',
    audience: 'https://shop.example',
    typ: 'at+jwt',
    algorithms: ['EdDSA'],
  })
  const claims = AccessTokenClaims.parse(payload)
  assert.equal(claims.sub, user.userId)
  assert.equal(claims.email, user.email)
  assert.equal(claims.email_verified, false)
  assert.equal(claims.role, 'customer')
  assert.equal(claims.permissions, undefined)
  assert.equal(claims.exp - claims.iat, 3600)
  assert.equal(expiresInSeconds, 3600)
  assert.ok(protectedHeader.kid)
  assert.deepEqual(
    (await shop.browser.jwks({})).keys.map((key) => Object.keys(key).sort()),
    [['alg', 'crv', 'kid', 'kty', 'use', 'x']],
  )
})

test('a day later the same registration is refused', async () => {
  await using shop = await startAuthHost()
  const registration = aRegistration()
  await shop.browser.register(registration)
  await shop.pool.query(`update auth.users set created_at = created_at - interval '25 hours'`)
  await assert.rejects(shop.browser.register(registration), refused('EMAIL_TAKEN'))
})

test('wrong guesses for one account end at the limit, counted over replicas and however many come at once', async () => {
  const environment = { AUTH_LOGIN_FAILURES_PER_ACCOUNT: '3' }
  await using shop = await startAuthHost({ environment })
  await using replica = await startAuthHost({ environment, databaseOf: shop })
  for (const email of ['ada@example.com', 'nobody@example.com']) {
    const guess = { email, password: 'wrong password' }
    const calls = Array.from({ length: 8 }, (_, index) => (index % 2 ? shop : replica).browser.login(guess))
    const answers = (await outcomes(calls)).sort()
    assert.deepEqual(answers, [...Array(5).fill('TOO_MANY_ATTEMPTS'), ...Array(3).fill('WRONG_CREDENTIALS')])
  }
})

test('who is over the limit is told how long to wait, even with the right password, and may go on after that', async () => {
  await using shop = await startAuthHost({ environment: { AUTH_LOGIN_FAILURES_PER_ACCOUNT: '1' } })
  const { email } = (await shop.aCustomer()).user
  await assert.rejects(shop.browser.login({ email, password: 'wrong' }), refused('WRONG_CREDENTIALS'))
  await assert.rejects(shop.browser.login({ email, password: PASSWORD }), (error) => {
    assert.ok(error instanceof Rejection)
    assert.equal(error.code, 'TOO_MANY_ATTEMPTS')
    const { retryAfterSeconds } = error.data as { retryAfterSeconds: number }
    assert.ok(retryAfterSeconds > 890 && retryAfterSeconds <= 900, String(retryAfterSeconds))
    return true
  })
  await shop.pool.query(`update auth.attempts set window_ends_at = now()`)
  await shop.browser.login({ email, password: PASSWORD })
})

test('a success forgives the failures of its account, and those of its IP address not', async () => {
  await using shop = await startAuthHost({
    environment: { AUTH_LOGIN_FAILURES_PER_ACCOUNT: '2', AUTH_LOGIN_FAILURES_PER_IP: '3' },
  })
  const { email } = (await shop.aCustomer()).user
  const from = shop.browserAt('2001:db8::1')
  const neighbour = shop.browserAt('2001:db8::2')
  const right = { email, password: PASSWORD }
  const wrong = { email, password: 'wrong password' }
  const answers: string[] = []
  for (const [browser, attempt] of [
    [from, wrong],
    [from, right],
    [neighbour, wrong],
    [from, right],
    [neighbour, wrong],
    [from, right],
    [shop.browserAt('2001:db8:0:1::1'), right],
  ] as const)
    answers.push(...(await outcomes([browser.login(attempt)])))
  assert.deepEqual(answers, [
    'WRONG_CREDENTIALS',
    'ok',
    'WRONG_CREDENTIALS',
    'ok',
    'WRONG_CREDENTIALS',
    // Three failures from this line: nobody signs in from it for a while.
    'TOO_MANY_ATTEMPTS',
    'ok',
  ])
})

test('registrations are limited per address and per IP address', async () => {
  await using shop = await startAuthHost({
    environment: { AUTH_REGISTRATIONS_PER_EMAIL: '1', AUTH_REGISTRATIONS_PER_IP: '4' },
  })
  const { email } = (await shop.aCustomer()).user
  const again = () => shop.browserAt('203.0.113.7').register(aRegistration({ email }))
  assert.deepEqual(await outcomes([again()]), ['EMAIL_TAKEN'])
  assert.deepEqual(await outcomes([again()]), ['TOO_MANY_ATTEMPTS'])
  const others = Array.from({ length: 3 }, () => shop.browserAt('203.0.113.7').register(aRegistration()))
  assert.deepEqual((await outcomes(others)).sort(), ['TOO_MANY_ATTEMPTS', 'ok', 'ok'])
})

test('when every core hashes and nobody may wait, the rest is told that the shop is busy', async () => {
  await using shop = await startAuthHost({ environment: { AUTH_HASHES_WAITING: '0' } })
  const calls = Array.from({ length: availableParallelism() + 2 }, (_, index) =>
    shop.browser.login({ email: `nobody-${index}@example.com`, password: 'wrong password' }),
  )
  const answers = await outcomes(calls)
  assert.equal(answers.filter((answer) => answer === 'BUSY').length, 2)
})

test('no password, no token and no address that a stranger typed is stored in the clear', async () => {
  await using shop = await startAuthHost()
  const session = await shop.browser.register(aRegistration({ idempotencyKey: 'the-key-of-this-intent' }))
  await outcomes([shop.browser.login({ email: 'stranger@example.com', password: 'wrong password' })])
  await shop.settled()
  const { rows: tables } = await shop.pool.query(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('auth', 'log', 'graphile_worker')`,
  )
  let text = ''
  for (const { name } of tables)
    text += (await shop.pool.query(`select coalesce(string_agg(t::text, ' '), '') as text from ${name} t`))
      .rows[0].text
  assert.ok(text.includes(session.user.userId))
  for (const secret of [PASSWORD, session.refreshToken, session.accessToken, 'the-key-of-this', 'stranger@'])
    assert.ok(!text.includes(secret), `${secret} is in the database`)
})

const actor = (session: Session) => {
  const who = actorOf(session)
  if (who.kind !== 'customer') throw new Error('a customer was expected')
  return who
}
