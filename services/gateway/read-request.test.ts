import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { operation, Rejection } from '@stoa/contract'
import { z } from 'zod'
import { requestReader } from './read-request.ts'

const get = operation({
  summary: 'Reads',
  method: 'GET',
  path: '/things/{thingId}',
  access: 'public',
  input: z.strictObject({
    thingId: z.string(),
    limit: z.int().min(1).default(20),
    open: z.boolean().optional(),
    tags: z.array(z.string()).default([]),
    token: z.string().optional(),
  }),
  output: z.null(),
  headers: { token: 'thing-token' },
})
const post = operation({
  summary: 'Writes',
  method: 'POST',
  path: '/things/{thingId}',
  access: 'public',
  idempotency: 'none',
  input: z.strictObject({ thingId: z.string(), count: z.int(), token: z.string().optional() }),
  output: z.null(),
  headers: { token: 'thing-token' },
})
const raw = operation({
  summary: 'Hears',
  method: 'POST',
  path: '/hook',
  access: 'public',
  idempotency: 'none',
  input: z.strictObject({ body: z.string() }),
  output: z.null(),
  rawBody: 'body',
})

const upload = operation({
  summary: 'Takes a picture',
  method: 'POST',
  path: '/pictures',
  access: 'public',
  idempotency: 'none',
  input: z.strictObject({ content: z.string(), alt: z.string().optional() }),
  output: z.null(),
  rawBody: 'content',
  rawBytes: true,
})
const change = operation({
  summary: 'Changes',
  method: 'PATCH',
  path: '/things/{thingId}',
  access: 'public',
  idempotency: 'natural',
  input: z.strictObject({ thingId: z.string(), version: z.int() }),
  output: z.null(),
  headers: { version: 'if-match' },
})

const request = (parts: { params?: object; query?: object; body?: string; headers?: object }) => ({
  params: { thingId: 't1' },
  query: {},
  ...parts,
  body: parts.body === undefined ? undefined : Buffer.from(parts.body),
  headers: { 'content-type': 'application/json', ...parts.headers },
})
const refused = (field: string) => (error: unknown) => {
  assert(error instanceof Rejection && error.code === 'INVALID_INPUT', String(error))
  assert.equal((error.data as { fields: { field: string }[] }).fields[0]?.field, field)
  return true
}

describe('the input of an operation', () => {
  it('is gathered from path, query and headers, and read as the contract says', () => {
    const query = { limit: '5', open: 'true', tags: 'one' }
    assert.deepEqual(requestReader(get)(request({ query, headers: { 'thing-token': 'secret' } })), {
      thingId: 't1',
      limit: 5,
      open: true,
      tags: ['one'],
      token: 'secret',
    })
  })
  it('stays text where the text does not fit, for the contract to refuse', () => {
    const query = { limit: '0x10', open: 'yes' }
    const { limit, open } = requestReader(get)(request({ query }))
    assert.deepEqual({ limit, open }, { limit: '0x10', open: 'yes' })
    assert.equal(requestReader(get)(request({ query: { limit: '1e9' } })).limit, '1e9')
  })
  it('is gathered from path and body, and a body keeps its types', () => {
    assert.deepEqual(requestReader(post)(request({ body: '{"count":"5"}' })), { thingId: 't1', count: '5' })
  })
  it('has one place for each field', () => {
    assert.throws(() => requestReader(post)(request({ query: { count: '1' } })), refused('count'))
    assert.throws(() => requestReader(post)(request({ body: '{"thingId":"t2"}' })), refused('thingId'))
    assert.throws(() => requestReader(get)(request({ query: { token: 'x' } })), refused('token'))
  })
  it('is a JSON object or nothing', () => {
    assert.deepEqual(requestReader(post)(request({ body: '' })), { thingId: 't1' })
    for (const body of ['{', '[]', '"text"', 'null', '7'])
      assert.throws(() => requestReader(post)(request({ body })), refused('body'))
  })
  it('is refused in another format', () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', undefined])
      assert.throws(
        () => requestReader(post)(request({ body: '{}', headers: { 'content-type': type } })),
        (error) => error instanceof Rejection && error.code === 'UNSUPPORTED_MEDIA_TYPE',
      )
    requestReader(post)(
      request({ body: '{}', headers: { 'content-type': 'application/json; charset=utf-8' } }),
    )
  })
  it('keeps a field named __proto__ as a field, so that the contract refuses it', () => {
    const input = requestReader(post)(request({ body: '{"__proto__":{"count":1}}' }))
    assert.deepEqual(Object.keys(input).sort(), ['__proto__', 'thingId'])
    assert.equal(post.input.safeParse(input).success, false)
  })
  it('is the body as it was sent, where the operation wants that', () => {
    assert.deepEqual(requestReader(raw)(request({ body: '{ "a":1 }' })), { body: '{ "a":1 }' })
  })
  it('is bytes in base64 beside a query, where the operation takes a picture', () => {
    const read = requestReader(upload)(
      request({ body: 'bytes', query: { alt: 'A mug' }, headers: { 'content-type': 'image/png' } }),
    )
    assert.deepEqual(read, { content: Buffer.from('bytes').toString('base64'), alt: 'A mug' })
  })
  it('takes the version that was read from If-Match', () => {
    const read = (tag: string) => requestReader(change)(request({ headers: { 'if-match': tag } }))
    assert.deepEqual(read('"7"'), { thingId: 't1', version: 7 })
    for (const tag of ['7', 'W/"7"', '*', '"7", "8"', '""', '"seven"'])
      assert.throws(() => read(tag), refused('if-match'), tag)
  })
  it('is asked for an If-Match that it needs', () => {
    assert.throws(
      () => requestReader(change)(request({})),
      (error) => error instanceof Rejection && error.code === 'PRECONDITION_REQUIRED',
    )
  })
})
