import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Session } from '@stoa/contracts/auth'
import { decodeJwt } from 'jose'
import { type AuthHost, outcomes, PASSWORD, refused, startAuthHost } from './testing.ts'

describe('a session', () => {
  let shop: AuthHost
  before(async () => {
    shop = await startAuthHost()
  })
  after(() => shop[Symbol.asyncDispose]())

  const refresh = ({ refreshToken }: Session) => shop.browser.refresh({ refreshToken })
  /** Another session of the same account. */
  const again = ({ user }: Session) => shop.browser.login({ email: user.email, password: PASSWORD })
  const over = refused('INVALID_REFRESH_TOKEN')
  /** As if all exchanges so far had happened earlier. */
  const letPass = (seconds: number) =>
    shop.pool.query(`update auth.refresh_tokens set used_at = used_at - make_interval(secs => $1)`, [seconds])

  it('goes on with each refresh, under the same id and for the same account', async () => {
    const first = await shop.aCustomer()
    const second = await refresh(first)
    const third = await refresh(second)
    assert.equal(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size, 3)
    assert.deepEqual(third.user, first.user)
    assert.equal(decodeJwt(third.accessToken).sid, decodeJwt(first.accessToken).sid)
    assert.notEqual(decodeJwt(third.accessToken).jti, decodeJwt(first.accessToken).jti)
  })

  it('survives a lost answer: the same token within 30 s is exchanged for a sibling, and both go on', async () => {
    const first = await shop.aCustomer()
    const lost = await refresh(first)
    await letPass(28)
    const sibling = await refresh(first)
    await refresh(lost)
    await refresh(sibling)
  })

  it('survives two exchanges of one token at the same moment', async () => {
    const first = await shop.aCustomer()
    const both = await Promise.all([refresh(first), refresh(first)])
    assert.deepEqual(await outcomes(both.map(refresh)), ['ok', 'ok'])
  })

  it('ends, with all that came of it, when a token is used again later', async () => {
    const first = await shop.aCustomer()
    const other = await again(first)
    const second = await refresh(first)
    await letPass(31)
    await assert.rejects(refresh(first), over)
    await assert.rejects(refresh(second), over)
    await assert.rejects(shop.as(second).me({}), refused('SIGNED_OUT'))
    assert.deepEqual(await shop.as(other).me({}), other.user, 'another session of the account goes on')
  })

  it('ends when one token is milked for siblings', async () => {
    const first = await shop.aCustomer()
    const siblings: Session[] = []
    for (let use = 1; use <= 10; use += 1) siblings.push(await refresh(first))
    await assert.rejects(refresh(first), over)
    await assert.rejects(refresh(siblings[9]!), over)
  })

  it('ends after 30 days without a refresh', async () => {
    const first = await shop.aCustomer()
    const expiry = await shop.pool.query(
      `select extract(epoch from expires_at - now()) / 86400 as days from auth.refresh_tokens t join auth.sessions using (session_id)
       where user_id = $1`,
      [first.user.userId],
    )
    assert.equal(Math.round(expiry.rows[0].days), 30)
    await shop.pool.query(
      `update auth.refresh_tokens set expires_at = now()
       where session_id in (select session_id from auth.sessions where user_id = $1)`,
      [first.user.userId],
    )
    await assert.rejects(refresh(first), over)
  })

  it('ends with logout, whichever of its tokens is shown and however often', async () => {
    const first = await shop.aCustomer()
    const other = await again(first)
    const second = await refresh(first)
    assert.equal(await shop.browser.logout({ refreshToken: first.refreshToken }), null)
    assert.equal(await shop.browser.logout({ refreshToken: first.refreshToken }), null)
    await assert.rejects(refresh(second), over)
    await refresh(other)
  })

  it('cannot be guessed, and a guess is told nothing', async () => {
    const refreshToken = 'a'.repeat(43)
    await assert.rejects(shop.browser.refresh({ refreshToken }), over)
    assert.equal(await shop.browser.logout({ refreshToken }), null)
  })

  it('follows what changed about the account at the next refresh', async () => {
    const first = await shop.aCustomer()
    await shop.pool.query(`update auth.users set email_verified_at = now() where user_id = $1`, [
      first.user.userId,
    ])
    const second = await refresh(first)
    assert.equal(second.user.emailVerified, true)
    assert.equal(decodeJwt(second.accessToken).email_verified, true)
  })

  it('goes on where the password is changed, and all others end', async () => {
    const here = await shop.aCustomer()
    const elsewhere = await again(here)
    const newPassword = 'a new and longer password'
    const change = { currentPassword: PASSWORD, newPassword }
    assert.equal(await shop.as(here).changePassword(change), null)
    await assert.rejects(refresh(elsewhere), over)
    await assert.rejects(shop.as(elsewhere).me({}), refused('SIGNED_OUT'))
    const next = await refresh(here)
    assert.equal(await shop.as(next).changePassword(change), null, 'a repetition after a lost answer')
    const old = again(here)
    await assert.rejects(old, refused('WRONG_CREDENTIALS'))
    await shop.browser.login({ email: here.user.email, password: newPassword })
  })

  it('opened with the old password while it is being changed is void', async () => {
    const here = await shop.aCustomer()
    const password = 'a new and longer password'
    const [, racing] = await Promise.allSettled([
      shop.as(here).changePassword({ currentPassword: PASSWORD, newPassword: password }),
      again(here),
    ])
    if (racing.status === 'fulfilled') await assert.rejects(refresh(racing.value), over)
  })

  it('does not let somebody else change the password, nor guess it for long', async () => {
    const here = await shop.aCustomer()
    const guess = () =>
      shop.as(here).changePassword({ currentPassword: 'wrong password', newPassword: 'another password' })
    await assert.rejects(guess(), refused('WRONG_CREDENTIALS'))
    await shop.pool.query(`update auth.attempts set count = 10 where kind = 'password' and subject = $1`, [
      here.user.userId,
    ])
    await assert.rejects(guess(), refused('TOO_MANY_ATTEMPTS'))
    const same = { currentPassword: PASSWORD, newPassword: PASSWORD }
    await assert.rejects(shop.as(here).changePassword(same), refused('INVALID_INPUT'))
    await assert.rejects(
      shop.browser.changePassword({ currentPassword: PASSWORD, newPassword: 'another password' }),
      refused('SIGNED_OUT'),
    )
  })
})
