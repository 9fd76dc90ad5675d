import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rejection } from '@stoa/contract'
import { type BatcherOptions, createBatcher } from './batcher.ts'

describe('a batcher', () => {
  it('serves in the next round what arrives while one runs, at most so many at once', async () => {
    const { batcher, rounds } = start({ maxBatch: 3 })
    const first = batcher.submit('a', alive)
    await turn()
    const rest = ['b', 'c', 'd', 'e'].map((request) => batcher.submit(request, alive))
    assert.deepEqual(await Promise.all([first, ...rest]), ['A', 'B', 'C', 'D', 'E'])
    assert.deepEqual(rounds, [['a'], ['b', 'c', 'd'], ['e']])
  })

  it('keeps two requests of one key in two rounds, in order', async () => {
    const { batcher, rounds } = start({})
    await Promise.all(['a', 'b', 'a'].map((request) => batcher.submit(request, alive)))
    assert.deepEqual(rounds, [['a', 'b'], ['a']])
  })

  it('does not serve a caller who has gone', async () => {
    const { batcher, rounds } = start({})
    const gone = new AbortController()
    const first = batcher.submit('a', alive)
    await turn()
    const second = batcher.submit('b', gone.signal)
    gone.abort(new Error('gone'))
    await assert.rejects(second, /gone/)
    await first
    assert.deepEqual(rounds, [['a']])
  })

  it('refuses when too many wait, and serves again afterwards', async () => {
    const { batcher } = start({ maxQueue: 2 })
    const answers = await Promise.allSettled(['a', 'b', 'c'].map((request) => batcher.submit(request, alive)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected'],
    )
    assert.equal(((answers[2] as PromiseRejectedResult).reason as Rejection).code, 'UNAVAILABLE')
    assert.equal(await batcher.submit('d', alive), 'D')
  })

  it('tells everybody when a round fails, and starts the next', async () => {
    const { batcher } = start({ failing: (requests) => requests.includes('bad') && new Error('away') })
    const answers = await Promise.allSettled(['a', 'bad'].map((request) => batcher.submit(request, alive)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    assert.equal(await batcher.submit('c', alive), 'C')
  })

  it('tries each alone when the failure may be the fault of one', async () => {
    const { batcher } = start({
      failing: (requests) => requests.includes('bad') && new TypeError('bad value'),
    })
    const answers = await Promise.allSettled(
      ['a', 'bad', 'c'].map((request) => batcher.submit(request, alive)),
    )
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
  })

  it('serves what it has accepted before it closes, and nothing after', async () => {
    const { batcher } = start({ maxBatch: 1 })
    const accepted = Promise.all(['a', 'b'].map((request) => batcher.submit(request, alive)))
    await batcher[Symbol.asyncDispose]()
    assert.deepEqual(await accepted, ['A', 'B'])
    await assert.rejects(batcher.submit('c', alive), Rejection)
  })
})

const alive = new AbortController().signal
const turn = () => new Promise((resolve) => setImmediate(resolve))

function start({
  failing,
  ...options
}: Partial<BatcherOptions<string, string>> & { failing?: (requests: readonly string[]) => Error | false }) {
  const rounds: string[][] = []
  const batcher = createBatcher<string, string>({
    keyOf: (request) => request,
    mayBeOnesFault: (error) => error instanceof TypeError,
    maxBatch: 10,
    maxQueue: 100,
    serve: async (requests) => {
      rounds.push([...requests])
      await turn()
      await turn()
      const error = failing?.(requests)
      if (error) throw error
      return requests.map((request) => request.toUpperCase())
    },
    ...options,
  })
  return { batcher, rounds }
}
