import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rejection } from '@stoa/contract'
import { order } from '@stoa/contracts/order'
import { payment } from '@stoa/contracts/payment'
import { product } from '@stoa/contracts/product'
import { search } from '@stoa/contracts/search'
import { allWithinOnce } from '@stoa/testing'
import { type Priority, priorityOf } from './priorities.ts'
import { createQueue } from './queue.ts'

/** A queue whose work ends when the test says so. */
function aQueue(maxRunning: number, maxWaiting: number) {
  const shed: Priority[] = []
  const queue = createQueue({ maxRunning, maxWaiting, shed: (priority) => shed.push(priority) })
  const started: string[] = []
  const ends = new Map<string, () => void>()
  const begin = (priority: Priority, name: string) =>
    queue
      .run(priority, () => {
        started.push(name)
        return new Promise<void>((resolve) => ends.set(name, resolve))
      })
      .then(
        () => 'done',
        (error: unknown) => (error instanceof Rejection ? error.code : String(error)),
      )
  const end = async (name: string) => {
    ends.get(name)!()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { queue, shed, started, begin, end }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('calls that wait for their turn', () => {
  it('start as they come while there is room, and then checkout before browsing before analytics', async () => {
    const { begin, end, started } = aQueue(1, 10)
    const all = [begin('checkout', 'first')]
    await turn()
    all.push(begin('analytics', 'count'), begin('browse', 'look'), begin('checkout', 'pay'))
    await turn()
    for (const name of ['first', 'pay', 'look', 'count']) await end(name)
    assert.deepEqual(started, ['first', 'pay', 'look', 'count'])
    assert.deepEqual(await Promise.all(all), ['done', 'done', 'done', 'done'])
  })

  it('give their place up to what matters more, the latest of the least first; what matters as much is refused itself', async () => {
    const { queue, begin, end, shed } = aQueue(1, 3)
    const running = begin('checkout', 'running')
    await turn()
    const waiting = [begin('analytics', 'a1'), begin('analytics', 'a2'), begin('browse', 'b1')]
    const late = begin('analytics', 'a3')
    assert.equal(await late, 'UNAVAILABLE')
    const pay = [begin('checkout', 'c1'), begin('checkout', 'c2'), begin('checkout', 'c3')]
    assert.deepEqual(await Promise.all(waiting), ['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE'])
    assert.equal(await begin('checkout', 'c4'), 'UNAVAILABLE')
    assert.deepEqual(shed, ['analytics', 'analytics', 'analytics', 'browse', 'checkout'])
    assert.equal(queue.waiting('checkout'), 3)
    for (const name of ['running', 'c1', 'c2', 'c3']) await end(name)
    assert.deepEqual(await Promise.all([running, ...pay]), ['done', 'done', 'done', 'done'])
    assert.equal(queue.running(), 0)
  })

  it('leave room for a checkout, however many reports and pages are slow', async () => {
    const { queue, begin, end, started } = aQueue(10, 100)
    const all = Array.from({ length: 20 }, (_, n) => begin('analytics', `a${n}`))
    await turn()
    assert.equal(queue.running(), 3)
    all.push(...Array.from({ length: 20 }, (_, n) => begin('browse', `b${n}`)))
    await turn()
    assert.equal(queue.running(), 8)
    all.push(begin('checkout', 'pay'), begin('analytics', 'late'))
    await turn()
    assert.ok(started.includes('pay'))
    assert.equal(queue.running(), 9)
    for (let at = 0; at < 42; at += 1) {
      await turn()
      await end(started[at]!)
    }
    assert.deepEqual(new Set(await Promise.all(all)), new Set(['done']))
  })

  it('are refused after a second', () =>
    allWithinOnce([2_000], async () => {
      const { begin, end } = aQueue(1, 10)
      const running = begin('browse', 'slow')
      await turn()
      const began = performance.now()
      assert.equal(await begin('checkout', 'waits'), 'UNAVAILABLE')
      const waited = performance.now() - began
      assert.ok(waited > 900, `${waited} ms`)
      await end('slow')
      assert.equal(await running, 'done')
      return [waited]
    }))
})

describe('what matters', () => {
  it('is checkout with the payment gateway’s webhooks, then looking and what staff change, then counting and what staff read', () => {
    const of = (contract: typeof search | typeof order | typeof payment | typeof product, name: string) =>
      priorityOf(contract, name, contract.operations[name as never])
    assert.equal(of(order, 'place'), 'checkout')
    assert.equal(of(payment, 'stripeWebhook'), 'checkout')
    assert.equal(of(search, 'query'), 'browse')
    assert.equal(of(product, 'get'), 'browse')
    assert.equal(of(payment, 'refund'), 'browse')
    assert.equal(of(search, 'track'), 'analytics')
    assert.equal(of(search, 'analytics'), 'analytics')
    assert.equal(of(order, 'listForStaff'), 'analytics')
  })
})
