import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { Rejection } from '@stoa/contract'
import { apiKeySecret } from '@stoa/contracts/api-key'
import { auth } from '@stoa/contracts/auth'
import { cart } from '@stoa/contracts/cart'
import { inventory } from '@stoa/contracts/inventory'
import { order } from '@stoa/contracts/order'
import { payment } from '@stoa/contracts/payment'
import { product } from '@stoa/contracts/product'
import { search } from '@stoa/contracts/search'
import { eventually, fake, startTestHost, type TestHost, withinOnce } from '@stoa/testing'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { v7 } from 'uuid'
import { published } from './published.ts'
import gateway from './service.ts'

const keys = await generateKeyPair('EdDSA')
const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'key-1', alg: 'EdDSA', use: 'sig' } as never

const tokenOf = (sub: string, claims: Record<string, unknown> = {}) =>
  new SignJWT({ sid: v7(), role: 'customer', email: 'ada@example.com', email_verified: false, ...claims })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'key-1', typ: 'at+jwt' })
    .setSubject(sub)
    .setIssuer('stoa')
    .setAudience('stoa')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(keys.privateKey)

const TOMORROW = new Date(Date.now() + 86_400_000).toISOString()

/** What services were asked and have not answered. */
const world = { held: [] as (() => void)[], hold: false }
const held = async () => {
  if (world.hold)
    await new Promise<void>((resolve) => {
      world.held.push(resolve)
    })
}
const letGo = () => {
  world.hold = false
  for (const resolve of world.held.splice(0)) resolve()
}

const faked = [
  fake(auth, {
    jwks: () => ({ keys: [jwk] }),
    endedAccess: () => ({ sessionIds: [], accounts: [], next: null }),
    findApiKey: () => ({ found: { apiKeyId: v7(), issuedBy: v7(), permissions: [], validUntil: TOMORROW } }),
    noteApiKeyUses: () => null,
    login: () => {
      throw new Rejection('WRONG_CREDENTIALS')
    },
  }),
  fake(product, { list: () => ({ items: [], next: null }) }),
  fake(inventory, {
    availability: async () => {
      await held()
      return { items: [] }
    },
  }),
  fake(cart, {
    get: async () => {
      await held()
      throw new Rejection('CART_NOT_FOUND')
    },
  }),
  fake(order, {
    list: () => ({ items: [], next: null }),
    lookUp: () => {
      throw new Rejection('ORDER_NOT_FOUND')
    },
  }),
  fake(payment, { stripeWebhook: () => ({ received: true as const }) }),
  fake(search, {
    track: async () => {
      await held()
      return null
    },
  }),
]
const services = [
  gateway,
  ...faked,
  ...Object.values(published)
    .filter((contract) => !faked.some((one) => one.contract.name === contract.name))
    .map((contract) => fake(contract, {})),
]
const start = (environment: Record<string, string>) =>
  startTestHost({ services, environment: { PORT: '0', TRUST_PROXY: '1', ...environment } })

type Given = { from?: string; token?: string; body?: unknown; headers?: Record<string, string> }
const asking =
  (host: () => TestHost) =>
  async (method: string, path: string, { from = '203.0.113.1', token, body, headers }: Given = {}) => {
    const response = await fetch(`${host().host.url}${path}`, {
      method,
      headers: {
        'x-forwarded-for': from,
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      // biome-ignore lint/suspicious/noExplicitAny: what a client reads
      body: (text ? JSON.parse(text) : null) as any,
    }
  }

describe('quotas at the edge', () => {
  let host: TestHost
  const ask = asking(() => host)
  before(async () => {
    host = await start({
      GATEWAY_RATE_PER_ADDRESS: '1',
      GATEWAY_RATE_PER_API_KEY: '1',
      GATEWAY_RATE_PER_USER: '1',
      GATEWAY_SENSITIVE_PER_ADDRESS: '3',
    })
  })
  after(() => host[Symbol.asyncDispose]())

  const available = (given?: Given) => ask('GET', '/v1/availability?skus=A', given)
  const times = async (n: number, work: () => Promise<{ status: number }>) => {
    const statuses: number[] = []
    for (let i = 0; i < n; i += 1) statuses.push((await work()).status)
    return { passed: statuses.filter((status) => status !== 429).length, last: statuses.at(-1) }
  }

  /** What a quota has given back since then, that gives one back in a second. */
  const cameBack = (since: number): number => Math.ceil((performance.now() - since) / 1_000)

  let subjects = 0
  /** Answers to somebody who asks for the first time and has done so before the first request comes back to him, a second later. */
  const beforeOneComesBack = async <T>(round: (subject: number) => Promise<T>): Promise<T> => {
    let told: { all: T } | undefined
    await withinOnce(950, async () => {
      subjects += 1
      told = { all: await round(subjects) }
    })
    return told!.all
  }

  it('tell what they are and what is left, and refuse one too many with the time to wait', async () => {
    const { first, over, newer } = await beforeOneComesBack(async (subject) => {
      const from = `198.51.100.${subject}`
      const first = await available({ from })
      await times(9, () => available({ from }))
      const over = await available({ from })
      return { first, over, newer: await ask('GET', '/v2/availability?skus=A', { from }) }
    })
    assert.equal(first.headers.get('ratelimit-policy'), '"address";q=10;w=10')
    assert.equal(first.headers.get('ratelimit'), '"address";r=9;t=1')
    assert.equal(over.status, 429)
    assert.equal(over.body.code, 'TOO_MANY_REQUESTS')
    assert.equal(over.headers.get('retry-after'), '1')
    assert.match(over.headers.get('ratelimit')!, /^"address";r=0;t=1$/)
    assert.match(over.headers.get('content-type')!, /^application\/problem\+json/)
    assert.equal(newer.status, 429, 'whichever version is asked')
    assert.equal((await available({ from: '203.0.113.2' })).status, 200)
  })

  describe('in the header fields of an answer', () => {
    const policies = {
      address: '"address";q=10;w=10',
      unseen: '"unseen";q=10;w=10',
      user: '"user";q=10;w=10',
      apiKey: '"api-key";q=1;w=1',
      sensitive: '"sensitive";q=3;w=60',
    }
    /** What the answers to somebody new say. */
    const said = (
      work: (from: string) => AsyncIterable<Awaited<ReturnType<typeof ask>>>,
    ): Promise<(string | number | null)[][]> =>
      beforeOneComesBack(async (subject) => {
        const all: (string | number | null)[][] = []
        for await (const { status, headers } of work(`198.51.100.${subject}`))
          all.push([
            status,
            headers.get('ratelimit-policy'),
            headers.get('ratelimit'),
            headers.get('retry-after'),
          ])
        return all
      })
    const orders = (given: Given) => ask('GET', '/v1/orders', given)
    const lookUp = (given: Given) =>
      ask('POST', '/v1/orders/lookup', { ...given, body: { number: 'S-7K3M-92QX', email: 'a@example.com' } })

    it('stand all that a request counts for: a token that is new, and then its account; a refusal names the account', async () => {
      const answers = await said(async function* (from) {
        const token = await tokenOf(v7())
        yield orders({ from, token })
        yield orders({ from, token })
        await times(8, () => orders({ from, token }))
        yield orders({ from, token })
      })
      assert.deepEqual(answers, [
        [200, `${policies.unseen}, ${policies.user}`, '"unseen";r=9;t=1, "user";r=9;t=1', null],
        [200, policies.user, '"user";r=8;t=2', null],
        [429, policies.user, '"user";r=0;t=1', '1'],
      ])
    })

    it('stands a key that is new, and then the key; a refusal names the key', async () => {
      const answers = await said(async function* (from) {
        const token = apiKeySecret(randomBytes(32))
        yield ask('GET', '/v1/products', { from, token })
        yield ask('GET', '/v1/products', { from, token })
      })
      assert.deepEqual(answers, [
        [200, `${policies.unseen}, ${policies.apiKey}`, '"unseen";r=9;t=1, "api-key";r=0;t=1', null],
        [429, policies.apiKey, '"api-key";r=0;t=1', '1'],
      ])
    })

    it('stands the address beside a token that opens nothing; a refusal names the address', async () => {
      const answers = await said(async function* (from) {
        yield orders({ from, token: 'a.b.c' })
        await times(9, () => available({ from }))
        yield orders({ from, token: 'a.b.c' })
      })
      assert.deepEqual(answers, [
        [401, `${policies.unseen}, ${policies.address}`, '"unseen";r=9;t=1, "address";r=9;t=1', null],
        [429, policies.address, '"address";r=0;t=1', '1'],
      ])
    })

    it('stand, of too many new tokens, those alone, and they use up nothing of the address', async () => {
      const answers = await said(async function* (from) {
        await times(10, async () => orders({ from, token: await tokenOf(v7()) }))
        yield orders({ from, token: await tokenOf(v7()) })
        yield available({ from })
      })
      assert.deepEqual(answers, [
        [429, policies.unseen, '"unseen";r=0;t=1', '1'],
        [200, policies.address, '"address";r=9;t=1', null],
      ])
    })

    it('stands what can be guessed, whoever asks, with a token that is new; a refusal names it alone', async () => {
      const answers = await said(async function* (from) {
        yield lookUp({ from, token: await tokenOf(v7()) })
        yield lookUp({ from })
        await lookUp({ from })
        yield lookUp({ from, token: await tokenOf(v7()) })
      })
      assert.deepEqual(answers, [
        [404, `${policies.sensitive}, ${policies.unseen}`, '"sensitive";r=2;t=20, "unseen";r=9;t=1', null],
        [404, policies.sensitive, '"sensitive";r=1;t=40', null],
        [429, policies.sensitive, '"sensitive";r=0;t=20', '20'],
      ])
    })
  })

  it('count an IPv6 line as one address', async () => {
    const somebodyOf = (line: number) =>
      `2001:db8:0:${line.toString(16)}::${Math.floor(Math.random() * 60_000).toString(16)}`
    const { passed, line } = await beforeOneComesBack(async (line) => ({
      line,
      ...(await times(12, () => available({ from: somebodyOf(line) }))),
    }))
    assert.equal(passed, 10)
    assert.equal((await available({ from: somebodyOf(line + 0x1000) })).status, 200)
  })

  it('count what is given again from memory, too', async () => {
    const { kept, last } = await beforeOneComesBack(async (subject) => {
      const list = () => ask('GET', '/v1/products', { from: `198.51.100.${subject}` })
      await list()
      return { kept: await list(), ...(await times(9, list)) }
    })
    assert.equal(kept.headers.get('ratelimit'), '"address";r=8;t=2')
    assert.equal(last, 429)
  })

  it('count accounts by themselves, from wherever they come, and who guesses by address', async () => {
    const token = await tokenOf(v7())
    const began = performance.now()
    const first = await ask('GET', '/v1/orders', { token, from: '203.0.113.4' })
    assert.equal(first.status, 200)
    const { passed } = await times(15, () => ask('GET', '/v1/orders', { token, from: '203.0.113.5' }))
    const most = 9 + cameBack(began)
    assert.ok(passed >= 9 && passed <= most, `${passed} of at most ${most}`)
    assert.equal((await ask('GET', '/v1/orders', { token: await tokenOf(v7()) })).status, 200)
    const guesses = await beforeOneComesBack(async (subject) => {
      const guess = () => ask('GET', '/v1/orders', { token: 'a.b.c', from: `198.51.100.${subject}` })
      return { first: (await guess()).status, ...(await times(10, guess)) }
    })
    assert.equal(guesses.first, 401)
    assert.equal(guesses.last, 429)
  })

  it('are stricter for what can be guessed, whoever asks', async () => {
    const from = '203.0.113.7'
    const login = () =>
      ask('POST', '/v1/auth/login', { from, body: { email: 'a@example.com', password: 'a wrong one' } })
    const lookUp = (token?: string) =>
      ask('POST', '/v1/orders/lookup', {
        from,
        body: { number: 'S-7K3M-92QX', email: 'a@example.com' },
        ...(token && { token }),
      })
    const began = performance.now()
    const first = await login()
    assert.equal(first.status, 401)
    assert.equal(first.headers.get('ratelimit-policy'), '"sensitive";q=3;w=60')
    assert.equal((await lookUp()).status, 404)
    assert.equal((await lookUp()).status, 404)
    const over = await lookUp(await tokenOf(v7()))
    assert.equal(over.status, 429)
    const waitsSeconds = Number(over.headers.get('retry-after'))
    // One comes back after 20 s, of which some may be over.
    assert.ok(waitsSeconds <= 20 && waitsSeconds > 20 - cameBack(began), `${waitsSeconds} s`)
    assert.equal((await available({ from })).status, 200, 'the rest goes on')
  })

  it('do not concern webhooks, probes and measurements', async () => {
    const from = '203.0.113.8'
    const webhook = () =>
      ask('POST', '/v1/payments/webhooks/stripe', { from, body: {}, headers: { 'stripe-signature': 't=1' } })
    assert.deepEqual(await times(15, webhook), { passed: 15, last: 200 })
    assert.equal((await webhook()).headers.get('ratelimit'), null)
    const probe = () => fetch(`${host.host.url}/healthz`, { headers: { 'x-forwarded-for': from } })
    assert.deepEqual(await times(15, probe), { passed: 15, last: 200 })
    const metrics = await (await fetch(`${host.host.url}/metrics`)).text()
    assert.match(metrics, /gateway_rate_limited_total\{policy="sensitive"\} [1-9]/)
  })
})

describe('more than a process can do', () => {
  let host: TestHost
  const ask = asking(() => host)
  before(async () => {
    host = await start({ GATEWAY_MAX_CONCURRENT: '4', GATEWAY_MAX_WAITING: '2' })
    // Keys are known, answers are kept.
    await ask('GET', '/v1/products')
  })
  after(async () => {
    letGo()
    await host[Symbol.asyncDispose]()
  })

  const count = () =>
    ask('POST', '/v1/search/clicks', { body: { searchId: 'abc.def', productId: v7(), position: 1 } })
  const look = () => ask('GET', '/v1/availability?skus=A')
  const pay = () =>
    ask('GET', `/v1/carts/${v7()}`, { headers: { 'cart-token': 'a-token-of-twenty-characters' } })
  /** Until so many calls run and so many wait, of a gateway. */
  const until = (running: number, waiting: number, at = host) =>
    eventually(async () => {
      const metrics = await (await fetch(`${at.host.url}/metrics`)).text()
      const sum = (name: string) =>
        [...metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)$`, 'gm'))].reduce(
          (n, [, value]) => n + Number(value),
          0,
        )
      assert.deepEqual([sum('gateway_calls_running'), sum('gateway_calls_waiting')], [running, waiting])
    })

  let heldSince = 0
  /** Until the end of the block, or `letGo`. */
  const hold = (): Disposable => {
    world.hold = true
    heldSince = performance.now()
    return { [Symbol.dispose]: letGo }
  }
  /** Whoever waits for a second is refused: what failed when all was held for about as long is done again, three times at most. */
  const heldForLessThanASecond = async (scene: () => Promise<void>) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await scene()
      } catch (error) {
        if (attempt === 3 || performance.now() - heldSince < 900) throw error
        await until(0, 0)
      }
    }
  }

  it('gives up counting first, then looking; checkout goes on, and so does what is in memory', () =>
    heldForLessThanASecond(async () => {
      using _ = hold()
      // Three look and two clicks wait; one click makes way for who looks, the other and that one for who pays: one at once, two wait.
      const looking = [look(), look(), look()]
      await until(3, 0)
      const counting = [count()]
      await until(3, 1)
      counting.push(count())
      await until(3, 2)
      const later = look()
      assert.equal((await counting[1])?.status, 503)
      const paying = [pay(), pay(), pay()]
      assert.equal((await counting[0])?.status, 503)
      assert.equal((await later).status, 503)
      assert.equal((await ask('GET', '/v1/products')).status, 200)
      assert.equal((await fetch(`${host.host.url}/healthz`)).status, 200)
      letGo()
      const answers = await Promise.all([...looking, ...paying])
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 404, 404, 404],
      )
    }))

  it('says when to come back', async () => {
    world.hold = true
    const refused: Awaited<ReturnType<typeof look>>[] = []
    const all = Array.from({ length: 12 }, async () => {
      const answer = await look()
      if (answer.status === 503) refused.push(answer)
    })
    // Three run, two wait.
    await eventually(() => assert.ok(refused.length >= 7))
    letGo()
    await Promise.all(all)
    for (const { headers, body } of refused) {
      assert.equal(headers.get('retry-after'), '2')
      assert.equal(body.code, 'UNAVAILABLE')
    }
    const metrics = await (await fetch(`${host.host.url}/metrics`)).text()
    assert.match(metrics, /gateway_shed_total\{priority="browse"\} \d+/)
    assert.match(metrics, /gateway_calls_running 0/)
  })

  it('answers what waits when the process stops', () =>
    heldForLessThanASecond(async () => {
      await using stopping = await start({ GATEWAY_MAX_CONCURRENT: '1', GATEWAY_MAX_WAITING: '2' })
      const askStopping = asking(() => stopping)
      using _ = hold()
      const all = [0, 1, 2].map(() => askStopping('GET', '/v1/availability?skus=A'))
      await until(1, 2, stopping)
      const stopped = stopping.host.stop()
      // It takes nobody in any more.
      await eventually(() =>
        askStopping('GET', '/openapi.json').then(
          ({ status }) => status === 503,
          () => true,
        ),
      )
      letGo()
      assert.deepEqual(
        (await Promise.all(all)).map(({ status }) => status),
        [200, 200, 200],
      )
      await stopped
    }))
})

describe('two versions side by side', () => {
  let host: TestHost
  let token: string
  const ask = asking(() => host)
  before(async () => {
    host = await start({})
    token = await tokenOf(v7(), { role: 'admin', permissions: ['payment:refund'] })
  })
  after(() => host[Symbol.asyncDispose]())
  const refund = (version: string, body: object) =>
    ask('POST', `/${version}/admin/payments/${v7()}/refunds`, {
      token,
      body,
      headers: { 'idempotency-key': crypto.randomUUID() },
    })

  it('serve what did not change alike, and give each other’s answers again', async () => {
    const [one, two] = [await ask('GET', '/v1/products'), await ask('GET', '/v2/products')]
    assert.equal(two.status, 200)
    assert.equal(two.headers.get('etag'), one.headers.get('etag'))
    assert.equal(two.headers.get('deprecation'), null)
    assert.equal((await ask('GET', '/v3/products')).status, 404)
    const wrong = await ask('DELETE', '/v2/products')
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'GET'])
  })

  it('say of what is deprecated where to go, also when it is refused', async () => {
    const old = await refund('v1', {})
    assert.equal(old.status, 400)
    assert.equal(old.headers.get('deprecation'), '@1795910400')
    assert.match(
      old.headers.get('link')!,
      /^<\/v2\/admin\/payments\/[\w-]+\/refunds>; rel="successor-version"/,
    )
    assert.equal((await refund('v2', {})).headers.get('sunset'), null)
    const large = { reason: 'x'.repeat(200_000) }
    const refused = await refund('v1', large)
    assert.equal(refused.status, 413)
    assert.equal(refused.headers.get('deprecation'), '@1795910400')
    assert.equal((await refund('v2', large)).headers.get('deprecation'), null)
  })

  it('say that somebody may not ask before they say what is wrong with what he sent', async () => {
    for (const version of ['v1', 'v2'])
      for (const headers of [{}, { 'content-type': 'text/plain' }]) {
        const path = `/${version}/admin/payments/${v7()}/refunds`
        const { status, body } = await ask('POST', path, { body: {}, headers })
        assert.deepEqual([status, body.code], [401, 'UNAUTHENTICATED'])
      }
  })

  it('name fields as their callers know them', async () => {
    const wrong = await refund('v2', { amount: { amountMinor: 0, currency: 'EUR' }, reason: 'late' })
    assert.deepEqual(
      wrong.body.fields.map(({ field }: { field: string }) => field),
      ['amount.amountMinor'],
    )
    const mixed = await refund('v2', { amountMinor: 5, reason: 'late' })
    assert.deepEqual(
      mixed.body.fields.map(({ field }: { field: string }) => field),
      ['amountMinor'],
    )
  })

  it('are described each', async () => {
    const paths = async (address: string) => Object.keys((await ask('GET', address)).body.paths)
    assert.ok((await paths('/openapi.json')).includes('/v1/products'))
    assert.deepEqual(await paths('/v1/openapi.json'), await paths('/openapi.json'))
    assert.ok((await paths('/v2/openapi.json')).includes('/v2/products'))
  })
})
