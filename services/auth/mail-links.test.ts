import assert from 'node:assert/strict'
import { after, before, describe, it, test } from 'node:test'
import { auth, type Session } from '@stoa/contracts/auth'
import { v7 } from 'uuid'
import { openMailLinks } from './mail-links.ts'
import { secretsFrom } from './secrets.ts'
import { type AuthHost, outcomes, PASSWORD, refused, startAuthHost } from './testing.ts'

const [first, second] = ['a secret of thirty-two characters', 'another secret of that many letters']
const now = new Date('2026-01-01T00:00:00Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const [userId, requestId] = [v7(), v7()]

test('a link is good for its purpose, in its time, under its secret', async () => {
  const links = openMailLinks(secretsFrom([first]))
  const confirm = await links.sign({ purpose: 'confirm-email', userId }, now)
  const reset = await links.sign({ purpose: 'password-reset', userId, requestId }, now)
  assert.equal((await links.read(confirm, 'confirm-email', later(7 * 86_400 - 1)))?.userId, userId)
  assert.equal(await links.read(confirm, 'confirm-email', later(7 * 86_400 + 1)), undefined)
  assert.equal((await links.read(reset, 'password-reset', later(3_599)))?.requestId, requestId)
  assert.equal(await links.read(reset, 'password-reset', later(3_601)), undefined)
  assert.equal(await links.read(confirm, 'password-reset', now), undefined)
  assert.equal(await links.read(reset, 'confirm-email', now), undefined)
  assert.equal(await links.read(`${confirm.slice(0, -3)}abc`, 'confirm-email', now), undefined)
  assert.equal(await openMailLinks(secretsFrom([second])).read(confirm, 'confirm-email', now), undefined)
  const replaced = openMailLinks(secretsFrom([second, first]))
  assert.equal((await replaced.read(confirm, 'confirm-email', now))?.userId, userId)
})

describe('the link in a mail', () => {
  let shop: AuthHost
  before(async () => {
    shop = await startAuthHost()
  })
  after(() => shop[Symbol.asyncDispose]())

  const details = (
    { user }: Session,
    purpose: 'welcome' | 'confirm-email' | 'password-reset',
    requestId?: string,
  ) => shop.inner.mailDetails({ userId: user.userId, purpose, ...(requestId ? { requestId } : {}) })
  /** The facts of one account, oldest first. */
  const told = async ({ user }: Session) =>
    (await shop.announced()).filter(({ payload }) => (payload as { userId: string }).userId === user.userId)
  const askForReset = async (session: Session) => {
    await shop.browser.requestPasswordReset({ email: session.user.email.toUpperCase() })
    const fact = (await told(session)).findLast(({ name }) => name === 'auth.password-reset-requested')
    assert.ok(fact, 'nothing was announced')
    return (fact.payload as { requestId: string }).requestId
  }

  it('of welcome confirms the address, once, and is told once', async () => {
    const session = await shop.aCustomer()
    const { email, name, token } = await details(session, 'welcome')
    assert.deepEqual({ email, name }, { email: session.user.email, name: 'Ada Lovelace' })
    await Promise.all([
      shop.browser.confirmEmail({ token: token! }),
      shop.browser.confirmEmail({ token: token! }),
    ])
    await shop.browser.confirmEmail({ token: token! })
    assert.equal((await shop.as(session).me({})).emailVerified, true)
    assert.deepEqual(
      (await told(session)).map(({ name }) => name),
      ['auth.email-confirmed'],
    )
    assert.equal((await details(session, 'welcome')).token, null)
  })

  it('of confirmation is sent again on demand, while there is something to confirm', async () => {
    const session = await shop.aCustomer()
    await shop.as(session).resendConfirmation({})
    const { token } = await details(session, 'confirm-email')
    await shop.browser.confirmEmail({ token: token! })
    await shop.as(session).resendConfirmation({})
    const names = (await told(session)).map(({ name }) => name)
    assert.equal(names.filter((name) => name === 'auth.email-confirmation-requested').length, 1)
  })

  it('of confirmation cannot be ordered without end', async () => {
    const session = await shop.aCustomer()
    const answers: string[] = []
    for (let time = 1; time <= 6; time += 1)
      answers.push(...(await outcomes([shop.as(session).resendConfirmation({})])))
    assert.deepEqual(answers, [...Array(5).fill('ok'), 'TOO_MANY_ATTEMPTS'])
    const actor = { kind: 'staff' as const, id: session.user.userId, sessionId: v7(), permissions: [] }
    await assert.rejects(shop.client(auth, { actor }).resendConfirmation({}), refused('FORBIDDEN'))
  })

  it('of a reset sets a new password once, ends all sessions, and confirms the address', async () => {
    const session = await shop.aCustomer()
    const { email } = session.user
    const requestId = await askForReset(session)
    const { token } = await details(session, 'password-reset', requestId)
    const [password, other] = ['a new and longer password', 'what a thief would like']
    await shop.browser.resetPassword({ token: token!, password })
    await assert.rejects(shop.as(session).me({}), refused('SIGNED_OUT'))
    const { refreshToken } = session
    await assert.rejects(shop.browser.refresh({ refreshToken }), refused('INVALID_REFRESH_TOKEN'))
    await shop.browser.resetPassword({ token: token!, password })
    await assert.rejects(
      shop.browser.resetPassword({ token: token!, password: other }),
      refused('INVALID_TOKEN'),
    )
    const next = await shop.browser.login({ email, password })
    assert.equal(next.user.emailVerified, true)
    assert.deepEqual(
      (await told(session)).map(({ name }) => name),
      ['auth.password-reset-requested', 'auth.credentials-changed', 'auth.email-confirmed'],
    )
    assert.equal((await details(session, 'password-reset', requestId)).token, null)

    await shop.pool.query(`update auth.password_resets set used_at = used_at - interval '11 minutes'`)
    await assert.rejects(shop.browser.resetPassword({ token: token!, password }), refused('INVALID_TOKEN'))
  })

  it('of a reset, used by two at once, sets one password', async () => {
    const session = await shop.aCustomer()
    const { token } = await details(session, 'password-reset', await askForReset(session))
    const passwords = ['the one long password', 'the other long password']
    const answers = await outcomes(
      passwords.map((password) => shop.browser.resetPassword({ token: token!, password })),
    )
    assert.deepEqual(answers.toSorted(), ['INVALID_TOKEN', 'ok'])
    await shop.browser.login({ email: session.user.email, password: passwords[answers.indexOf('ok')]! })
  })

  it('of a reset is void when the password was changed meanwhile, and opens an account that was locked', async () => {
    const session = await shop.aCustomer()
    const { email } = session.user
    const early = await details(session, 'password-reset', await askForReset(session))
    const latePassword = 'a new and longer password'
    await shop.as(session).changePassword({ currentPassword: PASSWORD, newPassword: latePassword })
    await assert.rejects(
      shop.browser.resetPassword({ token: early.token!, password: PASSWORD }),
      refused('INVALID_TOKEN'),
    )
    await assert.rejects(shop.browser.login({ email, password: 'wrong' }), refused('WRONG_CREDENTIALS'))
    await shop.pool.query(`update auth.attempts set count = 10 where kind = 'login'`)
    await assert.rejects(shop.browser.login({ email, password: latePassword }), refused('TOO_MANY_ATTEMPTS'))
    const { token } = await details(session, 'password-reset', await askForReset(session))
    await shop.browser.resetPassword({ token: token!, password: PASSWORD })
    await shop.browser.login({ email, password: PASSWORD })
  })

  it('of a reset belongs to its account: a request of somebody else opens nothing', async () => {
    const ada = await shop.aCustomer()
    const bob = await shop.aCustomer()
    const requestId = await askForReset(ada)
    await assert.rejects(details(bob, 'password-reset', requestId), refused('UNKNOWN_USER'))
    await assert.rejects(details(bob, 'password-reset'), refused('UNKNOWN_USER'))
    await assert.rejects(details(bob, 'password-reset', v7()), refused('UNKNOWN_USER'))
    await assert.rejects(
      shop.inner.mailDetails({ userId: v7(), purpose: 'welcome' }),
      refused('UNKNOWN_USER'),
    )
  })
})

test('a request for a reset is answered without a look at the accounts, and ends in a mail for a real one alone', async () => {
  await using shop = await startAuthHost({ environment: { AUTH_MAILS_PER_IP: '4' } })
  const { user } = await shop.aCustomer()
  const browser = shop.browserAt('203.0.113.7')
  const locked = await shop.pool.connect()
  try {
    await locked.query('begin; lock table auth.users in access exclusive mode')
    for (const email of [user.email, 'nobody@example.com'])
      assert.equal(await browser.requestPasswordReset({ email }), null)
    await locked.query('commit')
  } finally {
    locked.release()
  }
  const requests = (await shop.announced()).filter(({ name }) => name === 'auth.password-reset-requested')
  assert.equal(requests.length, 1)
  const { userId, requestId } = requests[0]!.payload as { userId: string; requestId: string }
  assert.equal(userId, user.userId)

  await shop.runJob('announce-password-reset', { requestId, email: user.email })
  assert.equal((await shop.announced()).length, 1, 'a job that runs twice asks for one mail')

  const more = ['a@example.com', 'b@example.com', 'c@example.com']
  const answers: string[] = []
  for (const email of more) answers.push(...(await outcomes([browser.requestPasswordReset({ email })])))
  assert.deepEqual(answers, ['ok', 'ok', 'TOO_MANY_ATTEMPTS'])
})
