import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { allWithinOnce, withinOnce } from './index.ts'

test('a promised time is kept when one round keeps it, and no further one is run', async () => {
  const attempts: number[] = []
  await withinOnce(60, async (attempt) => {
    attempts.push(attempt)
    if (attempt === 1) await sleep(80)
  })
  assert.equal(attempts.at(-1), attempts.length)
  assert.ok(attempts.length > 1, 'the first took longer')
})

test('a promised time that no round keeps fails with what they took', async () => {
  let rounds = 0
  await assert.rejects(
    withinOnce(5, async () => {
      rounds += 1
      await sleep(20)
    }),
    /^Error: none of 3 rounds was within 5 ms: they took \d+, \d+, \d+ ms$/,
  )
  assert.equal(rounds, 3)
})

test('a round that fails is not repeated', async () => {
  let rounds = 0
  await assert.rejects(
    withinOnce(60_000, async () => {
      rounds += 1
      throw new Error('never heard of it')
    }),
    /never heard of it/,
  )
  assert.equal(rounds, 1)
})

test('of times that a round measures itself, all have to be within their bounds in one and the same', async () => {
  const measured = [
    [10, 300],
    [200, 20],
    [10, 20],
  ]
  let rounds = 0
  const round = async (attempt: number) => {
    rounds = attempt
    return measured[attempt - 1]!
  }
  await allWithinOnce([100, 50], round)
  assert.equal(rounds, 3)
  await assert.rejects(
    allWithinOnce([100, 50], round, 2),
    /^Error: none of 2 rounds was within 100 and 50 ms: they took 10 and 300, 200 and 20 ms$/,
  )
})
