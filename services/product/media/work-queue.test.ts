import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expiringMap } from './expiring-map.ts'
import { singleFlight } from './single-flight.ts'
import { QueueFull, workQueue } from './work-queue.ts'

const opened = () => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return { promise, open: () => resolve(), fail: () => reject(new Error('failed')) }
}

test('a queue works on so much at once, in the order of its coming, and refuses what is too much', async () => {
  const queue = workQueue({ concurrency: 2, maxWaiting: 2 })
  const gates = Array.from({ length: 4 }, opened)
  const begun: number[] = []
  const works = gates.map((gate, n) =>
    queue.run(async () => {
      begun.push(n)
      await gate.promise
      return n
    }),
  )
  await assert.rejects(
    queue.run(async () => 5),
    QueueFull,
  )
  assert.deepEqual(begun, [0, 1])
  gates[1]!.open()
  assert.equal(await works[1], 1)
  await new Promise(setImmediate)
  assert.deepEqual(begun, [0, 1, 2])
  gates[0]!.fail()
  await assert.rejects(works[0]!, /failed/)
  for (const gate of gates) gate.open()
  assert.deepEqual(await Promise.all(works.slice(1)), [1, 2, 3])
  assert.equal(await queue.run(async () => 6), 6)
})

test('who asks for what is being made gets that, and a failure is not kept', async () => {
  const share = singleFlight<string>()
  let made = 0
  const make = async () => {
    made += 1
    await new Promise(setImmediate)
    if (made === 1) throw new Error('failed')
    return 'made'
  }
  assert.deepEqual(
    (await Promise.allSettled([share('a', make), share('a', make)])).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(made, 1)
  assert.deepEqual(await Promise.all([share('a', make), share('a', make)]), ['made', 'made'])
  assert.equal(made, 2)
})

test('a map forgets with time, and the oldest when it is full', () => {
  let now = 0
  const map = expiringMap<number>({ keepMs: 60, max: 2, now: () => now })
  map.set('a', 1)
  now = 59
  assert.equal(map.get('a'), 1)
  now = 60
  assert.equal(map.get('a'), undefined)
  for (const [n, key] of ['b', 'c', 'd'].entries()) map.set(key, n)
  assert.deepEqual(['b', 'c', 'd'].map(map.get), [undefined, 1, 2])
})
