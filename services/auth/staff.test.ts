import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { auth } from '@stoa/contracts/auth'
import { type AuthHost, actorOf, outcomes, refused, startAuthHost } from './testing.ts'

describe('a member of staff', () => {
  let shop: AuthHost
  before(async () => {
    shop = await startAuthHost()
  })
  after(() => shop[Symbol.asyncDispose]())

  let people = 0
  const someone = () => `staff-${++people}@example.com`
  const audited = async (userId: string) => {
    const { rows } = await shop.pool.query(
      `select actor, operation, before, after from auth.audit where subject = $1 order by position`,
      [`user:${userId}`],
    )
    return rows
  }
  const permissionsOf = (session: Parameters<typeof actorOf>[0]) => {
    const actor = actorOf(session)
    return actor.kind === 'staff' ? actor.permissions : undefined
  }

  it('may do nothing with the one-time password but choose another, and then what the role allows', async () => {
    const email = someone()
    const { userId, oneTimePassword } = await shop.inner.addStaff({ email, role: 'support' })
    const session = await shop.browser.login({ email, password: oneTimePassword })
    assert.deepEqual(permissionsOf(session), [])
    assert.equal(session.user.mustChangePassword, true)
    await shop
      .as(session)
      .changePassword({ currentPassword: oneTimePassword, newPassword: 'my own password' })
    const next = await shop.browser.refresh({ refreshToken: session.refreshToken })
    assert.ok(permissionsOf(next)?.includes('payment:refund'))
    assert.ok(!permissionsOf(next)?.includes('product:write'))
    assert.equal((await shop.as(next).me({})).mustChangePassword, false)
    assert.deepEqual(await audited(userId), [
      {
        actor: 'anonymous',
        operation: 'auth.addStaff',
        before: null,
        after: { role: 'support', disabled: false },
      },
    ])
  })

  it('whose password was lost before it was used gets another, under the same account', async () => {
    const email = someone()
    const lost = await shop.inner.addStaff({ email, role: 'read-only' })
    const again = await shop.inner.addStaff({ email, role: 'admin' })
    assert.equal(again.userId, lost.userId)
    const tried = shop.browser.login({ email, password: lost.oneTimePassword })
    await assert.rejects(tried, refused('WRONG_CREDENTIALS'))
    const session = await shop.browser.login({ email, password: again.oneTimePassword })
    assert.equal(session.user.role, 'admin')
  })

  it('is one account when it is added twice at once', async () => {
    const email = someone()
    const added = await Promise.all([
      shop.inner.addStaff({ email, role: 'support' }),
      shop.inner.addStaff({ email, role: 'support' }),
    ])
    assert.equal(new Set(added.map(({ userId }) => userId)).size, 1)
    const logins = added.map(({ oneTimePassword }) =>
      shop.browser.login({ email, password: oneTimePassword }),
    )
    assert.deepEqual((await outcomes(logins)).sort(), ['WRONG_CREDENTIALS', 'ok'])
  })

  it('is never made of a customer, nor of an account in use', async () => {
    const { user } = await shop.aCustomer()
    await assert.rejects(shop.inner.addStaff({ email: user.email, role: 'admin' }), refused('EMAIL_TAKEN'))
    assert.equal((await audited(user.userId)).length, 0)
    const email = someone()
    const { oneTimePassword } = await shop.inner.addStaff({ email, role: 'support' })
    const session = await shop.browser.login({ email, password: oneTimePassword })
    await shop
      .as(session)
      .changePassword({ currentPassword: oneTimePassword, newPassword: 'my own password' })
    await assert.rejects(shop.inner.addStaff({ email, role: 'admin' }), refused('EMAIL_TAKEN'))
  })

  it('who is disabled stays outside, until added anew', async () => {
    const email = someone()
    const { userId, oneTimePassword } = await shop.inner.addStaff({ email, role: 'admin' })
    const session = await shop.browser.login({ email, password: oneTimePassword })
    await shop.inner.disableStaff({ email: email.toUpperCase() })
    await shop.inner.disableStaff({ email })
    await assert.rejects(shop.as(session).me({}), refused('SIGNED_OUT'))
    await assert.rejects(
      shop.browser.refresh({ refreshToken: session.refreshToken }),
      refused('INVALID_REFRESH_TOKEN'),
    )
    await assert.rejects(
      shop.browser.login({ email, password: oneTimePassword }),
      refused('WRONG_CREDENTIALS'),
    )
    const listed = (await shop.inner.listStaff({})).items.find((one) => one.userId === userId)
    assert.equal(listed?.disabled, true)

    const again = await shop.inner.addStaff({ email, role: 'read-only' })
    assert.equal(again.userId, userId)
    await shop.browser.login({ email, password: again.oneTimePassword })
    assert.deepEqual(
      (await audited(userId)).map(({ before, after }) => [before, after]),
      [
        [null, { role: 'admin', disabled: false }],
        [
          { role: 'admin', disabled: false },
          { role: 'admin', disabled: true },
        ],
        [
          { role: 'admin', disabled: true },
          { role: 'read-only', disabled: false },
        ],
      ],
    )
  })

  it('is listed, customers are not, and only the platform itself may add, list and disable', async () => {
    const { user } = await shop.aCustomer()
    const { items } = await shop.inner.listStaff({})
    assert.ok(items.length > 0)
    assert.ok(items.every(({ role, email }) => role !== 'customer' && email !== user.email))
    await assert.rejects(shop.inner.disableStaff({ email: user.email }), refused('UNKNOWN_USER'))
    await assert.rejects(shop.inner.disableStaff({ email: 'nobody@example.com' }), refused('UNKNOWN_USER'))
    const admin = shop.client(auth, {
      actor: { kind: 'staff', id: user.userId, sessionId: user.userId, permissions: ['order:write'] },
    })
    for (const call of [
      admin.addStaff({ email: someone(), role: 'admin' }),
      admin.listStaff({}),
      admin.disableStaff({ email: user.email }),
      admin.mailDetails({ userId: user.userId, purpose: 'welcome' }),
    ])
      await assert.rejects(call, refused('NOT_FOUND'))
  })
})
