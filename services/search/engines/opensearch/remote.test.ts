import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { Breaker } from '@stoa/runtime'
import { eventually } from '@stoa/testing'
import { EngineAway } from '../engine.ts'
import { NODE_PAUSE_MS, openRemote } from './remote.ts'

const WHOLE = JSON.stringify({ _shards: { total: 1, successful: 1 } })
const LONG_MS = 30_000

/** What answers in a cluster's place. `answers`: what becomes of a call; true is an answer. */
async function aNode(answers: (path: string, response: ServerResponse) => boolean = () => true) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url!)
    if (answers(request.url!, response))
      response.setHeader('content-type', 'application/json').end(request.method === 'HEAD' ? '' : WHOLE)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

describe('A cluster that is back', () => {
  it('answers searches while a call that takes long is under way', async () => {
    await using node = await aNode((path) => !path.endsWith('/_refresh'))
    const breaker = new Breaker({ pauses: { firstMs: 1, lastMs: 1 } })
    const remote = openRemote(node.url, breaker, () => {})
    breaker.trip()
    await new Promise((resolve) => setTimeout(resolve, 10))
    const long = assert.rejects(remote.ask('POST', '/products/_refresh', { timeoutMs: LONG_MS }))
    await eventually(() => remote.search('products', {}), { timeoutMs: LONG_MS / 3 })
    await node[Symbol.asyncDispose]()
    await long
    await remote.close()
  })

  it('is looked for no longer than a search waits, by a call that may take longer, too', async () => {
    await using node = await aNode(() => false)
    const breaker = new Breaker({ pauses: { firstMs: 1, lastMs: 1 } })
    const remote = openRemote(node.url, breaker, () => {})
    breaker.trip()
    await new Promise((resolve) => setTimeout(resolve, 10))
    const startedAt = performance.now()
    await assert.rejects(remote.ask('POST', '/products/_refresh', { timeoutMs: LONG_MS }), EngineAway)
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs < LONG_MS / 3, `${tookMs} ms`)
    assert.equal(breaker.state, 'open')
    await remote.close()
  })
})

describe('A node of a cluster of several', () => {
  it('is left once it fails, and takes its part again when it is back, however many calls it failed', async (test) => {
    test.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    let isWell = true
    await using one = await aNode((_, response) => {
      if (!isWell) response.destroy()
      return isWell
    })
    await using other = await aNode()
    const remote = openRemote(`${one.url},${other.url}`, new Breaker(), () => {})
    const searches = (count: number) =>
      Promise.allSettled(Array.from({ length: count }, () => remote.search('products', {})))
    const searchesOfOne = () => one.asked.filter((path) => path.startsWith('/products')).length

    isWell = false
    await searches(8)
    const failed = searchesOfOne()
    assert.equal(failed, 4)
    const meanwhile = await searches(8)
    assert.ok(meanwhile.every(({ status }) => status === 'fulfilled'))
    test.mock.timers.tick(NODE_PAUSE_MS)
    const looked = await searches(8)
    assert.ok(
      looked.every(({ status }) => status === 'fulfilled'),
      'no search is sent to look',
    )
    await eventually(() =>
      assert.deepEqual(
        one.asked.filter((path) => path === '/'),
        ['/'],
      ),
    )
    assert.equal(searchesOfOne(), failed)

    isWell = true
    test.mock.timers.tick(NODE_PAUSE_MS)
    await eventually(async () => {
      await searches(2)
      assert.ok(searchesOfOne() > failed)
    })
    const [before, otherBefore] = [searchesOfOne(), other.asked.length]
    await searches(8)
    assert.deepEqual([searchesOfOne() - before, other.asked.length - otherBefore], [4, 4])
    await remote.close()
  })
})
