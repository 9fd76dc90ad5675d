import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Query } from '@stoa/runtime'
import { eventually } from '@stoa/testing'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { secretsFrom } from './secrets.ts'
import { openSigningKeys } from './signing-keys.ts'
import { type AuthHost, startAuthHost } from './testing.ts'

const [old, fresh] = ['the secret that everybody knows by now', 'the secret that nobody has seen yet']

/** The keys of a shop as a replica of its own has them, with its own secrets and a clock that the test moves. */
async function aReplica(shop: AuthHost, secrets: readonly [string, ...string[]], days = 0) {
  const clock = { now: new Date(Date.now() + days * 86_400_000) }
  const counted = { statements: 0 }
  const query: Query = async (text, values) => {
    counted.statements += 1
    return (await shop.pool.query(text, values as unknown[])).rows
  }
  const keys = await openSigningKeys({
    query,
    secrets: secretsFrom(secrets),
    now: () => clock.now,
    warn: () => {},
  })
  return {
    ...keys,
    counted,
    pass: (hours: number) => {
      clock.now = new Date(clock.now.getTime() + hours * 3_600_000)
    },
  }
}

/** A shop whose keys the test makes. */
async function anEmptyShop() {
  const shop = await startAuthHost()
  await shop.pool.query('delete from auth.signing_keys')
  return shop
}

const kids = (keys: readonly Readonly<Record<string, string>>[]) => keys.map(({ kid }) => kid)

test('replicas that start at once agree on one key', async () => {
  await using shop = await anEmptyShop()
  const replicas = await Promise.all(Array.from({ length: 5 }, () => aReplica(shop, [old])))
  const used = new Set(await Promise.all(replicas.map(async (one) => (await one.current()).kid)))
  assert.equal(used.size, 1)
})

test('a token of one replica is verified by the keys that another publishes', async () => {
  await using shop = await startAuthHost()
  await using replica = await startAuthHost({ databaseOf: shop })
  const { accessToken } = await shop.aCustomer()
  await jwtVerify(accessToken, createLocalJWKSet(await replica.browser.jwks({})))
})

test('the next key is published a day before it signs, and the old one until its last token has expired', async () => {
  await using shop = await anEmptyShop()
  const replica = await aReplica(shop, [old])
  const first = (await replica.current()).kid
  await replica.rotate()
  assert.deepEqual(kids(await replica.published()), [first])

  replica.pass(29 * 24)
  await replica.rotate()
  await replica.rotate()
  const [, second] = kids(await replica.published())
  assert.deepEqual(kids(await replica.published()), [first, second])
  assert.equal((await replica.current()).kid, first)

  replica.pass(24)
  assert.equal((await replica.current()).kid, second)
  assert.deepEqual(kids(await replica.published()), [first, second])
  replica.pass(2)
  assert.deepEqual(kids(await replica.published()), [second])
  await replica.rotate()
  const { rows } = await shop.pool.query('select kid from auth.signing_keys')
  assert.deepEqual(rows, [{ kid: second }])
})

test('a replica hears of a key that another has made, in time and for a statement an hour at most', async () => {
  await using shop = await anEmptyShop()
  const [replica, other] = [await aReplica(shop, [old]), await aReplica(shop, [old])]
  for (const one of [replica, other]) one.pass(29 * 24)
  await replica.rotate()
  replica.pass(24)
  const { kid } = await replica.current()

  await other.current()
  other.pass(0.5)
  const before = other.counted.statements
  for (let time = 0; time < 20; time += 1) await other.current()
  assert.equal(other.counted.statements, before)
  other.pass(23.5)
  await other.current()
  await eventually(async () => assert.equal((await other.current()).kid, kid))
})

test('while a secret is replaced, what it sealed still opens, and is followed a day later by a key under the new one', async () => {
  await using shop = await anEmptyShop()
  const before = await aReplica(shop, [old])
  const { kid } = await before.current()
  const during = await aReplica(shop, [fresh, old])
  assert.equal((await during.current()).kid, kid)
  await during.rotate()
  await during.rotate()
  assert.equal((await during.published()).length, 2)
  during.pass(24)
  const next = (await during.current()).kid
  assert.notEqual(next, kid)
  const after = await aReplica(shop, [fresh], 1)
  assert.equal((await after.current()).kid, next)
})

test('a replica that was given another secret does not start, and says what to do', async () => {
  await using shop = await anEmptyShop()
  const { kid } = await (await aReplica(shop, [old])).current()
  await assert.rejects(aReplica(shop, [fresh]), /AUTH_SECRET/)
  const { rows } = await shop.pool.query('select kid from auth.signing_keys')
  assert.deepEqual(rows, [{ kid }])
})

test('a shop that had no secret and is given one goes on', async () => {
  await using shop = await startAuthHost()
  const { accessToken } = await shop.aCustomer()
  await using replica = await startAuthHost({ databaseOf: shop, environment: { AUTH_SECRET: fresh } })
  await jwtVerify(accessToken, createLocalJWKSet(await replica.browser.jwks({})))
})

test('a private key is sealed, and bound to its name', () => {
  const secrets = secretsFrom([old])
  const sealed = secrets.seal({ name: 'key-1', text: 'private' })
  assert.ok(!sealed.includes('private'))
  assert.deepEqual(secrets.open({ name: 'key-1', sealed }), { text: 'private', byFirst: true })
  assert.equal(secrets.open({ name: 'key-2', sealed }), undefined)
  assert.equal(secretsFrom([fresh]).open({ name: 'key-1', sealed }), undefined)
  assert.deepEqual(secretsFrom([fresh, old]).open({ name: 'key-1', sealed }), {
    text: 'private',
    byFirst: false,
  })
})
