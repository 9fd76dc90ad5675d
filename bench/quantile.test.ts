import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, quantile } from './quantile.ts'

test('the 99th percentile of a hundred values is the second largest', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)
  assert.equal(quantile(values, 0.99), 99)
  assert.equal(quantile(values, 1), 100)
})

test('the median does not care about one wild value', () => {
  assert.equal(median([3, 1000, 2]), 3)
})

test('nothing has no median', () => {
  assert.throws(() => median([]), RangeError)
})
