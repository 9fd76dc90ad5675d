import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Limit, waitSeconds } from './attempt-limits.ts'

const account: Limit = { kind: 'login', subject: 'ada', max: 3, windowSeconds: 900 }
const ip: Limit = { kind: 'login-ip', subject: '203.0.113.7', max: 10, windowSeconds: 900 }
const limits = [account, ip]

test('as many attempts as the limit says pass', () => {
  const counts = [
    { kind: 'login', count: 3, retryAfterSeconds: 60 },
    { kind: 'login-ip', count: 10, retryAfterSeconds: 90 },
  ]
  assert.equal(waitSeconds(limits, counts), undefined)
})

test('one more waits until its window ends, and the longest wait is told', () => {
  const over = { kind: 'login', count: 4, retryAfterSeconds: 60 }
  assert.equal(waitSeconds(limits, [over, { kind: 'login-ip', count: 10, retryAfterSeconds: 90 }]), 60)
  assert.equal(waitSeconds(limits, [over, { kind: 'login-ip', count: 11, retryAfterSeconds: 90 }]), 90)
})

test('the wait is at least a second', () => {
  assert.equal(waitSeconds(limits, [{ kind: 'login', count: 4, retryAfterSeconds: 0 }]), 1)
})
