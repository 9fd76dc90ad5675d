import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type PublicOperation, publicOperations } from '@stoa/gateway/versions'
import { v7 } from 'uuid'
import { z } from 'zod'
import type { Reply } from './http.ts'
import { type Shop, startShop, topology } from './shop.ts'

/** What a hostile or clumsy client puts where something else belongs. */
const NONSENSE: Readonly<Record<string, unknown>> = {
  'a number': 7.5,
  'a negative number': -1,
  'an overflow': 1e308,
  'more than an exact integer': 9_007_199_254_740_992,
  'a boolean': true,
  'an empty text': '',
  'a huge text': 'x'.repeat(60_000),
  NUL: 'a\0b',
  'a lone surrogate': 'a\ud800b',
  'an emoji flood': '👩‍👩‍👧‍👦'.repeat(2_000),
  'an object': { $ne: null },
  'a deep object': JSON.parse(`${'{"a":'.repeat(300)}1${'}'.repeat(300)}`),
  'a long list': Array.from({ length: 3_000 }, (_, index) => index),
  SQL: "'; drop table orders; --",
}

describe(`bad input (${topology})`, () => {
  let shop: Shop
  let token: string
  before(async () => {
    shop = await startShop()
    token = await shop.staffToken()
  })
  after(() => shop?.[Symbol.asyncDispose]())

  for (const shown of publicOperations) {
    const { contract, name, operation, version, change } = shown
    // What a version has from the one before is read by the same code: a part of the nonsense will do.
    const nonsense = Object.entries(NONSENSE).slice(0, version === 'v1' || change ? undefined : 2)
    it(`to ${version} of ${contract.name}.${name} is refused with the name of the field, never with a 5xx`, async () => {
      const schema = z.toJSONSchema(operation.input, { io: 'input' }) as Schema
      const good = sample(schema) as Record<string, unknown>
      for (const [field, fieldSchema] of Object.entries(schema.properties ?? {})) {
        for (const [what, value] of nonsense) {
          const reply = await call(shop, shown, { ...good, [field]: value }, token)
          const told = `${field} = ${what}: ${reply.status} ${JSON.stringify(reply.body).slice(0, 300)}`
          assert(reply.status < 500, told)
          if (reply.status >= 400) assertProblem(reply, told)
          if (reply.status === 400 && reply.body.code === 'INVALID_INPUT') {
            assert(reply.body.fields.length > 0, told)
            if (!isHeaderOrPath(operation, field) && !accepts(operation, field, value, good))
              assert(
                reply.body.fields.some(
                  (one: { field: string }) => one.field === field || one.field.startsWith(`${field}.`),
                ),
                told,
              )
          } else if (reply.status < 400 && !isHeaderOrPath(operation, field)) {
            assert(
              accepts(operation, field, value, good),
              `accepted what the contract does not: ${told} (${JSON.stringify(fieldSchema)})`,
            )
          }
        }
      }
      const extra = await call(shop, shown, { ...good, unheardOf: 1 }, token)
      if (operation.rawBody === undefined && operation.access !== 'customer') {
        assert.equal(extra.status, 400, JSON.stringify(extra.body))
        assert.equal(extra.body.fields[0].field, 'unheardOf')
      }
    })
  }

  it('that is not JSON, not an object, of another type or too large is refused before it is read', async () => {
    const send = (body: string, type = 'application/json') =>
      shop.http.send('POST', '/v1/auth/login', { body, headers: { 'content-type': type } })
    assert.equal((await send('{"email":')).status, 400)
    assert.equal((await send('[1]')).status, 400)
    assert.equal((await send('null')).status, 400)
    assert.equal((await send('"text"')).status, 400)
    assert.equal((await send('email=a@b.c', 'application/x-www-form-urlencoded')).status, 415)
    assert.equal((await send('<a/>', 'text/xml')).status, 415)
    assert.equal((await send(`{"email":"${'x'.repeat(300_000)}"}`)).status, 413)
    assert.equal((await send('{"__proto__":{"admin":true},"email":"a@b.cd","password":"x"}')).status, 400)
    assert.equal((await send('{"constructor":{"prototype":{}},"email":"a@b.cd","password":"x"}')).status, 400)
  })

  it('in the address is a 404, a wrong method a 405 that names the right ones', async () => {
    assertProblem(await shop.http.get('/v1/products/%ff'), 'an address that cannot be decoded')
    assert.equal((await shop.http.get(`/v1/products/${'x'.repeat(5_000)}`)).status < 500, true)
    assert.equal((await shop.http.get('/v3/products')).status, 404)
    const wrong = await shop.http.send('PUT', '/v1/orders', { body: {} })
    assert.equal(wrong.status, 405)
    assert.equal(wrong.headers.get('allow'), 'POST, GET')
  })

  it('as a token is a 401', async () => {
    for (const bad of ['x', 'a.b.c', `${token.slice(0, -4)}AAAA`]) {
      const { status, headers } = await shop.http.get('/v1/orders', { token: bad })
      assert.equal(status, 401)
      assert.match(headers.get('www-authenticate')!, /^Bearer/)
    }
  })
})

type Schema = {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: unknown[]
  format?: string
  minLength?: number
  minimum?: number
  anyOf?: Schema[]
  default?: unknown
}

/** Values that fit by the name of their field where a schema's pattern alone does not say how. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  sku: 'SKU-1',
  skus: ['SKU-1'],
  currency: 'EUR',
  country: 'GR',
  warehouse: 'main',
  from: 'main',
  to: 'north',
  permissions: ['product:read'],
  slug: 'a-slug',
  category: 'a-slug',
  barcode: '4006381333931',
  password: 'a long password',
  newPassword: 'a long password',
  idempotencyKey: 'key-of-the-tests-0123456789',
  // Of this machine: never fetched.
  url: 'http://127.0.0.1:9/picture.png',
  key: '0123456789abcdef',
  searchId: 'abc.def',
  content:
    'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADklEQVQImWP4z8AAQv8BD/kD/XJRmSAAAAAASUVORK5CYII=',
}

function sample(schema: Schema, name = ''): unknown {
  if (name in BY_NAME && (schema.type ?? 'string') === typeOf(BY_NAME[name])) return BY_NAME[name]
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return sample(schema.anyOf[0]!, name)
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((field) => [field, sample(schema.properties?.[field] ?? {}, field)]),
      )
    case 'array':
      return [sample(schema.items ?? {})]
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1)
    case 'boolean':
      return true
    default:
      if (schema.format === 'uuid') return v7()
      if (schema.format === 'email') return 'someone@example.com'
      if (schema.format === 'date-time') return '2030-01-01T00:00:00.000Z'
      return 'x'.repeat(Math.max(3, schema.minLength ?? 0))
  }
}

const typeOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value)

const isHeaderOrPath = (operation: PublicOperation['operation'], field: string): boolean =>
  operation.headers?.[field] !== undefined ||
  operation.path.includes(`{${field}}`) ||
  operation.rawBody === field

function accepts(
  operation: PublicOperation['operation'],
  field: string,
  value: unknown,
  good: Record<string, unknown>,
): boolean {
  const inQuery =
    operation.method === 'GET' || operation.method === 'DELETE' || operation.rawBody !== undefined
  // A query carries text: 7.5 arrives as "7.5", which a text field may well accept.
  return inQuery || operation.input.safeParse({ ...good, [field]: value }).success
}

function assertProblem(reply: Reply, told: string): void {
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/, told)
  for (const field of ['type', 'title', 'status', 'code'])
    assert(reply.body[field] !== undefined, `${field} is missing: ${told}`)
  assert.equal(reply.body.status, reply.status, told)
}

async function call(
  shop: Shop,
  { operation, path: address }: PublicOperation,
  input: Record<string, unknown>,
  token: string,
): Promise<Reply> {
  const rest = { ...input }
  const headers: Record<string, string> = {}
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 4_000)
  const path = address.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = text(rest[name] ?? '') || '-'
    delete rest[name]
    return encodeURIComponent(value.slice(0, 400).toWellFormed())
  })
  for (const [field, header] of Object.entries(operation.headers ?? {})) {
    if (header === 'if-match')
      headers[header] = `"${text(rest[field] ?? 1).replaceAll(/[^\x20-\x7e]/g, '?')}"`
    else if (rest[field] !== undefined) headers[header] = text(rest[field]).replaceAll(/[^\x20-\x7e]/g, '?')
    delete rest[field]
  }
  if (operation.idempotency === 'key') headers['idempotency-key'] = crypto.randomUUID()
  const staff = operation.access === 'staff' ? { token } : {}
  if (operation.method === 'GET' || operation.method === 'DELETE') {
    const query = new URLSearchParams()
    for (const [field, value] of Object.entries(rest)) {
      for (const one of Array.isArray(value) ? value.slice(0, 500) : [value])
        query.append(field, text(one).slice(0, 2_000).toWellFormed())
    }
    return shop.http.send(operation.method, `${path}?${query}`, { headers, ...staff })
  }
  if (operation.rawBody) {
    const { [operation.rawBody]: raw, ...fields } = rest
    const query = new URLSearchParams()
    for (const [field, value] of Object.entries(fields))
      query.append(field, text(value).slice(0, 2_000).toWellFormed())
    return shop.http.send(operation.method, `${path}?${query}`, {
      body: operation.rawBytes ? Buffer.from(text(raw ?? ''), 'base64') : text(raw ?? ''),
      headers,
      ...staff,
    })
  }
  return shop.http.send(operation.method, `${path}`, { body: JSON.stringify(rest), headers, ...staff })
}
