import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { product } from '@stoa/contracts/product'
import { search } from '@stoa/contracts/search'
import { actorFor, audienceOf, cacheKey, languageOf } from './cache-key.ts'
import { etagOf, namesEtag } from './etag.ts'

const customer = {
  kind: 'customer',
  id: '0190e6f0-0000-7000-8000-000000000001',
  sessionId: '0190e6f0-0000-7000-8000-000000000002',
  email: 'ada@example.com',
  emailVerified: true,
} as const

describe('the name of a kept answer', () => {
  const { list } = product.operations
  const everyone = { customerGroup: undefined }
  const name = (input: object, fields: { language?: string; group?: string; variant?: string } = {}) =>
    cacheKey({
      name: 'product.list',
      operation: list,
      input: list.input.parse(input) as Record<string, unknown>,
      language: fields.language ?? '',
      audience: { customerGroup: fields.group },
      variant: fields.variant ?? '',
    })

  test('is one for what means the same', () => {
    assert.equal(name({ limit: 20, category: 'desks' }), name({ category: 'desks' }))
    assert.equal(name({ category: 'desks', currency: 'EUR' }), name({ currency: 'EUR', category: 'desks' }))
  })

  test('is another for another question, currency, language, group or ranking', () => {
    const names = [
      name({}),
      name({ currency: 'USD' }),
      name({ category: 'desks' }),
      name({}, { language: 'de' }),
      name({}, { group: 'club' }),
      name({}, { group: '' }),
      name({}, { variant: 'challenger' }),
    ]
    assert.equal(new Set(names).size, names.length)
  })

  test('does not hold what travels as a header', () => {
    const { query } = search.operations
    const key = (visitor: string) =>
      cacheKey({
        name: 'search.query',
        operation: query,
        input: { q: 'desk', visitor },
        language: '',
        audience: everyone,
        variant: 'default',
      })
    assert.equal(key('visitor-one'), key('visitor-two'))
  })

  test('customers without a group are asked as anybody, those of a group as nobody of it, staff not at all', () => {
    assert.deepEqual(actorFor(audienceOf(customer)!), { kind: 'anonymous' })
    const member = actorFor(audienceOf({ ...customer, customerGroup: 'club' })!)
    assert.ok(member.kind === 'customer' && member.customerGroup === 'club')
    assert.doesNotMatch(JSON.stringify(member), /0190e6f0|ada@/)
    const staff = { kind: 'staff', id: customer.id, sessionId: customer.id, permissions: [] } as const
    assert.equal(audienceOf(staff), undefined)
  })

  test('a language is the first that is wanted', () => {
    assert.equal(languageOf('de-AT,de;q=0.9,en;q=0.1'), 'de')
    assert.equal(languageOf(' EN'), 'en')
    assert.equal(languageOf('*'), '')
    assert.equal(languageOf('x'.repeat(1000)), '')
    assert.equal(languageOf(undefined), '')
  })
})

describe('an entity tag', () => {
  const etag = etagOf(Buffer.from('desk'))

  test('is strong, and another for other bytes', () => {
    assert.match(etag, /^"[\w-]{27}"$/)
    assert.notEqual(etagOf(Buffer.from('desks')), etag)
  })

  test('is found in a list, weakly too, and by the star', () => {
    for (const named of [etag, `"x", ${etag}`, `W/${etag}`, '*']) assert.ok(namesEtag(named, etag), named)
    for (const named of [undefined, '"x"', etag.slice(1, -1)]) assert.ok(!namesEtag(named, etag))
  })
})
