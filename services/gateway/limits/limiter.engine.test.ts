import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { inventory } from '@stoa/contracts/inventory'
import { engineAddress, eventually, fake, startRedisServer, startTestHost } from '@stoa/testing'
import { published } from '../published.ts'
import gateway from '../service.ts'

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

describe('quotas over several gateways', { skip }, () => {
  it('are shared: however the requests are spread and however many come at once, no more pass', async () => {
    await using shop = await startGateways(address)
    const { first, second, ask } = shop
    assert.equal((await ask('203.0.113.1')).left, 19)
    assert.equal((await ask('203.0.113.1', second)).left, 18)
    const began = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => ask('203.0.113.1', n % 2 === 0 ? first : second)),
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
    assert.equal((await ask('203.0.113.1')).status, 200)
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask('203.0.113.1')))
    const allowed = answers.filter(({ status }) => status === 200).length
    assert.ok(allowed >= 18 && allowed <= 22, String(allowed))
    assert.equal((await ask('203.0.113.1', second)).status, 200)
    await redis.start()
    await eventually(async () => {
      const from = `203.0.113.${Math.floor(Math.random() * 200) + 10}`
      await ask(from)
      assert.equal((await ask(from, second)).left, 18)
    })
  })
})
