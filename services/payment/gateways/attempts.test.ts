import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withAttempts } from './attempts.ts'

const patient = { isTransient: () => true, signal: new AbortController().signal, firstPauseMs: 1 }

test('a call that fails twice in passing succeeds the third time', async () => {
  let calls = 0
  const result = await withAttempts(async () => {
    calls += 1
    if (calls < 3) throw new Error('busy')
    return 'done'
  }, patient)
  assert.deepEqual({ result, calls }, { result: 'done', calls: 3 })
})

test('a third failure is the last', async () => {
  let calls = 0
  const failing = withAttempts(async () => {
    calls += 1
    throw new Error(`busy ${calls}`)
  }, patient)
  await assert.rejects(failing, /busy 3/)
  assert.equal(calls, 3)
})

test('a refusal is not asked again', async () => {
  let calls = 0
  const failing = withAttempts(
    async () => {
      calls += 1
      throw new Error('no')
    },
    { ...patient, isTransient: () => false },
  )
  await assert.rejects(failing, /no/)
  assert.equal(calls, 1)
})

test('no attempt outlives the caller’s deadline, neither in a call nor in a pause', async () => {
  for (const call of [() => new Promise<never>(() => {}), () => Promise.reject(new Error('busy'))]) {
    const began = performance.now()
    const attempts = withAttempts(call, {
      isTransient: () => true,
      signal: AbortSignal.timeout(30),
      firstPauseMs: 60_000,
    })
    await assert.rejects(attempts, { name: 'TimeoutError' })
    // A pause would take a minute, and a call has no end.
    assert.ok(performance.now() - began < 30_000)
  }
})
