import assert from 'node:assert/strict'
import { Admin } from '@platformatic/kafka'
import { createClient } from '@redis/client'
import { engineAddress } from '@stoa/testing'

export type SharedEngines = {
  /** Addresses, and prefixes that are this shop's alone. */
  readonly environment: Readonly<Record<string, string>>
  /** Removes what the shop has left in them. Its processes have ended. */
  readonly clean: () => Promise<void>
}

const CLEANS_WITHIN_MS = 30_000

/** The engines that `npm run journeys` brings up for the topology `replicated`, shared by the shops of all journeys. */
export function sharedEngines(): SharedEngines {
  const [kafka, redis, openSearch] = [
    engineAddress('kafka'),
    engineAddress('redis'),
    engineAddress('opensearch'),
  ]
  for (const { skip } of [kafka, redis, openSearch])
    assert(skip === false, `${skip}. The topology "replicated" needs it: npm run journeys -- replicated`)
  const prefix = `journey-${crypto.randomUUID().slice(0, 8)}`
  const environment = {
    KAFKA_BROKERS: kafka.address,
    KAFKA_PREFIX: `${prefix}.`,
    // One for each replica.
    KAFKA_PARTITIONS: '2',
    REDIS_URL: redis.address,
    REDIS_PREFIX: `${prefix}:`,
    OPENSEARCH_URL: openSearch.address,
    OPENSEARCH_PREFIX: `${prefix}-`,
  }
  return {
    environment,
    clean: async () => {
      await Promise.all([
        cleanKafka(kafka.address, environment.KAFKA_PREFIX),
        cleanRedis(redis.address, environment.REDIS_PREFIX),
        cleanOpenSearch(openSearch.address, environment.OPENSEARCH_PREFIX),
      ])
    },
  }
}

async function cleanKafka(brokers: string, prefix: string): Promise<void> {
  const admin = new Admin({ clientId: 'journeys', bootstrapBrokers: brokers.split(',') })
  try {
    const groups = [...(await admin.listGroups()).keys()].filter((group) => group.startsWith(prefix))
    // A group whose last member was killed goes with its topics, a while later.
    if (groups.length > 0) await admin.deleteGroups({ groups }).catch(() => {})
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
    if (topics.length > 0) await admin.deleteTopics({ topics })
  } finally {
    await admin.close()
  }
}

async function cleanOpenSearch(url: string, prefix: string): Promise<void> {
  const signal = AbortSignal.timeout(CLEANS_WITHIN_MS)
  const indices = await fetch(`${url}/_cat/indices/${prefix}*?format=json&h=index&expand_wildcards=all`, {
    signal,
  })
  const names = ((await indices.json()) as { index: string }[]).map(({ index }) => index)
  if (names.length > 0) await fetch(`${url}/${names.join(',')}`, { method: 'DELETE', signal })
}

async function cleanRedis(url: string, prefix: string): Promise<void> {
  const client = createClient({ url })
  client.on('error', () => {})
  await client.connect()
  try {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 }))
      if (keys.length > 0) await client.unlink(keys)
  } finally {
    client.destroy()
  }
}
