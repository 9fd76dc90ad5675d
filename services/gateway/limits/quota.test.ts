import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeFrom } from './quota.ts'

const policy = { name: 'test', quota: 10, windowSeconds: 2 }

test('the whole quota may be used at once, and the next request waits for one interval', () => {
  let ahead = 0
  for (let n = 1; n <= 10; n += 1) {
    const taken = takeFrom(policy, ahead)
    assert.deepEqual([taken.allowed, taken.remaining, taken.retryAfterSeconds], [true, 10 - n, 0])
    ahead = taken.aheadMs
  }
  const over = takeFrom(policy, ahead)
  assert.deepEqual(
    [over.allowed, over.remaining, over.resetSeconds, over.retryAfterSeconds],
    [false, 0, 2, 1],
  )
  assert.equal(over.aheadMs, ahead, 'one that is refused costs nothing')
  assert.equal(takeFrom(policy, ahead - 200).allowed, true)
  assert.equal(takeFrom(policy, ahead - 199).allowed, false)
})

test('over any two windows in a row there are never more than two quotas and what came at once', () => {
  let [at, aheadUntil, allowed] = [0, 0, 0]
  for (; at <= 4_000; at += 7) {
    const taken = takeFrom(policy, aheadUntil - at)
    if (!taken.allowed) continue
    allowed += 1
    aheadUntil = at + taken.aheadMs
  }
  assert.ok(allowed >= 29 && allowed <= 30, String(allowed))
})

test('quotas that do not divide their window are counted exactly', () => {
  for (const quota of [3, 7, 60, 300, 2_999]) {
    let [ahead, allowed] = [0, 0]
    for (; ; allowed += 1) {
      const taken = takeFrom({ name: 'odd', quota, windowSeconds: 10 }, ahead)
      if (!taken.allowed) break
      ahead = taken.aheadMs
    }
    assert.equal(allowed, quota)
  }
})
