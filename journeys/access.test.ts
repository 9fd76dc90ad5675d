import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { auth } from '@stoa/contracts/auth'
import { eventually, withinOnce } from '@stoa/testing'
import { Http } from './http.ts'
import { type Shop, startShop, topology } from './shop.ts'

/** What is promised for every gateway, once the answer is there. */
const WITHIN_MS = 1_000

describe(`access (${topology})`, () => {
  let shop: Shop
  let other: Shop | undefined
  /** One client per gateway: two at least. */
  let gateways: Http[]
  before(async () => {
    shop = await startShop()
    if (shop.urls.length < 2)
      other = await startShop({ topology: 'inside', databaseUrl: shop.environment.DATABASE_URL! })
    gateways = [...shop.urls, ...(other?.urls ?? [])].map((url) => new Http([url]))
    assert.ok(gateways.length >= 2)
  })
  after(async () => {
    await other?.[Symbol.asyncDispose]()
    await shop?.[Symbol.asyncDispose]()
  })

  const statuses = (path: string, token: string) =>
    Promise.all(gateways.map(async (http) => (await http.get(path, { token })).status))
  const opensEverywhere = async (path: string, token: string) =>
    assert.deepEqual(
      await statuses(path, token),
      gateways.map(() => 200),
    )
  /** `end` begins what it ends, and answers the tokens, each with a path that it opened. */
  const endsEverywhere = async (end: () => Promise<[path: string, token: string][]>) => {
    let ended = await end()
    await withinOnce(WITHIN_MS, async () => {
      const began = performance.now()
      for (const [path, token] of ended)
        await eventually(async () =>
          assert.deepEqual(
            await statuses(path, token),
            gateways.map(() => 401),
          ),
        )
      // For the next round, which there is when this one has taken longer.
      if (performance.now() - began > WITHIN_MS) ended = await end()
    })
  }
  const password = 'correct horse battery'
  const aCustomer = async () => {
    const email = `customer-${crypto.randomUUID()}@example.com`
    const registered = await shop.http.post(
      '/v1/auth/register',
      { email, password },
      { key: crypto.randomUUID() },
    )
    assert.equal(registered.status, 201, JSON.stringify(registered.body))
    return { email, ...(registered.body as { accessToken: string; refreshToken: string }) }
  }
  const signIn = async (email: string, given = password) => {
    const { status, body } = await shop.http.post('/v1/auth/login', { email, password: given })
    assert.equal(status, 200, JSON.stringify(body))
    return body as { accessToken: string; refreshToken: string }
  }
  const issue = async () => {
    const token = await shop.staffToken()
    const { status, body } = await shop.http.post(
      '/v1/admin/api-keys',
      { name: 'Warehouse', permissions: ['order:read'] },
      { token },
    )
    assert.equal(status, 201, JSON.stringify(body))
    return body as { apiKey: { apiKeyId: string; version: number }; secret: string }
  }

  it('of a session ends everywhere within a second after logout; other sessions go on', async () => {
    let elsewhere = ''
    await endsEverywhere(async () => {
      const { email, accessToken, refreshToken } = await aCustomer()
      elsewhere = (await signIn(email)).accessToken
      await opensEverywhere('/v1/orders', accessToken)
      assert.equal((await shop.http.post('/v1/auth/logout', { refreshToken })).status, 204)
      return [['/v1/orders', accessToken]]
    })
    await opensEverywhere('/v1/orders', elsewhere)
  })

  it('of all sessions but one ends everywhere within a second after a new password', async () => {
    const change = { currentPassword: password, newPassword: 'another horse battery' }
    let [email, kept] = ['', '']
    await endsEverywhere(async () => {
      const customer = await aCustomer()
      email = customer.email
      kept = customer.accessToken
      const elsewhere = await signIn(email)
      await opensEverywhere('/v1/orders', elsewhere.accessToken)
      assert.equal((await shop.http.post('/v1/auth/password', change, { token: kept })).status, 204)
      return [['/v1/orders', elsewhere.accessToken]]
    })
    await opensEverywhere('/v1/orders', kept)
    await opensEverywhere('/v1/orders', (await signIn(email, change.newPassword)).accessToken)
  })

  it('of staff and of their API keys ends everywhere within a second after they are disabled', async () => {
    const accounts = shop.inner(auth)
    await endsEverywhere(async () => {
      const email = `leaving-${crypto.randomUUID()}@example.com`
      const { oneTimePassword } = await accounts.addStaff({ email, role: 'admin' })
      const first = await signIn(email, oneTimePassword)
      const change = { currentPassword: oneTimePassword, newPassword: password }
      await shop.http.post('/v1/auth/password', change, { token: first.accessToken })
      const { accessToken } = await signIn(email)
      const { status, body } = await shop.http.post(
        '/v1/admin/api-keys',
        { name: 'Leaving', permissions: ['order:read'] },
        { token: accessToken },
      )
      assert.equal(status, 201, JSON.stringify(body))
      await opensEverywhere('/v1/admin/orders', accessToken)
      await opensEverywhere('/v1/admin/orders', body.secret)
      await accounts.disableStaff({ email })
      return [
        ['/v1/admin/orders', accessToken],
        ['/v1/admin/orders', body.secret],
      ]
    })
  })

  it('of an API key reaches as far as its permissions, and ends everywhere within a second when it is revoked', async () => {
    await endsEverywhere(async () => {
      const { apiKey, secret } = await issue()
      await opensEverywhere('/v1/admin/orders', secret)
      await opensEverywhere('/v2/admin/orders', secret)
      assert.equal((await shop.http.get('/v1/admin/products', { token: secret })).status, 403)
      assert.equal((await shop.http.get('/v1/admin/api-keys', { token: secret })).status, 403)
      assert.equal((await shop.http.get('/v1/auth/me', { token: secret })).status, 401)
      const revoked = await shop.http.send('DELETE', `/v1/admin/api-keys/${apiKey.apiKeyId}`, {
        token: await shop.staffToken(),
      })
      assert.equal(revoked.status, 204)
      return [['/v1/admin/orders', secret]]
    })
  })

  it('of an API key goes on with both secrets while it is rotated, and with the new one alone if so wanted', async () => {
    await endsEverywhere(async () => {
      const { apiKey, secret } = await issue()
      const token = await shop.staffToken()
      const rotate = (version: number, overlapSeconds?: number) =>
        shop.http.post(
          `/v1/admin/api-keys/${apiKey.apiKeyId}/rotate`,
          overlapSeconds === undefined ? {} : { overlapSeconds },
          { token, headers: { 'if-match': `"${version}"` } },
        )
      const second = await rotate(1)
      assert.equal(second.headers.get('etag'), '"2"')
      await opensEverywhere('/v1/admin/orders', secret)
      await opensEverywhere('/v1/admin/orders', second.body.secret)
      assert.equal((await rotate(1)).status, 412)
      const third = await rotate(2, 0)
      assert.equal(third.status, 200, JSON.stringify(third.body))
      await opensEverywhere('/v1/admin/orders', third.body.secret)
      return [
        ['/v1/admin/orders', secret],
        ['/v1/admin/orders', second.body.secret],
      ]
    })
  })

  it('with an API key asks the database nothing for who it is, once it is known', async () => {
    const accounts = shop.poolOf('auth')
    const looks = async () => {
      const { rows } = await accounts.query(
        `select coalesce(sum(calls), 0)::int as calls from pg_stat_statements s join pg_database d on d.oid = s.dbid
         where d.datname = current_database() and query like '%from auth.api_keys k join auth.users%'`,
      )
      return rows[0].calls as number
    }
    await accounts.query('create extension if not exists pg_stat_statements')
    // Each gateway asks once in a minute whose access has ended, and then looks again at the keys of those who issued this one.
    for (let left = 3; ; left -= 1) {
      const { secret } = await issue()
      await opensEverywhere('/v1/admin/orders', secret)
      const before = await looks()
      assert.ok(before > 0)
      for (let n = 0; n < 5; n += 1) await opensEverywhere('/v1/admin/orders', secret)
      const more = (await looks()) - before
      if (more === 0) break
      assert.ok(left > 1, `${more} looks`)
    }
  })
})
