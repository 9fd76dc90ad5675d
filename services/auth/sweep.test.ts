import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomes, refused, startAuthHost } from './testing.ts'

test('what has lost its meaning is swept, and nothing else', async () => {
  await using shop = await startAuthHost()
  const live = await shop.aCustomer()
  const dead = await shop.aCustomer()
  const next = await shop.browser.refresh({ refreshToken: live.refreshToken })
  for (const { user } of [live, dead]) await shop.browser.requestPasswordReset({ email: user.email })
  await outcomes([shop.browser.login({ email: 'nobody@example.com', password: 'wrong' })])
  await shop.settled()
  const count = async () => {
    const { rows } = await shop.pool.query(
      `select (select count(*)::int from auth.users) as users, (select count(*)::int from auth.sessions) as sessions,
         (select count(*)::int from auth.refresh_tokens) as tokens, (select count(*)::int from auth.password_resets) as resets,
         (select count(*)::int from auth.attempts) as attempts`,
    )
    return rows[0]
  }
  const everything = { users: 2, sessions: 2, tokens: 5, resets: 2, attempts: 3 }
  assert.deepEqual(await count(), everything)
  await shop.runJob('sweep')
  assert.deepEqual(await count(), everything)

  await shop.pool.query(
    `update auth.refresh_tokens set expires_at = now() - interval '1 second'
     where session_id in (select session_id from auth.sessions where user_id = $1)`,
    [dead.user.userId],
  )
  // Of the live session, the tokens that were exchanged expire first; the session stays.
  await shop.pool.query(
    `update auth.refresh_tokens set expires_at = now() - interval '1 second' where uses > 0`,
  )
  await shop.pool.query(
    `update auth.password_resets set requested_at = now() - interval '8 days' where user_id = $1`,
    [dead.user.userId],
  )
  await shop.pool.query(
    `update auth.attempts set window_ends_at = now() - interval '1 second' where kind = 'login'`,
  )
  await shop.runJob('sweep')
  assert.deepEqual(await count(), { users: 2, sessions: 1, tokens: 1, resets: 1, attempts: 2 })
  assert.deepEqual((await shop.as(next).me({})).userId, live.user.userId)
  await assert.rejects(shop.as(dead).me({}), refused('SIGNED_OUT'))
})
