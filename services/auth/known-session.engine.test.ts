import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { auth, type Session } from '@stoa/contracts/auth'
import { engineAddress, eventually, ownKeys, startRedisServer, statements } from '@stoa/testing'
import { decodeJwt } from 'jose'
import { actorOf, PASSWORD, refused, startAuthHost } from './testing.ts'

const { address, skip } = engineAddress('redis')

/** Two replicas of auth over one database and one Redis. */
async function replicas(environment: Record<string, string>) {
  const one = await startAuthHost({ environment })
  const other = await startAuthHost({ environment, databaseOf: one })
  return {
    one,
    other,
    [Symbol.asyncDispose]: async () => {
      await other[Symbol.asyncDispose]()
      await one[Symbol.asyncDispose]()
    },
  }
}

const over = refused('SIGNED_OUT')

describe('a session that Redis knows', { skip }, () => {
  it('costs no statement after the first, on whichever replica, and its address stays out of the keys', async () => {
    await using keys = ownKeys(address)
    await using shop = await replicas(keys.environment)
    const session = await shop.one.aCustomer()
    const counter = statements(shop.one.database.url)
    assert.deepEqual(await shop.one.as(session).me({}), session.user)
    await counter.reset()
    assert.deepEqual(await shop.other.as(session).me({}), session.user)
    assert.deepEqual(await shop.one.as(session).me({}), session.user)
    assert.equal((await counter.ofServices()).total, 0)
    const kept = await keys.keys()
    assert.ok(kept.some((key) => key.includes('session:')))
    assert.ok(!kept.some((key) => key.includes('@')))
  })

  it('is kept for half an hour, less up to a tenth at random, and that it has ended for a minute', async () => {
    await using keys = ownKeys(address)
    await using shop = await replicas(keys.environment)
    const leftMs = async (of: string) => {
      const key = (await keys.keys()).find((key) => key.includes(`:value:${of}`))
      assert.ok(key, of)
      return keys.leftMs(key)
    }
    const session = await shop.one.aCustomer()
    const whole = 30 * 60_000
    // Asked in each round: while a drop is being told to Redis nothing is put there.
    await eventually(async () => {
      await shop.one.as(session).me({})
      const left = await leftMs('session:')
      assert.ok(left > 0.9 * whole - 10_000 && left <= whole, `${left} ms`)
    })
    await shop.one.browser.logout({ refreshToken: session.refreshToken })
    await eventually(async () => {
      await assert.rejects(shop.one.as(session).me({}), over)
      const left = await leftMs('session:')
      assert.ok(left > 40_000 && left <= 60_000, `${left} ms`)
    })
  })

  it('is over everywhere when logout has been answered', async () => {
    await using keys = ownKeys(address)
    await using shop = await replicas(keys.environment)
    for (let round = 0; round < 5; round += 1) {
      const session = await shop.one.aCustomer()
      for (const replica of [shop.one, shop.other]) await replica.as(session).me({})
      await shop.other.browser.logout({ refreshToken: session.refreshToken })
      for (const replica of [shop.one, shop.other]) await assert.rejects(replica.as(session).me({}), over)
    }
  })

  it('is over everywhere when a copied refresh token was used', async () => {
    await using keys = ownKeys(address)
    await using shop = await replicas(keys.environment)
    const first = await shop.one.aCustomer()
    const session = await shop.one.browser.refresh({ refreshToken: first.refreshToken })
    await shop.other.as(session).me({})
    await shop.one.pool.query(`update auth.refresh_tokens set used_at = used_at - interval '1 minute'`)
    await assert.rejects(
      shop.one.browser.refresh({ refreshToken: first.refreshToken }),
      refused('INVALID_REFRESH_TOKEN'),
    )
    await assert.rejects(shop.other.as(session).me({}), over)
  })

  it('is over for all but the one that changed the password', async () => {
    await using keys = ownKeys(address)
    await using shop = await replicas(keys.environment)
    const session = await shop.one.aCustomer()
    const another = await shop.one.browser.login({ email: session.user.email, password: PASSWORD })
    for (const each of [session, another]) await shop.other.as(each).me({})
    await shop.one
      .as(session)
      .changePassword({ currentPassword: PASSWORD, newPassword: 'another horse battery' })
    await assert.rejects(shop.other.as(another).me({}), over)
    assert.equal((await shop.other.as(session).me({})).userId, session.user.userId)
  })

  it('shows at once on all replicas that the address was confirmed', async () => {
    await using keys = ownKeys(address)
    await using shop = await replicas(keys.environment)
    const session = await shop.one.aCustomer()
    assert.equal((await shop.other.as(session).me({})).emailVerified, false)
    const { token } = await shop.one.inner.mailDetails({
      userId: session.user.userId,
      purpose: 'confirm-email',
    })
    await shop.one.browser.confirmEmail({ token: token! })
    assert.equal((await shop.other.as(session).me({})).emailVerified, true)
  })

  it('belongs to the account of its token alone', async () => {
    await using keys = ownKeys(address)
    await using shop = await replicas(keys.environment)
    const [mine, theirs] = [await shop.one.aCustomer(), await shop.one.aCustomer()]
    const actor = actorOf(theirs)
    assert.ok(actor.kind === 'customer')
    const forged = { ...actor, sessionId: decodeJwt<{ sid: string }>(mine.accessToken).sid }
    for (let round = 0; round < 2; round += 1) {
      await assert.rejects(shop.one.client(auth, { actor: forged }).me({}), over)
      assert.deepEqual(await shop.one.as(mine).me({}), mine.user)
    }
  })

  it('ends by the event, too, where the process that ended it could not reach Redis', async () => {
    await using keys = ownKeys(address)
    await using shop = await replicas(keys.environment)
    await using cutOff = await startAuthHost({
      environment: { REDIS_URL: 'redis://127.0.0.1:1' },
      databaseOf: shop.one,
    })
    const session = await shop.one.aCustomer()
    await shop.other.as(session).me({})
    await cutOff.browser.logout({ refreshToken: session.refreshToken })
    await eventually(() => assert.rejects(shop.other.as(session).me({}), over), { timeoutMs: 2_000 })
  })
})

describe('while Redis is away', { skip }, () => {
  it('nobody is signed out, everything about sessions goes on, and what ended meanwhile has ended', async () => {
    await using server = await startRedisServer()
    await using shop = await replicas({ REDIS_URL: server.url })
    const lasting = await shop.one.aCustomer()
    const ending = await shop.one.aCustomer()
    const both = (session: Session) => [shop.one, shop.other].map((replica) => replica.as(session).me({}))
    for (const session of [lasting, ending]) await Promise.all(both(session))
    await server.stop('gently')

    assert.deepEqual(await Promise.all(both(lasting)), [lasting.user, lasting.user])
    const next = await shop.other.browser.refresh({ refreshToken: lasting.refreshToken })
    assert.equal((await shop.one.as(next).me({})).userId, lasting.user.userId)
    await shop.one.browser.logout({ refreshToken: ending.refreshToken })
    await Promise.all(both(ending).map((call) => assert.rejects(call, over)))
    await shop.one.browser.login({ email: lasting.user.email, password: PASSWORD })
    const health = await shop.one.host.ready()
    assert.equal(health.ok, true)
    assert.match(health.checks.redis!, /^degraded: /)

    await server.start()
    await eventually(async () => assert.equal((await shop.one.host.ready()).checks.redis, 'ok'))
    await eventually(async () => assert.equal((await shop.other.host.ready()).checks.redis, 'ok'))
    await Promise.all(both(ending).map((call) => assert.rejects(call, over)))
    assert.equal((await shop.other.as(next).me({})).userId, lasting.user.userId)
  })
})
