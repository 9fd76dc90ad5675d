import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { Rejection } from '@stoa/contract'
import { auth } from '@stoa/contracts/auth'
import { cart } from '@stoa/contracts/cart'
import { inventory } from '@stoa/contracts/inventory'
import { notification } from '@stoa/contracts/notification'
import { order } from '@stoa/contracts/order'
import { payment } from '@stoa/contracts/payment'
import { product } from '@stoa/contracts/product'
import { search } from '@stoa/contracts/search'
import { allWithinOnce, eventually, fake, startTestHost, type TestHost } from '@stoa/testing'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { v7 } from 'uuid'
import gateway from './service.ts'

const keys = await generateKeyPair('EdDSA')
const jwk = {
  ...(await exportJWK(keys.publicKey)),
  kid: 'key-1',
  alg: 'EdDSA',
  use: 'sig',
} as unknown as Record<string, string>
const customerId = v7()

const token = (claims: Record<string, unknown> = {}, expires = '1h') =>
  new SignJWT({
    sid: 'session',
    role: 'customer',
    email: 'ada@example.com',
    email_verified: false,
    ...claims,
  })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'key-1', typ: 'at+jwt' })
    .setSubject(customerId)
    .setIssuer('stoa')
    .setAudience('stoa')
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(keys.privateKey)

const slow: (() => void)[] = []
let webhookBody = ''
const seenSkus: string[][] = []

const fakes = [
  fake(auth, {
    jwks: () => ({ keys: [jwk] }),
    endedAccess: () => ({ sessionIds: [], accounts: [], next: null }),
  }),
  fake(product, {
    list: ({ limit }) => {
      if (limit === 77) throw new Error('a bug with a secret in it')
      return { items: [], next: null }
    },
    deleteCategory: () => null,
  }),
  fake(cart, {
    current: () => {
      throw new Rejection('CART_NOT_FOUND')
    },
    removeLine: () => {
      throw new Rejection('UNAVAILABLE')
    },
  }),
  fake(inventory, {
    availability: async ({ skus }) => {
      if (skus.includes('SLOW'))
        await new Promise<void>((resolve) => {
          slow.push(resolve)
        })
      else seenSkus.push(skus)
      return { items: [] }
    },
  }),
  fake(order, { list: () => ({ items: [], next: null }) }),
  fake(payment, {
    stripeWebhook: ({ body }) => {
      webhookBody = body
      return { received: true as const }
    },
  }),
  fake(notification, {}),
  fake(search, {}),
]

describe('the public edge', () => {
  let host: TestHost
  let url: string
  before(async () => {
    host = await startTestHost({
      services: [gateway, ...fakes],
      environment: { PORT: '0', TRUST_PROXY: '1' },
    })
    url = host.host.url!
  })
  after(() => host[Symbol.asyncDispose]())

  it('answers JSON that nobody may store, with a request id and a trace', async () => {
    const response = await fetch(`${url}/v1/availability?skus=A`, { headers: { 'x-request-id': 'mine-7' } })
    seenSkus.length = 0
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('x-request-id'), 'mine-7')
    assert.match(response.headers.get('traceparent')!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    assert.deepEqual(await response.json(), { items: [] })
  })

  it('carries the trace that the client began', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    const response = await fetch(`${url}/v1/products`, {
      headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    })
    assert(response.headers.get('traceparent')!.includes(trace))
  })

  it('does not let a client choose a request id that would garble a log', async () => {
    const response = await fetch(`${url}/v1/products`, { headers: { 'x-request-id': 'a b"c' } })
    assert.match(response.headers.get('x-request-id')!, /^[0-9a-f-]{36}$/)
  })

  it('reads numbers and lists from the query as the contract says', async () => {
    await fetch(`${url}/v1/availability?skus=A&skus=B`)
    await fetch(`${url}/v1/availability?skus=C`)
    assert.deepEqual(seenSkus, [['A', 'B'], ['C']])
    const response = await fetch(`${url}/v1/products?limit=ten`)
    const problem = (await response.json()) as { fields: { field: string }[] }
    assert.equal(response.status, 400)
    assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.deepEqual(
      problem.fields.map(({ field }) => field),
      ['limit'],
    )
  })

  it('refuses a field in the wrong place', async () => {
    const response = await fetch(`${url}/v1/auth/login?email=a@b.cd`, { method: 'POST' })
    assert.deepEqual(((await response.json()) as { fields: unknown }).fields, [
      { field: 'email', message: 'belongs into the body' },
    ])
  })

  it('tells nothing of a bug but the trace to ask for', async () => {
    const response = await fetch(`${url}/v1/products?limit=77`)
    const text = await response.text()
    assert.equal(response.status, 500)
    assert(!text.includes('secret'))
    assert.match(JSON.parse(text).traceId, /^[0-9a-f]{32}$/)
  })

  it('says when to come back while a part is away', async () => {
    const response = await fetch(`${url}/v1/carts/${v7()}/lines/${v7()}`, { method: 'DELETE' })
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('retry-after'), '2')
    assert.equal(((await response.json()) as { code: string }).code, 'UNAVAILABLE')
  })

  it('refuses a body that is too large in the words of every refusal', async () => {
    const body = JSON.stringify({ name: 'x'.repeat(2_000_000) })
    const response = await fetch(`${url}/v1/carts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'large' },
      body,
    })
    assert.equal(response.status, 413)
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.equal(((await response.json()) as { code: string }).code, 'PAYLOAD_TOO_LARGE')
  })

  it('reads nothing large of somebody who may not send it', async () => {
    const request = httpRequest(`${url}/v1/admin/media`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg', 'content-length': 16_000_000, 'idempotency-key': 'large' },
    })
    request.on('error', () => {})
    request.flushHeaders()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    request.destroy()
    assert.equal(response.statusCode, 401, 'before a byte of the body was sent')
  })

  it('hands a raw body on exactly as it was sent', async () => {
    const body = '{ "spaces" :  "matter", "ü": 1 }'
    const response = await fetch(`${url}/v1/payments/webhooks/stripe`, {
      method: 'POST',
      body,
      headers: { 'stripe-signature': 't=1', 'content-type': 'application/json' },
    })
    assert.equal(response.status, 200)
    assert.equal(webhookBody, body)
  })

  it('lets a signed token speak, and nothing else', async () => {
    const get = async (authorization: string) =>
      (await fetch(`${url}/v1/orders`, { headers: { authorization } })).status
    assert.equal(await get(`Bearer ${await token()}`), 200)
    assert.equal((await fetch(`${url}/v1/orders`)).status, 401)
    assert.equal(await get(`Bearer ${await token({}, '-1h')}`), 401)
    assert.equal(await get(`Bearer ${(await token()).slice(0, -6)}AAAAAA`), 401)
    assert.equal(await get('Basic YTpi'), 401)
    const stranger = await generateKeyPair('EdDSA')
    const forged = await new SignJWT({
      sid: 's',
      role: 'admin',
      email: 'a@b.cd',
      email_verified: true,
      permissions: [],
    })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'key-1', typ: 'at+jwt' })
      .setSubject(v7())
      .setIssuer('stoa')
      .setExpirationTime('1h')
      .sign(stranger.privateKey)
    assert.equal(await get(`Bearer ${forged}`), 401)
    const unsigned = [
      { alg: 'none', typ: 'at+jwt' },
      { sub: customerId, iss: 'stoa', exp: 9_999_999_999 },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    assert.equal(await get(`Bearer ${unsigned}.AAAA`), 401)
  })

  it('lets staff do what their permissions say', async () => {
    const remove = async (permissions: string[]) =>
      (
        await fetch(`${url}/v1/admin/categories/${v7()}`, {
          method: 'DELETE',
          headers: {
            authorization: `Bearer ${await token({ role: 'support', permissions })}`,
            'if-match': '"1"',
          },
        })
      ).status
    assert.equal(await remove(['product:read']), 403)
    assert.equal(await remove(['product:write']), 204)
  })

  it('knows its addresses: 404 for others, 405 for another method', async () => {
    assert.equal((await fetch(`${url}/v1/nothing`)).status, 404)
    const response = await fetch(`${url}/v1/products`, { method: 'DELETE' })
    assert.equal(response.status, 405)
    assert.equal(response.headers.get('allow'), 'GET')
  })

  it('works on so many requests and refuses one more', async () => {
    await using busy = await startTestHost({
      services: [gateway, ...fakes],
      environment: {
        PORT: '0',
        GATEWAY_MAX_CONCURRENT: '1',
        GATEWAY_MAX_WAITING: '1',
        GATEWAY_MAX_IN_FLIGHT: '3',
        GATEWAY_CACHE_BYTES: '0',
      },
    })
    const webhook = () => {
      const request = httpRequest(`${busy.host.url}/v1/payments/webhooks/stripe`, {
        method: 'POST',
        headers: { 'stripe-signature': 't=1', 'content-type': 'application/json', 'content-length': 2 },
      })
      request.flushHeaders()
      return { request, answered: once(request, 'response') as Promise<[IncomingMessage]> }
    }
    const list = async () => (await fetch(`${busy.host.url}/v1/products`)).status
    assert.equal(await list(), 200)
    const arriving = [webhook(), webhook(), webhook()]
    await eventually(async () => assert.equal(await list(), 503))
    assert.equal((await fetch(`${busy.host.url}/healthz`)).status, 200)
    for (const { request, answered } of arriving) {
      request.end('{}')
      const [response] = await answered
      assert.equal(response.statusCode, 200)
      response.resume()
    }
    await eventually(async () => assert.equal(await list(), 200))
  })

  it('does not start with bounds that refuse a checkout before anything else', async () => {
    const startAndStop = async (environment: Record<string, string>) => {
      await using _ = await startTestHost({
        services: [gateway, ...fakes],
        environment: { PORT: '0', ...environment },
      })
    }
    await assert.rejects(
      startAndStop({ GATEWAY_MAX_WAITING: '1500' }),
      /GATEWAY_MAX_IN_FLIGHT is 2000.*GATEWAY_MAX_CONCURRENT and GATEWAY_MAX_WAITING together, 2000$/,
    )
    await assert.rejects(
      startAndStop({ GATEWAY_MAX_CONCURRENT: '501' }),
      /GATEWAY_MAX_CONCURRENT: must be at most 500 .*one address of a service takes/,
    )
    await startAndStop({ GATEWAY_MAX_WAITING: '1499' })
  })

  it('publishes what the contracts promise as OpenAPI 3.1, and nothing that is for services', async () => {
    // biome-ignore lint/suspicious/noExplicitAny: a foreign document
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as any
    assert.equal(document.openapi, '3.1.0')
    assert(document.paths['/v1/orders'].post.requestBody)
    assert(
      document.paths['/v1/carts/{cartId}'].get.parameters.some(
        (one: { name: string }) => one.name === 'Cart-Token',
      ),
    )
    assert.equal(document.paths['/v1/inventory/reservations'], undefined)
    const docs = await fetch(`${url}/docs/`)
    assert.equal(docs.status, 200)
    assert.match(await docs.text(), /<html/i)
  })

  it('tells whether it lives and whether it can work, and on this machine what it measured', async () => {
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
    const ready = await fetch(`${url}/readyz`)
    assert.equal(ready.status, 200, await ready.clone().text())
    const metrics = await (await fetch(`${url}/metrics`)).text()
    assert.match(
      metrics,
      /http_request_duration_seconds_count\{method="GET",route="\/v1\/products",status="200"\} \d+/,
    )
    assert.match(metrics, /process_resident_memory_bytes/)
    assert.match(metrics, /^stoa_ready 1$/m)
  })

  it('counts no look at its health or metrics among the requests', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/v1/products'])
      await (await fetch(`${url}${path}`)).text()
    const metrics = await (await fetch(`${url}/metrics`)).text()
    const counted = (path: string) =>
      new RegExp(`^http_request_duration_seconds_count\\{.*route="${path}"`, 'm').test(metrics)
    assert.deepEqual(['/healthz', '/readyz', '/metrics', '/v1/products'].map(counted), [
      false,
      false,
      false,
      true,
    ])
  })

  it('tells nobody what it measured who asks by a proxy, from wherever', async () => {
    for (const headers of [
      { 'x-forwarded-for': '203.0.113.1' },
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=127.0.0.1' },
      { via: '1.1 proxy' },
    ]) {
      const response = await fetch(`${url}/metrics`, { headers })
      assert.equal(response.status, 404)
      assert.equal(((await response.json()) as { code: string }).code, 'NOT_FOUND')
    }
  })

  it('tells what it measured on the internal port alone where there is one', async () => {
    await using other = await startTestHost({
      services: [gateway, ...fakes],
      environment: { PORT: '0', INTERNAL_PORT: '0' },
    })
    assert.equal((await fetch(`${other.host.url}/metrics`)).status, 404)
    assert.match(await (await fetch(`${other.host.internalUrl}/metrics`)).text(), /^stoa_/m)
  })
})

describe('the public edge, when the process stops', () => {
  it('answers what it has accepted, hangs up on everybody, and is gone at once', () =>
    allWithinOnce([5_000], async () => {
      const host = await startTestHost({ services: [gateway, ...fakes], environment: { PORT: '0' } })
      const port = Number(new URL(host.host.url!).port)
      const accepted = connect(port, '127.0.0.1')
      const silent = connect(port, '127.0.0.1')
      const hungUp = [once(accepted, 'close'), once(silent, 'close')]
      let answer = ''
      accepted.setEncoding('utf8').on('data', (text) => {
        answer += text
      })
      accepted.write('GET /v1/availability?skus=SLOW HTTP/1.1\r\nHost: shop\r\n\r\n')
      silent.resume()
      while (slow.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      const began = performance.now()
      const stopped = host.host.stop()
      await new Promise((resolve) => setTimeout(resolve, 100))
      await assert.rejects(fetch(`http://127.0.0.1:${port}/v1/products`))
      assert.equal((await host.host.ready()).ok, false)
      assert.equal(answer, '')
      for (const give of slow.splice(0)) give()
      await Promise.all([stopped, ...hungUp])
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
      assert.match(answer, /connection: close/i)
      const tookMs = performance.now() - began
      await host[Symbol.asyncDispose]()
      return [tookMs]
    }))

  it('answers what is not HTTP with a problem', async () => {
    const host = await startTestHost({ services: [gateway, ...fakes], environment: { PORT: '0' } })
    const socket = connect(Number(new URL(host.host.url!).port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text
    })
    socket.write('GARBAGE\r\n\r\n')
    await once(socket, 'close')
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*application\/problem\+json/)
    await host[Symbol.asyncDispose]()
  })
})
