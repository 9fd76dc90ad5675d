import { Admin } from '@platformatic/kafka'
import { createClient } from '@redis/client'

/** Of the engines that are wanted. */
export type EngineAddresses = {
  readonly KAFKA_BROKERS?: string
  readonly REDIS_URL?: string
  readonly OPENSEARCH_URL?: string
}

export type SharedEngines = AsyncDisposable & {
  /** Addresses, and prefixes that are this shop's alone. */
  readonly environment: Readonly<Record<string, string>>
}

const CLEANS_WITHIN_MS = 30_000

/** A part of engines that others use as well, for one shop of `owner`. Its processes end first; then what they left is removed. */
export function shareEngines(owner: string, addresses: EngineAddresses): SharedEngines {
  const { KAFKA_BROKERS: kafka, REDIS_URL: redis, OPENSEARCH_URL: openSearch } = addresses
  const part = `${owner}-${crypto.randomUUID().slice(0, 8)}`
  return {
    environment: {
      ...(kafka && { KAFKA_BROKERS: kafka, KAFKA_PREFIX: `${part}.` }),
      ...(redis && { REDIS_URL: redis, REDIS_PREFIX: `${part}:` }),
      ...(openSearch && { OPENSEARCH_URL: openSearch, OPENSEARCH_PREFIX: `${part}-` }),
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([
        kafka && cleanKafka(kafka, `${part}.`),
        redis && cleanRedis(redis, `${part}:`),
        openSearch && cleanOpenSearch(openSearch, `${part}-`),
      ])
    },
  }
}

async function cleanKafka(brokers: string, prefix: string): Promise<void> {
  const admin = new Admin({ clientId: 'testing', bootstrapBrokers: brokers.split(',') })
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

async function cleanOpenSearch(urls: string, prefix: string): Promise<void> {
  const [url] = urls.split(',')
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
