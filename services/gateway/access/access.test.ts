import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test'
import { Rejection } from '@stoa/contract'
import { apiKeySecret } from '@stoa/contracts/api-key'
import { ApiKeyRevoked, ApiKeyRotated, auth, CredentialsChanged, SessionEnded } from '@stoa/contracts/auth'
import { product } from '@stoa/contracts/product'
import { eventually, fake, startTestHost, type TestHost, withinOnce } from '@stoa/testing'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { v7 } from 'uuid'
import { published } from '../published.ts'
import gateway from '../service.ts'

const keys = await generateKeyPair('EdDSA')
const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'key-1', alg: 'EdDSA', use: 'sig' } as never
const digest = (secret: string) => createHash('sha256').update(secret).digest('hex')

/** The quotas of a host that starts after this give nothing back during the test, however long it takes. */
const stopClock = (test: TestContext) => {
  const moment = Date.now()
  test.mock.method(Date, 'now', () => moment)
}

describe('who may come in', () => {
  type Key = { apiKeyId: string; issuedBy: string; permissions: string[]; validUntil: string }
  const world = {
    away: false,
    keys: new Map<string, Key>(),
    looks: 0,
    uses: [] as string[],
    ended: [] as string[],
    gate: undefined as Promise<void> | undefined,
    asked: [] as number[],
  }
  const others = Object.values(published).filter((one) => one !== auth && one !== product)
  const services = [
    gateway,
    fake(auth, {
      jwks: () => ({ keys: [jwk] }),
      endedAccess: ({ withinSeconds }) => {
        world.asked.push(withinSeconds)
        return { sessionIds: world.ended, accounts: [], next: null }
      },
      findApiKey: async ({ digest }) => {
        world.looks += 1
        if (world.away) throw new Rejection('UNAVAILABLE')
        const found = world.keys.get(digest) ?? null
        await world.gate
        return { found }
      },
      noteApiKeyUses: ({ items }) => {
        world.uses.push(...items.map(({ apiKeyId }) => apiKeyId))
        return null
      },
    }),
    fake(product, { deleteCategory: () => null }),
    ...others.map((contract) => fake(contract, {})),
  ]
  let host: TestHost
  let second: TestHost
  before(async () => {
    world.ended = ['ended-before']
    host = await startTestHost({ services, environment: { PORT: '0' } })
    second = await startTestHost({ services, environment: { PORT: '0' }, database: host.database })
    await Promise.all([host, second].map((one) => one.settled()))
  })
  after(async () => {
    await second[Symbol.asyncDispose]()
    await host[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    world.away = false
    world.gate = undefined
    world.looks = 0
  })

  const issue = (given: Partial<Key> = {}) => {
    const secret = apiKeySecret(randomBytes(32))
    const key = {
      apiKeyId: v7(),
      issuedBy: v7(),
      permissions: ['product:write'],
      validUntil: new Date(Date.now() + 86_400_000).toISOString(),
      ...given,
    }
    world.keys.set(digest(secret), key)
    return { secret, ...key }
  }
  const tokenOf = (claims: Record<string, unknown> = {}) =>
    new SignJWT({
      sid: v7(),
      role: 'admin',
      email: 'ada@example.com',
      email_verified: true,
      permissions: ['product:write'],
      credentials_version: 1,
      ...claims,
    })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'key-1', typ: 'at+jwt' })
      .setSubject((claims.sub as string) ?? v7())
      .setIssuer('stoa')
      .setAudience('stoa')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(keys.privateKey)
  const use = async (credential: string, at = host) =>
    (
      await fetch(`${at.host.url}/v1/admin/categories/${v7()}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${credential}`, 'if-match': '"1"' },
      })
    ).status
  const beginsEverywhere = async (credential: string) => {
    for (const at of [host, second]) assert.equal(await use(credential, at), 204)
  }
  const endsEverywhere = (credential: string) =>
    eventually(async () => {
      for (const at of [host, second]) assert.equal(await use(credential, at), 401)
    })

  it('a program with an API key may do what the key says, and auth is asked once', async () => {
    const { secret } = issue()
    assert.deepEqual(await Promise.all([use(secret), use(secret), use(secret)]), [204, 204, 204])
    assert.equal(await use(secret), 204)
    assert.equal(world.looks, 1)
    assert.equal(await use(issue({ permissions: ['order:read'] }).secret), 403)
  })

  it('a key that is nobody’s is a 401; one that cannot be a key costs no look, one that is unknown costs one', async () => {
    const unknown = apiKeySecret(randomBytes(32))
    assert.equal(await use(unknown), 401)
    assert.equal(await use(unknown), 401)
    assert.equal(world.looks, 1)
    assert.equal(await use(`${unknown.slice(0, -1)}${unknown.endsWith('x') ? 'y' : 'x'}`), 401)
    assert.equal(await use('stoa_short'), 401)
    assert.equal(world.looks, 1)
  })

  it('a key ends when it expires, though it is remembered', async (test) => {
    const { secret } = issue({ validUntil: new Date(Date.now() + 20_000).toISOString() })
    assert.equal(await use(secret), 204)
    const { now } = Date
    test.mock.method(Date, 'now', () => now() + 20_000)
    assert.equal(await use(secret), 401)
  })

  it('a known key goes on while auth is away, an unknown one is a 503', async () => {
    const { secret } = issue()
    assert.equal(await use(secret), 204)
    world.away = true
    assert.equal(await use(secret), 204)
    assert.equal(await use(issue().secret), 503)
  })

  for (const event of [ApiKeyRevoked, ApiKeyRotated])
    it(`a key that was ${event.name.split('-').at(-1)} ends everywhere within a second`, () =>
      withinOnce(1_000, async () => {
        const { secret, apiKeyId } = issue()
        await beginsEverywhere(secret)
        world.keys.delete(digest(secret))
        await host.publish(event, { apiKeyId })
        await endsEverywhere(secret)
      }))

  it('a key of a member of staff who was disabled ends everywhere within a second', () =>
    withinOnce(1_000, async () => {
      const { secret, issuedBy } = issue()
      await beginsEverywhere(secret)
      world.keys.delete(digest(secret))
      await host.publish(CredentialsChanged, { userId: issuedBy, credentialsVersion: 2, keptSessionId: null })
      await endsEverywhere(secret)
    }))

  it('a key that is revoked while it is looked up is not remembered', async () => {
    const { secret, apiKeyId } = issue()
    let open = () => {}
    world.gate = new Promise((resolve) => {
      open = resolve
    })
    const first = use(secret)
    await eventually(async () => assert.equal(world.looks, 1))
    world.keys.delete(digest(secret))
    await host.publish(ApiKeyRevoked, { apiKeyId })
    await host.settled()
    await new Promise((resolve) => setTimeout(resolve, 300))
    world.gate = undefined
    assert.equal(await use(secret), 401, 'nobody is given what was read before')
    open()
    await first
    assert.equal(await use(secret), 401)
  })

  it('made-up keys that are looked up keep out no key that is known', async (test) => {
    const { secret } = issue()
    assert.equal(await use(secret), 204)
    let open = () => {}
    world.gate = new Promise((resolve) => {
      open = resolve
    })
    const guesses = Array.from({ length: 60 }, () => use(apiKeySecret(randomBytes(32))))
    await eventually(async () => assert.equal(world.looks, 1 + 50))
    const { now } = Date
    test.mock.method(Date, 'now', () => now() + 61_000)
    assert.equal(await use(secret), 204, 'believed for longer than a minute')
    test.mock.restoreAll()
    open()
    const statuses = await Promise.all(guesses)
    assert.deepEqual([...new Set(statuses)].sort(), [401, 503])
  })

  /** Ten at once from an address, and one more a second. */
  const startStrict = () =>
    startTestHost({
      services,
      environment: { PORT: '0', GATEWAY_RATE_PER_ADDRESS: '1' },
      database: host.database,
    })

  it('an address that has sent too many made-up keys has no more looked up', async (test) => {
    stopClock(test)
    await using strict = await startStrict()
    const guess = () => use(apiKeySecret(randomBytes(32)), strict)
    for (let guesses = 0; guesses < 30; guesses += 1) await guess()
    assert.equal(await guess(), 429)
    assert.ok(world.looks <= 10, `${world.looks} looks`)
  })

  it('an address that has sent too many made-up tokens has no more checked, whatever it asks for', async (test) => {
    stopClock(test)
    await using strict = await startStrict()
    const token = await tokenOf()
    assert.equal(await use(token, strict), 204)
    const checks = test.mock.method(crypto.subtle, 'verify')
    const signature = randomBytes(64).toString('base64url')
    const guess = async () => use((await tokenOf()).replace(/[^.]+$/, signature), strict)
    for (let guesses = 0; guesses < 30; guesses += 1) await guess()
    assert.equal(await guess(), 429)
    const webhook = await fetch(`${strict.host.url}/v1/payments/webhooks/stripe`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await tokenOf()}` },
    })
    assert.equal(webhook.status, 429)
    assert.ok(checks.mock.callCount() <= 10, `${checks.mock.callCount()} checks`)
    assert.equal(await use(token, strict), 204, 'what is known is not checked')
  })

  it('an access token ends with its session, everywhere within a second', () =>
    withinOnce(1_000, async () => {
      const [sessionId, userId] = [v7(), v7()]
      const token = await tokenOf({ sid: sessionId, sub: userId })
      const other = await tokenOf({ sub: userId })
      await beginsEverywhere(token)
      await host.publish(SessionEnded, { sessionId, userId })
      await endsEverywhere(token)
      assert.equal(await use(other), 204)
    }))

  it('changed credentials end the tokens from before within a second, but for the session that changed them', () =>
    withinOnce(1_000, async () => {
      const [keptSessionId, userId] = [v7(), v7()]
      const kept = await tokenOf({ sid: keptSessionId, sub: userId })
      const ended = await tokenOf({ sub: userId })
      for (const token of [kept, ended]) await beginsEverywhere(token)
      await host.publish(CredentialsChanged, { userId, credentialsVersion: 2, keptSessionId })
      await endsEverywhere(ended)
      const next = await tokenOf({ sub: userId, credentials_version: 2 })
      for (const token of [kept, next]) await beginsEverywhere(token)
    }))

  it('what ended before the process began is known before the first token is accepted', async () => {
    assert.equal(await use(await tokenOf({ sid: 'ended-before' })), 401)
    assert.equal(await use(await tokenOf({ sid: 'ended-before' }), second), 401)
    assert.ok(world.asked.some((seconds) => seconds >= 3_600))
  })

  it('a key may ask a hundred times a second, and the hundred and first says when to come back', async (test) => {
    stopClock(test)
    await using own = await startTestHost({ services, environment: { PORT: '0' }, database: host.database })
    const [{ secret }, other] = [issue(), issue()]
    const ask = async (credential: string) => {
      const response = await fetch(`${own.host.url}/v1/admin/categories/${v7()}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${credential}`, 'if-match': '"1"' },
      })
      return { status: response.status, headers: response.headers }
    }
    await ask(secret)
    assert.equal((await ask(secret)).headers.get('ratelimit-policy'), '"api-key";q=100;w=1')
    const answers = await Promise.all(Array.from({ length: 110 }, () => ask(secret)))
    assert.equal(answers.filter(({ status }) => status === 204).length, 98)
    const refused = answers.filter(({ status }) => status === 429)
    for (const { headers } of refused)
      assert.deepEqual([headers.get('ratelimit'), headers.get('retry-after')], ['"api-key";r=0;t=1', '1'])
    assert.equal((await ask(other.secret)).status, 204)
  })

  it('a process that stops tells which keys were used', async () => {
    const { secret, apiKeyId } = issue()
    const third = await startTestHost({ services, environment: { PORT: '0' }, database: host.database })
    assert.equal(await use(secret, third), 204)
    assert.ok(!world.uses.includes(apiKeyId))
    await third.host.stop()
    assert.deepEqual(
      world.uses.filter((one) => one === apiKeyId),
      [apiKeyId],
    )
    await third[Symbol.asyncDispose]()
  })
})
