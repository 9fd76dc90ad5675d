import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rejection } from '@stoa/contract'
import { payment } from '@stoa/contracts/payment'
import { v7 } from 'uuid'
import { openApi } from '../openapi.ts'
import { refundInV2 } from './refund-in-v2.ts'
import { API_VERSIONS, deprecationHeaders, publicOperations } from './versions.ts'

const of = (version: string) => publicOperations.filter((one) => one.version === version)
const keyOf = ({ contract, name }: (typeof publicOperations)[number]) => `${contract.name}.${name}`

describe('versions of the public API', () => {
  it('have all that the one before has', () => {
    for (const [index, version] of API_VERSIONS.entries()) {
      if (index === 0) continue
      assert.deepEqual(of(version).map(keyOf), of(API_VERSIONS[index - 1]!).map(keyOf))
    }
  })

  it('serve what they do not change as the service has it, within the same deadline', () => {
    for (const one of publicOperations) {
      if (!one.change) assert.equal(one.operation, one.contract.operations[one.name])
      assert.equal(one.operation.deadlineMs, one.contract.operations[one.name]!.deadlineMs)
    }
  })

  it('deprecate only what the successor has in another shape, and give a year', () => {
    for (const { deprecation, ...one } of publicOperations) {
      if (!deprecation) continue
      assert.ok(
        of(deprecation.successor).some(
          (other) => keyOf(other as never) === keyOf(one as never) && other.change,
        ),
      )
      assert.ok(deprecation.sunset.getTime() - deprecation.since.getTime() >= 365 * 86_400_000)
    }
  })

  it('say so in the fields of RFC 9745 and RFC 8594, with where to go', () => {
    const refund = of('v1').find((one) => keyOf(one) === 'payment.refund')!
    assert.deepEqual(deprecationHeaders(refund, '/v1/admin/payments/42/refunds?x=1'), {
      deprecation: '@1795910400',
      sunset: 'Tue, 30 Nov 2027 00:00:00 GMT',
      link: '</v2/admin/payments/42/refunds>; rel="successor-version", </v1/openapi.json>; rel="deprecation"; type="application/json"',
    })
    assert.ok(!deprecationHeaders(refund, '/v1/admin/payments/<script>/refunds')!.link!.includes('successor'))
    assert.equal(
      deprecationHeaders(of('v2').find((one) => keyOf(one) === 'payment.refund')!, '/v2'),
      undefined,
    )
  })

  it('are described each by its own document', () => {
    const [v1, v2] = API_VERSIONS.map(
      // biome-ignore lint/suspicious/noExplicitAny: a document
      (version) => openApi(of(version), { version: '1', serverUrl: '/' }) as any,
    )
    const path = '/admin/payments/{paymentId}/refunds'
    const [old, recent] = [v1.paths[`/v1${path}`].post, v2.paths[`/v2${path}`].post]
    assert.equal(old.deprecated, true)
    assert.match(old.description, /2027-11-30/)
    assert.ok(old.responses['201'].headers.Sunset)
    assert.ok(!('deprecated' in recent) && !recent.responses['201'].headers.Sunset)
    for (const [status, { headers }] of Object.entries<typeof old>(old.responses)) {
      const says = Object.keys(headers)
      assert.ok(
        ['Deprecation', 'Sunset', 'Link'].every((name) => says.includes(name)),
        status,
      )
    }
    const fields = (one: typeof old) =>
      Object.keys(one.requestBody.content['application/json'].schema.properties)
    assert.deepEqual(
      [fields(old), fields(recent)],
      [
        ['amountMinor', 'currency', 'reason'],
        ['amount', 'reason'],
      ],
    )
    assert.equal(Object.keys(v1.paths).length, Object.keys(v2.paths).length)
    assert.ok(Object.keys(v2.paths).every((one) => one.startsWith('/v2/')))
  })
})

describe('each answer that OpenAPI describes', () => {
  it('names the header fields that it carries, and each field is described', () => {
    for (const version of API_VERSIONS) {
      // biome-ignore lint/suspicious/noExplicitAny: a document
      const document = openApi(of(version), { version: '1', serverUrl: '/' }) as any
      for (const [path, methods] of Object.entries<object>(document.paths))
        for (const { responses } of Object.values(methods)) {
          assert.ok(responses['429'] && responses['503'], path)
          for (const [status, { headers }] of Object.entries<typeof document>(responses)) {
            const says = Object.keys(headers)
            assert.ok(says.includes('RateLimit') && says.includes('RateLimit-Policy'), `${path} ${status}`)
            assert.equal(says.includes('Retry-After'), ['429', '503'].includes(status), `${path} ${status}`)
            for (const [name, { $ref }] of Object.entries<typeof document>(headers)) {
              assert.equal($ref, `#/components/headers/${name}`)
              assert.ok(document.components.headers[name].description)
            }
          }
        }
    }
  })
})

describe('a refund in version 2', () => {
  const paymentId = v7()
  it('becomes what the service takes, and its refusal is put into words of version 2', () => {
    const amount = { amountMinor: 1500, currency: 'JPY' }
    assert.deepEqual(refundInV2.toService({ paymentId, amount, reason: 'late' }), {
      paymentId,
      amountMinor: 1500,
      currency: 'JPY',
      reason: 'late',
    })
    const all = refundInV2.toService({ paymentId, reason: 'late' })
    assert.deepEqual(all, { paymentId, reason: 'late' })
    assert.ok(payment.operations.refund.input.safeParse(all).success)
    const refused = refundInV2.refusal!(
      new Rejection('NOT_REFUNDABLE', { refundableMinor: 900, currency: 'EUR' }),
    )
    assert.deepEqual(refused.data, { refundable: { amountMinor: 900, currency: 'EUR' } })
    const other = new Rejection('PAYMENT_NOT_FOUND')
    assert.equal(refundInV2.refusal!(other), other)
  })
})
