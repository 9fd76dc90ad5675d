import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { invalidInput, operation, Rejection } from '@stoa/contract'
import { z } from 'zod'
import { problemOf } from './problem.ts'

const place = operation({
  summary: 'Places',
  method: 'POST',
  path: '/orders',
  access: 'public',
  idempotency: 'key',
  input: z.strictObject({}),
  output: z.null(),
  errors: {
    OUT_OF_STOCK: { status: 409, title: 'Sold out.', data: z.object({ skus: z.array(z.string()) }) },
    WRONG: { status: 401, title: 'Wrong.' },
    TOO_MANY: { status: 429, title: 'Wait.', data: z.object({ retryAfterSeconds: z.number() }) },
  },
})

describe('a problem', () => {
  it('carries the code, status, words and data that the operation declares', () => {
    assert.deepEqual(problemOf(place, new Rejection('OUT_OF_STOCK', { skus: ['a'] }), 't'), {
      headers: {},
      problem: {
        type: 'urn:stoa:problem:out-of-stock',
        title: 'Sold out.',
        status: 409,
        code: 'OUT_OF_STOCK',
        data: { skus: ['a'] },
        traceId: 't',
      },
    })
  })
  it('names the fields at fault', () => {
    const fields = [{ field: 'email', message: 'is too long' }]
    const { problem } = problemOf(place, invalidInput(...fields), undefined)
    assert.equal(problem.status, 400)
    assert.deepEqual(problem.fields, fields)
    assert.equal('data' in problem, false)
    assert.deepEqual(problemOf(place, new Rejection('INVALID_INPUT'), undefined).problem.fields, [])
  })
  it('tells nothing about a code that nobody declared', () => {
    const { problem } = problemOf(place, new Rejection('SECRET_PLAN', { plan: 'x' }), 't')
    assert.equal(problem.status, 500)
    assert.doesNotMatch(JSON.stringify(problem), /plan/i)
  })
  it('says when to come back', () => {
    const retryAfter = (rejection: Rejection) => problemOf(place, rejection, undefined).headers['retry-after']
    assert.equal(retryAfter(new Rejection('UNAVAILABLE')), '2')
    assert.equal(retryAfter(new Rejection('TOO_MANY', { retryAfterSeconds: 6.2 })), '7')
    assert.equal(retryAfter(new Rejection('NOT_FOUND')), undefined)
  })
  it('asks for a token where one is missing or bad, and not after a wrong password', () => {
    const ask = (code: string) => problemOf(place, new Rejection(code), undefined).headers['www-authenticate']
    assert.equal(ask('UNAUTHENTICATED'), 'Bearer error="invalid_token"')
    assert.equal(ask('WRONG'), 'Bearer')
  })
})
