import { randomUUID } from 'node:crypto'
import { createClient, type RedisClientType } from '@redis/client'

export type OwnKeys = AsyncDisposable & {
  /** For the hosts of the test. */
  readonly environment: { readonly REDIS_URL: string; readonly REDIS_PREFIX: string }
  /** The keys that are there now, without the prefix. */
  readonly keys: () => Promise<string[]>
  /** How long a key will be there. */
  readonly leftMs: (key: string) => Promise<number>
}

/** A part of a shared Redis for one test. Stop the hosts first; then it is emptied. */
export function ownKeys(address: string): OwnKeys {
  const prefix = `test-${randomUUID()}:`
  const withClient = async <T>(work: (client: RedisClientType) => Promise<T>): Promise<T> => {
    const client: RedisClientType = createClient({ url: address, socket: { reconnectStrategy: false } })
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(client)
    } finally {
      client.destroy()
    }
  }
  const found = async (client: RedisClientType): Promise<string[]> => {
    const keys: string[] = []
    for await (const page of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) keys.push(...page)
    return keys
  }
  return {
    environment: { REDIS_URL: address, REDIS_PREFIX: prefix },
    keys: () => withClient(async (client) => (await found(client)).map((key) => key.slice(prefix.length))),
    leftMs: (key) => withClient((client) => client.pTTL(`${prefix}${key}`)),
    [Symbol.asyncDispose]: () =>
      // One that the test has stopped has nothing left.
      withClient(async (client) => {
        const keys = await found(client)
        if (keys.length > 0) await client.unlink(keys)
      }).catch(() => {}),
  }
}
