import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { contract } from '@stoa/contract'
import { inventory } from '@stoa/contracts/inventory'
import { defineService, type Redis } from '@stoa/runtime'
import {
  engineAddress,
  eventually,
  fake,
  startRedisServer,
  startTestHost,
  type TestHost,
  withinOnce,
} from '@stoa/testing'
import { published } from '../published.ts'
import gateway from '../service.ts'
import { createLimiter, type Limiter } from './limiter.ts'
import { describeLimiter } from './limiter-contract.ts'

const { address, skip } = engineAddress('redis')

const services = [
  gateway,
  fake(inventory, { availability: () => ({ items: [] }) }),
  ...Object.values(published)
    .filter((contract) => contract !== inventory)
    .map((contract) => fake(contract, {})),
]

/** Two gateways that share a Redis; 20 requests of an address at once, and then 2 a second. */
async function startGateways(redisUrl: string) {
  const environment = {
    PORT: '0',
    TRUST_PROXY: '1',
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `test-${randomUUID()}:`,
    GATEWAY_RATE_PER_ADDRESS: '2',
  }
  const first = await startTestHost({ services, environment })
  const second = await startTestHost({ services, environment, database: first.database })
  const ask = async (from: string, at = first) => {
    const response = await fetch(`${at.host.url}/v1/availability?skus=A`, {
      headers: { 'x-forwarded-for': from },
    })
    await response.arrayBuffer()
    return {
      status: response.status,
      left: Number(/;r=(\d+);/.exec(response.headers.get('ratelimit')!)?.[1]),
    }
  }
  return {
    first,
    second,
    ask,
    [Symbol.asyncDispose]: async () => {
      await second[Symbol.asyncDispose]()
      await first[Symbol.asyncDispose]()
    },
  }
}

describe('a limiter over Redis', { skip }, () => {
  let host: TestHost
  let shared: Redis | undefined
  let limiter: Limiter
  before(async () => {
    /** An edge is who is given the process's Redis. */
    const edge = defineService({
      contract: contract('edge', {}),
      operations: {},
      edge: async ({ redis }) => {
        shared = redis
        limiter = createLimiter({ redis })
        return { url: '', close: async () => {} }
      },
    })
    host = await startTestHost({
      services: [edge],
      environment: { REDIS_URL: address, REDIS_PREFIX: `test-${randomUUID()}:` },
    })
  })
  after(() => host?.[Symbol.asyncDispose]())

  describeLimiter('keeps what every limiter promises', () => limiter)

  it('forgets nobody who is over the quota when another process begins', async () => {
    const policy = { name: 'shared', quota: 1, windowSeconds: 600 }
    assert.equal((await limiter.take(policy, 'ada')).allowed, true)
    assert.equal((await createLimiter({ redis: shared }).take(policy, 'ada')).allowed, false)
  })
})

describe('quotas over several gateways', { skip }, () => {
  it('are shared: however the requests are spread and however many come at once, no more pass', async () => {
    await using shop = await startGateways(address)
    const { first, second, ask } = shop
    let [from, began, left] = ['', 0, [] as number[]]
    // One comes back after half a second.
    await withinOnce(450, async (attempt) => {
      from = `203.0.113.1${attempt}`
      began = performance.now()
      left = [(await ask(from)).left, (await ask(from, second)).left]
    })
    assert.deepEqual(left, [19, 18])
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => ask(from, n % 2 === 0 ? first : second)),
    )
    const allowed = answers.filter(({ status }) => status === 200).length
    const grown = Math.ceil((performance.now() - began) / 500)
    assert.ok(allowed >= 18 && allowed <= 18 + grown, `${allowed} passed, and ${grown} had come back`)
    assert.equal((await ask('203.0.113.2', second)).left, 19)
  })

  it('hold in each process while Redis is away, and nobody is refused because of it', async () => {
    await using redis = await startRedisServer()
    await using shop = await startGateways(redis.url)
    const { second, ask } = shop
    await ask('203.0.113.1')
    await redis.stop()
    const began = performance.now()
    assert.equal((await ask('203.0.113.1')).status, 200)
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask('203.0.113.1')))
    const allowed = answers.filter(({ status }) => status === 200).length
    // One may have passed before Redis went away and not be known here.
    const most = 19 + Math.ceil((performance.now() - began) / 500)
    assert.ok(allowed >= 18 && allowed <= most, `${allowed} of at most ${most}`)
    assert.equal((await ask('203.0.113.1', second)).status, 200)
    await redis.start()
    await eventually(async () => {
      const from = `203.0.113.${Math.floor(Math.random() * 200) + 10}`
      await ask(from)
      assert.equal((await ask(from, second)).left, 18)
    })
  })
})
