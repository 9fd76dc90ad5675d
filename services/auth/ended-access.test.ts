import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { decodeJwt } from 'jose'
import { type AuthHost, outcomes, PASSWORD, refused, startAuthHost } from './testing.ts'

describe('access that ends before its token', () => {
  let shop: AuthHost
  before(async () => {
    shop = await startAuthHost()
  })
  after(() => shop[Symbol.asyncDispose]())

  const sessionOf = ({ accessToken }: { accessToken: string }) => decodeJwt(accessToken).sid as string
  const versionOf = ({ accessToken }: { accessToken: string }) =>
    decodeJwt(accessToken).credentials_version as number
  const announced = async (name: string, userId: string) =>
    (await shop.announced())
      .filter((event) => event.name === name && (event.payload as { userId: string }).userId === userId)
      .map(({ payload }) => payload)
  const everything = async (withinSeconds = 3_600) => {
    const sessionIds: string[] = []
    const accounts: { userId: string }[] = []
    for (let after: string | undefined; ; ) {
      const page = await shop.inner.endedAccess({ withinSeconds, ...(after && { after }) })
      sessionIds.push(...page.sessionIds)
      accounts.push(...page.accounts)
      if (page.next === null) return { sessionIds, accounts }
      after = page.next
    }
  }

  it('by logout is announced once, and told to who asks', async () => {
    const session = await shop.aCustomer()
    const { userId } = session.user
    await shop.browser.logout({ refreshToken: session.refreshToken })
    await shop.browser.logout({ refreshToken: session.refreshToken })
    const sessionId = sessionOf(session)
    assert.deepEqual(await announced('auth.session-ended', userId), [{ sessionId, userId }])
    assert.ok((await everything()).sessionIds.includes(sessionId))
  })

  it('by a refresh token that two had is announced', async () => {
    const session = await shop.aCustomer()
    await shop.browser.refresh({ refreshToken: session.refreshToken })
    await shop.pool.query(`update auth.refresh_tokens set used_at = used_at - interval '31 seconds'`)
    await assert.rejects(
      shop.browser.refresh({ refreshToken: session.refreshToken }),
      refused('INVALID_REFRESH_TOKEN'),
    )
    assert.equal((await announced('auth.session-ended', session.user.userId)).length, 1)
  })

  it('by a new password is announced with the version that older tokens do not have, and the session that goes on', async () => {
    const session = await shop.aCustomer()
    const { userId, email } = session.user
    const newPassword = 'a new and longer password'
    await shop.as(session).changePassword({ currentPassword: PASSWORD, newPassword })
    const changed = { userId, credentialsVersion: versionOf(session) + 1, keptSessionId: sessionOf(session) }
    assert.deepEqual(await announced('auth.credentials-changed', userId), [changed])
    assert.deepEqual(
      (await everything()).accounts.filter((one) => one.userId === userId),
      [changed],
    )
    const next = await shop.browser.login({ email, password: newPassword })
    assert.equal(versionOf(next), changed.credentialsVersion)
  })

  it('by disabling and by opening anew is announced, and keeps nobody', async () => {
    const email = 'leaving@example.com'
    const { userId } = await shop.inner.addStaff({ email, role: 'support' })
    await shop.inner.disableStaff({ email })
    await shop.inner.addStaff({ email, role: 'read-only' })
    assert.deepEqual(
      await announced('auth.credentials-changed', userId),
      [2, 3].map((credentialsVersion) => ({ userId, credentialsVersion, keptSessionId: null })),
    )
  })

  it('is told for as long as a token can live, page by page, each once', async () => {
    await shop.pool.query(
      `insert into auth.sessions (user_id, credentials_version, revoked_at)
       select user_id, 1, now() - interval '1 minute' from (select user_id from auth.users limit 1) u, generate_series(1, 5500)`,
    )
    const { sessionIds } = await everything()
    assert.ok(sessionIds.length >= 5_500)
    assert.equal(new Set(sessionIds).size, sessionIds.length)
    assert.ok((await everything(10)).sessionIds.length < 100)
    assert.deepEqual(await outcomes([shop.inner.endedAccess({ withinSeconds: 10, after: 'x' })]), [
      'INVALID_INPUT',
    ])
  })
})
