import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { auth } from '@stoa/contracts/auth'
import type { Actor } from '@stoa/runtime'
import { decodeJwt } from 'jose'
import { v7 } from 'uuid'
import { type AuthHost, actorOf, refused, startAuthHost } from './testing.ts'

const staff = (...permissions: string[]): Actor => ({ kind: 'staff', id: v7(), sessionId: v7(), permissions })

describe('the group of a customer', () => {
  let host: AuthHost
  before(async () => {
    host = await startAuthHost()
  })
  after(() => host[Symbol.asyncDispose]())
  const merchant = () => host.client(auth, { actor: staff('customer:read', 'customer:write') })
  const groupOf = (session: Parameters<typeof actorOf>[0]) => {
    const actor = actorOf(session)
    return actor.kind === 'customer' ? actor.customerGroup : 'not a customer'
  }

  test('is none at first, and not in the token', async () => {
    const session = await host.aCustomer()
    assert.equal(groupOf(session), undefined)
    assert.ok(!('customer_group' in decodeJwt(session.accessToken)))
    const { userId: customerId } = session.user
    assert.deepEqual(await merchant().getCustomerGroup({ customerId }), { customerId, customerGroup: null })
  })

  test('shows in the session from its next refresh on, and is gone again after that', async () => {
    const session = await host.aCustomer()
    const { userId: customerId } = session.user
    const put = { customerId, customerGroup: 'wholesale' }
    assert.deepEqual(await merchant().putCustomerGroup(put), put)
    assert.deepEqual(await merchant().putCustomerGroup(put), put)
    assert.deepEqual(await merchant().getCustomerGroup({ customerId }), put)
    const next = await host.browser.refresh({ refreshToken: session.refreshToken })
    assert.equal(groupOf(next), 'wholesale')
    await merchant().putCustomerGroup({ customerId, customerGroup: null })
    const last = await host.browser.refresh({ refreshToken: next.refreshToken })
    assert.equal(groupOf(last), undefined)
  })

  test('is recorded with who changed it', async () => {
    const { userId: customerId } = (await host.aCustomer()).user
    await merchant().putCustomerGroup({ customerId, customerGroup: 'club' })
    const { rows } = await host.pool.query('select before, after from auth.audit where subject = $1', [
      `user:${customerId}`,
    ])
    assert.deepEqual(rows, [{ before: { customerGroup: null }, after: { customerGroup: 'club' } }])
  })

  test('is of customers only, and of those that exist', async () => {
    const { userId } = await host.inner.addStaff({ email: 'staff@example.com', role: 'support' })
    for (const customerId of [userId, v7()]) {
      await assert.rejects(merchant().getCustomerGroup({ customerId }), refused('UNKNOWN_USER'))
      await assert.rejects(
        merchant().putCustomerGroup({ customerId, customerGroup: 'club' }),
        refused('UNKNOWN_USER'),
      )
    }
  })

  test('is changed by staff with the permission, and by nobody else', async () => {
    const session = await host.aCustomer()
    const change = { customerId: session.user.userId, customerGroup: 'club' }
    await assert.rejects(host.browser.putCustomerGroup(change), refused('UNAUTHENTICATED'))
    await assert.rejects(host.as(session).putCustomerGroup(change), refused('FORBIDDEN'))
    const reader = host.client(auth, { actor: staff('customer:read') })
    await assert.rejects(reader.putCustomerGroup(change), refused('FORBIDDEN'))
    for (const customerGroup of ['', 'Two Words', 'x'.repeat(61)])
      await assert.rejects(
        merchant().putCustomerGroup({ ...change, customerGroup }),
        refused('INVALID_INPUT'),
      )
  })
})
