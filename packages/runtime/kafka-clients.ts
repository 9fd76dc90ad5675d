import { setTimeout as sleep } from 'node:timers/promises'
import type { BaseOptions, ConnectionPool } from '@platformatic/kafka'
import type { KafkaSettings } from './kafka-settings.ts'

/** Longest that a connection may take to stand, authentication included. */
const CONNECT_TIMEOUT_MS = 5_000
/** Metadata are asked for again after this, and after every failure. */
const METADATA_AGE_MS = 60_000
/** What a client gets to say goodbye. */
const CLOSE_TIMEOUT_MS = 2_000

/** What all clients share. `requestTimeoutMs` bounds a request on a connection that was cut without a word. */
export function clientOptions(
  settings: KafkaSettings,
  { requestTimeoutMs, retries }: { requestTimeoutMs: number; retries: number },
) {
  return {
    clientId: 'stoa',
    bootstrapBrokers: [...settings.brokers],
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    metadataMaxAge: METADATA_AGE_MS,
    retries,
    retryDelay: 250,
    autocreateTopics: false,
    ...(settings.tls && { tls: { ...settings.tls }, tlsServerName: true }),
    ...(settings.sasl && { sasl: { ...settings.sasl } }),
  } satisfies BaseOptions
}

/**
 * A connection may report a second error after the one that somebody listens for (a reset after a refused password): without a
 * listener of its own that would end the process.
 */
export function heedErrors(pool: ConnectionPool): void {
  pool.on('connecting', ({ connection }) => connection.on('error', () => {}))
}

type Closable = { readonly connections: ConnectionPool; readonly close: () => Promise<void> }

/** Closes a client, politely if its broker answers soon, else by hanging up. Never rejects. */
export async function discard(client: Closable): Promise<void> {
  const polite = client.close().catch(() => {})
  await Promise.race([polite, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
  await client.connections.close().catch(() => {})
}

/**
 * Keeps one client. One that failed is thrown away and the next use makes another: a connection on which a request has timed out, a
 * cached coordinator that has moved and a producer whose last batch may or may not be there are all things not to go on with.
 */
export function renewable<C extends Closable>(make: () => C) {
  let client: C | undefined
  return {
    use: async <T>(work: (client: C) => Promise<T>): Promise<T> => {
      if (!client) {
        client = make()
        heedErrors(client.connections)
      }
      const used = client
      try {
        return await work(used)
      } catch (error) {
        if (client === used) {
          client = undefined
          void discard(used)
        }
        throw error
      }
    },
    close: async (): Promise<void> => {
      const last = client
      client = undefined
      if (last) await discard(last)
    },
  }
}

/** Tries of what meets a topic that was created, or a partition that has got another leader, a moment ago; 5 s in all. */
const STALE_TRIES = 20
const STALE_PAUSE_MS = 250

/** Repeats what fails because brokers do not agree yet who leads what. */
export async function untilAgreed<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      // The client says of a topic that this broker has not heard of yet that it is unknown, and nothing else.
      const passes =
        has(error, 'hasStaleMetadata', true) || /^Unknown topic /.test((error as Error | null)?.message ?? '')
      if (!passes || tries === STALE_TRIES) throw error
      await sleep(STALE_PAUSE_MS, undefined, { ref: false })
    }
  }
}

/** Whether a Kafka error, or one of those that it is made of, is this one of the protocol. */
export const isProtocolError = (error: unknown, id: string): boolean => has(error, 'apiId', id)

function has(error: unknown, property: string, value: unknown): boolean {
  const found = (error as { findBy?: (property: string, value: unknown) => unknown } | null)?.findBy
  return typeof found === 'function' && Boolean(found.call(error, property, value))
}
