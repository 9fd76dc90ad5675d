import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { isApiKeySecret } from '@stoa/contracts/api-key'
import { auth } from '@stoa/contracts/auth'
import type { Actor } from '@stoa/runtime'
import { statements } from '@stoa/testing'
import { v7 } from 'uuid'
import { type AuthHost, actorOf, refused, startAuthHost } from './testing.ts'

const DAY_MS = 86_400_000

describe('an API key', () => {
  let shop: AuthHost
  before(async () => {
    shop = await startAuthHost()
  })
  after(() => shop[Symbol.asyncDispose]())

  let people = 0
  /** A member of staff who has chosen a password, and what they may do. */
  const someone = async (role: 'admin' | 'support' = 'admin') => {
    const email = `keys-${++people}@example.com`
    const { userId, oneTimePassword } = await shop.inner.addStaff({ email, role })
    const session = await shop.browser.login({ email, password: oneTimePassword })
    const newPassword = 'a password of my own'
    await shop.as(session).changePassword({ currentPassword: oneTimePassword, newPassword })
    const next = await shop.browser.login({ email, password: newPassword })
    return { userId, email, actor: actorOf(next), api: shop.as(next) }
  }
  const digest = (secret: string) => createHash('sha256').update(secret).digest('hex')
  const find = async (secret: string) => (await shop.inner.findApiKey({ digest: digest(secret) })).found
  const daysUntil = (timestamp: string) => Math.round((Date.parse(timestamp) - Date.now()) / DAY_MS)
  const permissions = ['order:read', 'product:read']

  it('opens what it was issued for, for 90 days, and its secret is told once and stored nowhere', async () => {
    const { userId, api } = await someone()
    const { apiKey, secret } = await api.issueApiKey({ name: 'Warehouse', permissions })
    assert.ok(isApiKeySecret(secret))
    assert.equal(daysUntil(apiKey.expiresAt), 90)
    const { apiKeyId } = apiKey
    assert.deepEqual(await find(secret), {
      apiKeyId,
      issuedBy: userId,
      permissions,
      validUntil: apiKey.expiresAt,
    })
    assert.deepEqual(await api.getApiKey({ apiKeyId }), apiKey)
    const { rows } = await shop.pool.query(
      `select (select jsonb_agg(k) from auth.api_keys k)::text || (select jsonb_agg(a) from auth.audit a)::text as stored`,
    )
    assert.ok(rows[0].stored.includes(apiKeyId) && !rows[0].stored.includes(secret))
    const { items } = await api.listApiKeys({ limit: 1 })
    assert.deepEqual(items, [apiKey])
    assert.equal(await find(`${secret.slice(0, -1)}_`), null)
  })

  it('is never given more than its issuer has, nor anything about API keys', async () => {
    const { actor } = await someone('support')
    assert.ok(actor.kind === 'staff')
    const issuer: Actor = { ...actor, permissions: [...actor.permissions, 'apikey:write'] }
    const api = shop.client(auth, { actor: issuer })
    for (const wanted of ['product:write', 'apikey:read', 'apikey:write', 'nothing:real'])
      await assert.rejects(
        api.issueApiKey({ name: 'Too much', permissions: ['order:read', wanted] }),
        (error: { code?: string; data?: unknown }) => {
          assert.equal(error.code, 'PERMISSION_NOT_HELD')
          assert.deepEqual(error.data, { permissions: [wanted] })
          return true
        },
      )
  })

  it('loses what its issuer loses, and is void when they are disabled', async () => {
    const { email, api } = await someone()
    const { secret } = await api.issueApiKey({ name: 'Export', permissions: ['order:read', 'product:write'] })
    await shop.pool.query(`update auth.users set role = 'support' where email = $1`, [email])
    assert.deepEqual((await find(secret))?.permissions, ['order:read'])
    await shop.inner.disableStaff({ email })
    assert.equal(await find(secret), null)
  })

  it('stays void when its issuer’s account is opened anew, and the books say that it was revoked', async () => {
    const { userId, email, api } = await someone()
    const { apiKey, secret } = await api.issueApiKey({ name: 'Export', permissions })
    await shop.inner.disableStaff({ email })
    const { api: other } = await someone()
    const { apiKeyId } = apiKey
    const closed = await other.getApiKey({ apiKeyId })
    assert.ok(closed.revokedAt)
    await assert.rejects(
      other.rotateApiKey({ apiKeyId, version: closed.version }),
      refused('API_KEY_REVOKED'),
    )
    // As if it had been issued in the moment of disabling.
    const late = await other.issueApiKey({ name: 'Late', permissions })
    await shop.pool.query('update auth.api_keys set issued_by = $2 where api_key_id = $1', [
      late.apiKey.apiKeyId,
      userId,
    ])
    const { oneTimePassword } = await shop.inner.addStaff({ email, role: 'admin' })
    const session = await shop.browser.login({ email, password: oneTimePassword })
    const newPassword = 'another password of my own'
    await shop.as(session).changePassword({ currentPassword: oneTimePassword, newPassword })
    for (const one of [secret, late.secret]) assert.equal(await find(one), null)
    const { rows } = await shop.pool.query(
      'select operation, version from auth.audit where subject = $1 order by position',
      [`api-key:${apiKeyId}`],
    )
    assert.deepEqual(rows, [
      { operation: 'auth.issueApiKey', version: 1 },
      { operation: 'auth.disableStaff', version: 2 },
    ])
    const told = (await shop.announced()).filter(
      ({ name, payload }) =>
        name === 'auth.api-key-revoked' && (payload as { apiKeyId: string }).apiKeyId === apiKeyId,
    )
    assert.equal(told.length, 1)
  })

  it('is rotated with an overlap: both secrets are good for a while, and the third ends the first', async () => {
    const { api } = await someone()
    const first = await api.issueApiKey({ name: 'Till', permissions })
    const { apiKeyId } = first.apiKey
    const second = await api.rotateApiKey({ apiKeyId, version: 1, overlapSeconds: 3_600 })
    assert.equal(second.apiKey.version, 2)
    assert.equal((await find(second.secret))?.validUntil, second.apiKey.expiresAt)
    assert.equal((await find(first.secret))?.validUntil, second.apiKey.previousUntil)
    assert.equal(Math.round((Date.parse(second.apiKey.previousUntil!) - Date.now()) / 60_000), 60)
    const third = await api.rotateApiKey({ apiKeyId, version: 2 })
    assert.equal(await find(first.secret), null)
    assert.ok(await find(second.secret))
    const fourth = await api.rotateApiKey({ apiKeyId, version: 3, overlapSeconds: 0 })
    assert.equal(await find(third.secret), null)
    assert.equal(fourth.apiKey.previousUntil, null)
    await assert.rejects(
      api.rotateApiKey({ apiKeyId, version: 3 }),
      (error: { code?: string; data?: unknown }) => {
        assert.equal(error.code, 'STALE')
        assert.equal((error.data as { version: number }).version, 4)
        return true
      },
    )
  })

  it('is answered for by whoever rotated it, who needs its permissions', async () => {
    const [issuer, other] = [await someone(), await someone('support')]
    const { apiKey } = await issuer.api.issueApiKey({ name: 'Feed', permissions: ['product:write'] })
    assert.ok(other.actor.kind === 'staff')
    const helper = shop.client(auth, {
      actor: { ...other.actor, permissions: [...other.actor.permissions, 'apikey:write'] },
    })
    const { apiKeyId } = apiKey
    await assert.rejects(helper.rotateApiKey({ apiKeyId, version: 1 }), refused('PERMISSION_NOT_HELD'))
    const { userId, api } = await someone()
    assert.equal((await api.rotateApiKey({ apiKeyId, version: 1 })).apiKey.issuedBy, userId)
    await shop.inner.disableStaff({ email: issuer.email })
    assert.deepEqual((await api.getApiKey({ apiKeyId })).issuedBy, userId)
  })

  it('is revoked at once, however often, and announced once', async () => {
    const { api } = await someone()
    const { apiKey, secret } = await api.issueApiKey({ name: 'Leaked', permissions })
    const { apiKeyId } = apiKey
    assert.equal(await api.revokeApiKey({ apiKeyId }), null)
    assert.equal(await api.revokeApiKey({ apiKeyId }), null)
    assert.equal(await find(secret), null)
    await assert.rejects(api.rotateApiKey({ apiKeyId, version: 2 }), refused('API_KEY_REVOKED'))
    await assert.rejects(api.revokeApiKey({ apiKeyId: v7() }), refused('UNKNOWN_API_KEY'))
    const told = (await shop.announced()).filter(
      ({ name, payload }) =>
        name === 'auth.api-key-revoked' && (payload as { apiKeyId: string }).apiKeyId === apiKeyId,
    )
    assert.equal(told.length, 1)
    const { rows } = await shop.pool.query(
      `select operation from auth.audit where subject = $1 order by position`,
      [`api-key:${apiKeyId}`],
    )
    assert.deepEqual(
      rows.map(({ operation }) => operation),
      ['auth.issueApiKey', 'auth.revokeApiKey'],
    )
  })

  it('expires', async () => {
    const { api } = await someone()
    const { apiKey, secret } = await api.issueApiKey({ name: 'Short', permissions, expiresInDays: 1 })
    assert.equal(daysUntil(apiKey.expiresAt), 1)
    await shop.pool.query(`update auth.api_keys set expires_at = now() where api_key_id = $1`, [
      apiKey.apiKeyId,
    ])
    assert.equal(await find(secret), null)
    await assert.rejects(
      api.issueApiKey({ name: 'For ever', permissions, expiresInDays: 366 }),
      refused('INVALID_INPUT'),
    )
  })

  it('remembers when it was used last: a late note changes nothing, and all of a minute are one statement', async () => {
    const { api } = await someone()
    const keys = await Promise.all(
      ['a', 'b'].map(async (name) => (await api.issueApiKey({ name, permissions })).apiKey.apiKeyId),
    )
    await shop.settled()
    const counter = statements(shop.database.url)
    await counter.reset()
    const at = new Date(Date.now() - 5_000).toISOString()
    await shop.inner.noteApiKeyUses({ items: keys.map((apiKeyId) => ({ apiKeyId, usedAt: at })) })
    assert.equal((await counter.ofServices()).total, 1)
    const earlier = new Date(Date.now() - 60_000).toISOString()
    await shop.inner.noteApiKeyUses({ items: keys.map((apiKeyId) => ({ apiKeyId, usedAt: earlier })) })
    for (const apiKeyId of keys) assert.equal((await api.getApiKey({ apiKeyId })).lastUsedAt, at)
  })

  it('is mentioned to whoever answers for it once a month, until it is rotated', async () => {
    const { userId, email, api } = await someone()
    const reminders = async () =>
      (await shop.announced()).filter(
        ({ name, payload }) =>
          name === 'auth.api-key-rotation-due' && (payload as { userId: string }).userId === userId,
      ).length
    const age = (days: number) =>
      shop.pool.query(
        `update auth.api_keys set rotated_at = rotated_at - make_interval(days => $2), remind_at = remind_at - make_interval(days => $2)
         where issued_by = $1`,
        [userId, days],
      )
    const { apiKey } = await api.issueApiKey({ name: 'Old', permissions })
    await shop.runJob('remind-of-api-keys')
    assert.equal(await reminders(), 0)
    await age(31)
    await shop.runJob('remind-of-api-keys')
    await shop.runJob('remind-of-api-keys')
    assert.equal(await reminders(), 1)
    const details = await shop.inner.apiKeyMailDetails({ userId })
    assert.equal(details.email, email)
    assert.deepEqual(
      details.apiKeys.map(({ name }) => name),
      ['Old'],
    )
    await age(30)
    await shop.runJob('remind-of-api-keys')
    assert.equal(await reminders(), 2)
    await api.rotateApiKey({ apiKeyId: apiKey.apiKeyId, version: 1 })
    await shop.runJob('remind-of-api-keys')
    assert.equal(await reminders(), 2)
    assert.deepEqual((await shop.inner.apiKeyMailDetails({ userId })).apiKeys, [])
  })

  it('is swept a year after its end', async () => {
    const { api } = await someone()
    const { apiKey } = await api.issueApiKey({ name: 'Gone', permissions })
    const { apiKeyId } = apiKey
    await api.revokeApiKey({ apiKeyId })
    await shop.runJob('sweep')
    assert.ok((await api.getApiKey({ apiKeyId })).revokedAt)
    await shop.pool.query(
      `update auth.api_keys set revoked_at = now() - interval '366 days' where api_key_id = $1`,
      [apiKeyId],
    )
    await shop.runJob('sweep')
    await assert.rejects(api.getApiKey({ apiKeyId }), refused('UNKNOWN_API_KEY'))
  })
})
