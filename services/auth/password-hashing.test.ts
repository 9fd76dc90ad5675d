import assert from 'node:assert/strict'
import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { openPasswordHashing } from './password-hashing.ts'
import { outcomes, refused } from './testing.ts'

test('a hash is bcrypt at cost 12, and proves its password alone', async () => {
  await using hashing = openPasswordHashing({ maxWaiting: 5 })
  const hash = await hashing.hash('correct horse')
  assert.match(hash, /^\$2b\$12\$/)
  assert.equal(await hashing.verify({ password: 'correct horse', hash }), true)
  assert.equal(await hashing.verify({ password: 'correct house', hash }), false)
  assert.equal(hashing.done(), 3)
})

test('files are read and names resolved while as many passwords are hashed as libuv has threads', async () => {
  await using hashing = openPasswordHashing({ threads: 4, maxWaiting: 10 })
  const hashes = Promise.all(Array.from({ length: 4 }, () => hashing.hash('correct horse')))
  for (let turn = 0; turn < 10; turn += 1) {
    await readFile(new URL(import.meta.url))
    await lookup('localhost')
  }
  assert.equal(hashing.done(), 0, 'the hashes were done before the files were read')
  await hashes
})

test('one hash per core runs, a bounded number waits, and the rest is sent away at once', async () => {
  await using hashing = openPasswordHashing({ threads: 1, maxWaiting: 2 })
  const calls = Array.from({ length: 5 }, () => hashing.hash('correct horse'))
  assert.deepEqual(await outcomes(calls), ['ok', 'ok', 'ok', 'BUSY', 'BUSY'])
})

test('who waits too long is sent away, and takes no turn', async () => {
  await using hashing = openPasswordHashing({ threads: 1, maxWaiting: 2, maxWaitMs: 20 })
  const calls = Array.from({ length: 2 }, () => hashing.hash('correct horse'))
  assert.deepEqual(await outcomes(calls), ['ok', 'BUSY'])
  assert.equal(await hashing.hash('again').then(() => hashing.done()), 2)
})

test('a caller who has left gives its place to the next', async () => {
  await using hashing = openPasswordHashing({ threads: 1, maxWaiting: 1 })
  const caller = new AbortController()
  const running = hashing.hash('first')
  const left = hashing.hash('second', caller.signal)
  caller.abort(new Error('gone'))
  const waits = hashing.hash('third')
  await assert.rejects(left, /gone/)
  await Promise.all([running, waits])
  assert.equal(hashing.done(), 2)
})

test('what cannot be hashed fails by itself: the next gets a new thread', async () => {
  await using hashing = openPasswordHashing({ threads: 1, maxWaiting: 1 })
  const broken = hashing.hash(undefined as never)
  const next = hashing.hash('correct horse')
  await assert.rejects(broken)
  assert.match(await next, /^\$2b\$/)
})

test('at shutdown nobody waits for ever', async () => {
  const hashing = openPasswordHashing({ threads: 1, maxWaiting: 1 })
  const calls = outcomes([hashing.hash('first'), hashing.hash('second')])
  await hashing[Symbol.asyncDispose]()
  const [running, waiting] = await calls
  assert.notEqual(running, 'ok')
  assert.equal(waiting, 'UNAVAILABLE')
  await assert.rejects(hashing.hash('late'), refused('UNAVAILABLE'))
})
