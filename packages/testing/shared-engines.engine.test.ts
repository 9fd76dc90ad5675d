import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admin } from '@platformatic/kafka'
import { createClient, type RedisClientType } from '@redis/client'
import { engineAddress } from './engine-address.ts'
import { eventually } from './eventually.ts'
import { type SharedEngines, shareEngines } from './shared-engines.ts'

const [kafka, redis, openSearch] = [
  engineAddress('kafka'),
  engineAddress('redis'),
  engineAddress('opensearch'),
]
const share = () =>
  shareEngines('test', {
    KAFKA_BROKERS: kafka.address,
    REDIS_URL: redis.address,
    OPENSEARCH_URL: openSearch.address,
  })

test('what a shop left in shared engines is removed, and nothing of another shop', {
  skip: kafka.skip || redis.skip || openSearch.skip,
}, async () => {
  await using kept = share()
  const removed = share()
  for (const engines of [kept, removed]) await leave(engines)
  assert.deepEqual(await found(removed), ['key', 'index', 'topic'])
  await removed[Symbol.asyncDispose]()
  // The brokers say yes to it before it is done.
  await eventually(async () => assert.deepEqual(await found(removed), []))
  assert.deepEqual(await found(kept), ['key', 'index', 'topic'])
})

test('a part of some engines names no other', () => {
  const { environment } = shareEngines('test', { REDIS_URL: 'redis://127.0.0.1:6379' })
  assert.deepEqual(Object.keys(environment), ['REDIS_URL', 'REDIS_PREFIX'])
})

async function leave({ environment }: SharedEngines): Promise<void> {
  await withRedis((client) => client.set(`${environment.REDIS_PREFIX}key`, ''))
  await withKafka((admin) => admin.createTopics({ topics: [`${environment.KAFKA_PREFIX}topic`] }))
  await indexOf(environment, 'PUT')
}

async function found({ environment }: SharedEngines): Promise<string[]> {
  const key = await withRedis((client) => client.exists(`${environment.REDIS_PREFIX}key`))
  const { ok } = await indexOf(environment, 'HEAD')
  const topics = await withKafka((admin) => admin.listTopics())
  return [
    ...(key === 1 ? ['key'] : []),
    ...(ok ? ['index'] : []),
    ...(topics.includes(`${environment.KAFKA_PREFIX}topic`) ? ['topic'] : []),
  ]
}

const indexOf = ({ OPENSEARCH_PREFIX }: SharedEngines['environment'], method: string) =>
  fetch(`${openSearch.address}/${OPENSEARCH_PREFIX}index`, { method })

async function withKafka<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: kafka.address.split(','), retries: 5 })
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

async function withRedis<T>(work: (client: RedisClientType) => Promise<T>): Promise<T> {
  const client: RedisClientType = createClient({ url: redis.address })
  await client.connect()
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}
