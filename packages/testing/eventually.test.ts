import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from './index.ts'

test('what comes true soon after the machine stood still is waited for', async () => {
  let come = false
  // Begun by the wait itself, so that a standstill is what it meets first.
  queueMicrotask(() => {
    standStill(2_500)
    setTimeout(() => (come = true), 30)
  })
  await eventually(() => come, { timeoutMs: 2_000 })
})

test('what came while the machine stood still is seen by the last look', async () => {
  let come = false
  setTimeout(() => {
    setTimeout(() => (come = true), 30)
    standStill(400)
  }, 1)
  await eventually(() => come, { timeoutMs: 100 })
})

test('what never comes true is given up, with what was said last', async () => {
  const began = performance.now()
  await assert.rejects(
    eventually(() => false, { timeoutMs: 100 }),
    /was still false after 100 ms/,
  )
  await assert.rejects(
    eventually(() => assert.equal(1, 2), { timeoutMs: 100 }),
    /1 !== 2/,
  )
  assert.ok(performance.now() - began >= 200)
})

test('an answer that is not false is given at once', async () => {
  assert.equal(await eventually(async () => 0), 0)
})

function standStill(ms: number) {
  const until = performance.now() + ms
  while (performance.now() < until);
}
