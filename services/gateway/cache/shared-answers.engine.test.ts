import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { auth } from '@stoa/contracts/auth'
import { ProductChanged, product } from '@stoa/contracts/product'
import { CacheCleared } from '@stoa/contracts/product-cache'
import { SearchRefreshRequested } from '@stoa/contracts/search'
import { newTrace } from '@stoa/runtime'
import {
  allWithinOnce,
  engineAddress,
  eventually,
  fake,
  ownKeys,
  startRedisServer,
  startTestHost,
  type TestHost,
} from '@stoa/testing'
import { v7 } from 'uuid'
import { published } from '../published.ts'
import gateway from '../service.ts'
import { type HeardFact, hear } from './hear.ts'
import type { Kept } from './kept.ts'
import type { Made } from './kept-answers.ts'
import { makeShared } from './shared-answers.ts'

const { address, skip } = engineAddress('redis')

/** Two gateways that share a Redis, before a catalogue whose lists say which `edition` they are. */
async function twoGateways(environment: Record<string, string>, impatientWithRedis = false) {
  const world = { edition: 'first', asked: 0 }
  const services = [
    gateway,
    fake(product, {
      list: async ({ brand }: { brand?: string }) => {
        // Without a brand: what is made ahead at the start.
        if (brand !== undefined) world.asked += 1
        return { items: [], next: world.edition }
      },
    } as never),
    fake(auth, { endedAccess: () => ({ sessionIds: [], accounts: [], next: null }) }),
    ...Object.values(published)
      .filter((contract) => contract !== product && contract !== auth)
      .map((contract) => fake(contract, {})),
  ]
  const all = { PORT: '0', ...environment }
  const one = await startTestHost({ services, environment: all, impatientWithRedis })
  const two = await startTestHost({
    services,
    environment: all,
    impatientWithRedis,
    database: one.database,
  })
  const read = async (path: string, at: TestHost): Promise<string> => {
    const response = await fetch(`${at.host.url}${path}`)
    const body = (await response.json()) as { next: string }
    assert.equal(response.status, 200, JSON.stringify(body))
    return body.next
  }
  return {
    world,
    one,
    two,
    read,
    asks: async (work: () => Promise<unknown>) => {
      const before = world.asked
      await work()
      return world.asked - before
    },
    [Symbol.asyncDispose]: async () => {
      await two[Symbol.asyncDispose]()
      await one[Symbol.asyncDispose]()
    },
  }
}

/** What a gateway's process keeps. */
function keptBy({ host }: TestHost): Kept {
  const hosted = host.services.find(({ name }) => name === 'gateway')!
  return hosted.context({ trace: newTrace(), signal: AbortSignal.timeout(60_000) }).resources as Kept
}

const fact = (name: string, payload: object) =>
  ({
    id: v7(),
    type: name,
    schemaVersion: 1,
    key: '',
    version: 1,
    occurredAt: new Date(),
    payload,
  }) as HeardFact
const aChange = () => fact(ProductChanged.name, { productId: v7(), status: 'published', skus: [] })

let brands = 0
/** An address that nobody has asked for. */
const aList = () => `/v1/products?brand=brand-${brands++}`

describe('answers that gateways keep together', { skip }, () => {
  it('are made by one of them, for all', async () => {
    await using keys = ownKeys(address)
    await using shop = await twoGateways(keys.environment)
    const { one, two, read, asks } = shop
    const path = aList()
    assert.equal(
      await asks(async () => {
        assert.equal(await read(path, one), 'first')
        assert.equal(await read(path, two), 'first')
      }),
      1,
    )
    const other = aList()
    assert.equal(await asks(() => Promise.all([one, two, one, two].map((at) => read(other, at)))), 1)
  })

  it('are dropped by an event in all of them', async () => {
    await using keys = ownKeys(address)
    await using shop = await twoGateways(keys.environment)
    const { one, two, read, world } = shop
    for (let round = 0; round < 5; round += 1) {
      const path = aList()
      world.edition = `before ${round}`
      for (const at of [one, two]) assert.equal(await read(path, at), world.edition)
      world.edition = `after ${round}`
      await one.publish(ProductChanged, { productId: v7(), status: 'published', skus: [] })
      await eventually(async () => {
        for (const at of [two, one]) assert.equal(await read(path, at), world.edition)
      })
      await sleep(50)
      for (const at of [one, two]) assert.equal(await read(path, at), world.edition)
    }
  })

  it('are old in none that has heard of the change, whatever one that has not puts there', async () => {
    await using keys = ownKeys(address)
    await using shop = await twoGateways(keys.environment)
    const { one, two, read, world } = shop
    const [known, unknown] = [aList(), aList()]
    for (const at of [one, two]) assert.equal(await read(known, at), 'first')
    world.edition = 'second'
    await hear([aChange()], keptBy(one))
    assert.equal(await read(known, one), 'second')
    // It has not heard, and has its own copy; what it asks anew is of now, and the same for both.
    assert.equal(await read(known, two), 'first')
    assert.equal(await read(unknown, two), 'second')
    assert.equal(await read(unknown, one), 'second')
    await hear([aChange()], keptBy(two))
    assert.equal(await read(known, two), 'second')
    assert.equal(await read(known, one), 'second')
  })

  it('of an index that is behind are given until the last gateway has heard, and hardly longer', async () => {
    await using keys = ownKeys(address)
    await using shop = await twoGateways(keys.environment)
    const index = { says: 'old' }
    const ask = async (at: TestHost): Promise<string> => {
      const { answers, shared } = keptBy(at)
      const made = async (): Promise<Made> => ({
        text: JSON.stringify(index.says),
        tags: ['search'],
        joined: false,
        searchId: undefined,
        keep: true,
      })
      const order = {
        key: 'query',
        operation: 'search.query',
        address: '/',
        isPrivate: false,
        ceilingMs: 60_000,
      }
      const found = answers.find('query')
      const make = () =>
        makeShared({ shared: shared!, answers, name: 'query', ceilingMs: 60_000, make: made })
      const answer = found ?? (await answers.make({ ...order, make }))
      return JSON.parse(answer.page!.bytes.toString())
    }
    const change = () => fact(SearchRefreshRequested.name, {})
    await hear([change()], keptBy(shop.one))
    // The other has not heard: to it the old answer is as good as any.
    assert.equal(await ask(shop.two), 'old')
    index.says = 'new'
    assert.equal(await ask(shop.one), 'old')
    await hear([change()], keptBy(shop.two))
    assert.equal(await ask(shop.two), 'new')
    await eventually(async () => assert.equal(await ask(shop.one), 'new'), { timeoutMs: 1_000 })
  })

  it('are dropped in all of them when staff clear an address', async () => {
    await using keys = ownKeys(address)
    await using shop = await twoGateways(keys.environment)
    const { one, two, read, world } = shop
    const path = aList()
    for (const at of [one, two]) assert.equal(await read(path, at), 'first')
    world.edition = 'second'
    await one.publish(CacheCleared, { path, tag: null, all: false })
    await eventually(async () => {
      for (const at of [one, two]) assert.equal(await read(path, at), 'second')
    })
  })

  it('are nowhere but in memory while Redis is away, and together again when it is back', async () => {
    await using server = await startRedisServer()
    await using shop = await twoGateways({ REDIS_URL: server.url })
    const { one, two, read, asks, world } = shop
    const path = aList()
    for (const at of [one, two]) assert.equal(await read(path, at), 'first')
    await server.stop()
    const other = aList()
    assert.equal(
      await asks(async () => {
        for (const at of [one, two, one, two]) assert.equal(await read(other, at), 'first')
      }),
      2,
    )
    world.edition = 'second'
    await one.publish(ProductChanged, { productId: v7(), status: 'published', skus: [] })
    await eventually(async () => {
      for (const at of [one, two]) assert.equal(await read(path, at), 'second')
    })
    const { ok, checks } = await one.host.ready()
    assert.ok(ok, JSON.stringify(checks))
    assert.match(checks.redis!, /^degraded/)
    await server.start()
    await eventually(async () => {
      const third = aList()
      assert.equal(await asks(() => Promise.all([read(third, one), read(third, two)])), 1)
    })
  })

  it('are a moment late at most when Redis freezes', async () => {
    await using server = await startRedisServer()
    await using shop = await twoGateways({ REDIS_URL: server.url }, true)
    const bounds = [1_000, 1_000, 1_000, 1_000, 150, 150, 150, 150]
    await allWithinOnce(bounds, async () => {
      await eventually(async () => assert.equal((await shop.one.host.ready()).checks.redis, 'ok'))
      server.freeze()
      const times: number[] = []
      for (const _ of bounds) {
        const began = performance.now()
        await shop.read(aList(), shop.one)
        times.push(performance.now() - began)
      }
      server.thaw()
      return times
    })
  })
})
