import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLogger } from './logger.ts'

const lineOf = (error: unknown): string => {
  let line = ''
  const write = (text: string) => {
    line = text
  }
  createLogger('info', { write }).error({ err: error }, 'failed')
  return line
}

describe('the log', () => {
  it('says of an error what helps: its words, code, constraint, place and causes', () => {
    const cause = Object.assign(new Error('duplicate key'), { code: '23505', constraint: 'users_email_key' })
    const { err } = JSON.parse(lineOf(new Error('The answer failed', { cause })))
    assert.equal(err.message, 'The answer failed')
    assert.match(err.stack, /logger\.test\.ts/)
    assert.equal(err.cause.code, '23505')
    assert.equal(err.cause.constraint, 'users_email_key')
  })
  it('does not repeat the rows, addresses and credentials that errors carry', () => {
    const cause = Object.assign(new Error('x'), { detail: 'Key (email)=(ada@example.com) already exists.' })
    const error = new Error('y', { cause })
    Object.assign(error, {
      config: { headers: { authorization: 'Bearer abc' } },
      rejected: ['bob@example.com'],
    })
    assert.doesNotMatch(lineOf(error), /ada@|bob@|Bearer/)
  })
  it('bears a chain of causes without an end', () => {
    const error = new Error('round')
    error.cause = error
    assert.equal(JSON.parse(lineOf(error)).err.cause.message, 'round')
  })
})
