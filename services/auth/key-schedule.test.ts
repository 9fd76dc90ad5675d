import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dueSuccessor, publishedKeys, signingKey } from './key-schedule.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const day = (days: number, hours = 0) => new Date(start + days * 86_400_000 + hours * 3_600_000)
const first = { generation: 1, signsFrom: day(0) }
const second = { generation: 2, signsFrom: day(30) }
const both = [second, first]

test('the first key begins at once', () => {
  assert.deepEqual(dueSuccessor([], { now: day(0), outdated: false }), first)
})

test('a key is followed after 30 days by one that was published a day before', () => {
  assert.equal(dueSuccessor([first], { now: day(28, 23), outdated: false }), undefined)
  assert.deepEqual(dueSuccessor([first], { now: day(29), outdated: false }), second)
  assert.equal(dueSuccessor(both, { now: day(29), outdated: false }), undefined)
})

test('a rotation that comes late still publishes a day before', () => {
  assert.deepEqual(dueSuccessor([first], { now: day(90), outdated: false }), {
    generation: 2,
    signsFrom: day(91),
  })
})

test('a key whose secret is being replaced is followed a day later', () => {
  assert.deepEqual(dueSuccessor([first], { now: day(3), outdated: true }), {
    generation: 2,
    signsFrom: day(4),
  })
})

test('the newest key that has begun signs', () => {
  assert.equal(signingKey(both, day(29, 23)), first)
  assert.equal(signingKey(both, day(30)), second)
})

test('by a clock that is behind, the first key signs before it begins', () => {
  assert.equal(signingKey([first], day(-1)), first)
  assert.equal(signingKey([], day(0)), undefined)
})

test('a key stays published until its last token has expired', () => {
  assert.deepEqual(publishedKeys(both, day(29)), [first, second])
  assert.deepEqual(publishedKeys(both, day(30, 1)), [first, second])
  assert.deepEqual(publishedKeys(both, day(30, 2)), [second])
})
