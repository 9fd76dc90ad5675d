import { isIP } from 'node:net'
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
    // TLS tells the broker the name that it was called by, where that is a name. Certificates are compared with either.
    ...(settings.tls && { tls: { ...settings.tls }, tlsServerName: !settings.brokers.every(isAddress) }),
    ...(settings.sasl && { sasl: { ...settings.sasl } }),
  } satisfies BaseOptions
}

const isAddress = (broker: string) =>
  isIP(broker.slice(0, broker.lastIndexOf(':')).replace(/^\[|\]$/g, '')) !== 0

/**
 * A connection may report a second error after the one that somebody listens for (a reset after a refused password): without a
 * listener of its own that would end the process. Answers the last one that any connection reported.
 */
export function heedErrors(pool: ConnectionPool): () => Error | undefined {
  let last: Error | undefined
  pool.on('connecting', ({ connection }) => {
    connection.on('error', (error) => {
      last = error
    })
  })
  return () => last
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
export function renewable<C extends Closable>(settings: KafkaSettings, make: () => C) {
  let client: C | undefined
  let lastError: () => Error | undefined
  let answered = false
  return {
    use: async <T>(work: (client: C) => Promise<T>): Promise<T> => {
      if (!client) {
        client = make()
        lastError = heedErrors(client.connections)
      }
      const [used, said] = [client, lastError]
      try {
        const result = await work(used)
        answered = true
        return result
      } catch (error) {
        if (client === used) {
          client = undefined
          void discard(used)
        }
        explain(error, said(), answered ? undefined : settings)
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

/**
 * A request whose connection was closed does not say why. What the connection said becomes the cause; else, with `settings`, what such a
 * broker may have missed.
 */
function explain(error: unknown, said: Error | undefined, settings: KafkaSettings | undefined): void {
  const bottom = chainOf(error).at(-1)
  if (bottom?.message === 'Broker requires TLS.') bottom.cause = new Error('KAFKA_TLS is not on')
  if (bottom?.message !== 'Connection closed') return
  if (said && !chainOf(said).includes(bottom)) bottom.cause = said
  else if (settings) {
    const missed = [
      settings.tls ? settings.tls.cert === undefined && 'KAFKA_TLS_CERT' : 'KAFKA_TLS',
      settings.sasl === undefined && 'KAFKA_SASL_USERNAME',
    ].filter(Boolean)
    if (missed.length > 0) bottom.cause = new Error(`without a word, as if it missed ${missed.join(' or ')}`)
  }
}

/** Deepest chain of causes that is told. */
const MAX_CAUSES = 8

/** An error and what is behind it, where several are, the last of them. */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = []
  let current = error
  while (current instanceof Error && chain.length < MAX_CAUSES) {
    chain.push(current)
    current = current instanceof AggregateError ? current.errors.at(-1) : current.cause
  }
  return chain
}

/** What went wrong, in one line; in the broker's words where it has said something. */
export const reason = (error: unknown): string =>
  chainOf(error)
    .map((one) => (one as { serverErrorMessage?: string | null }).serverErrorMessage ?? one.message)
    .map((words) => words.replace(/\.$/, ''))
    .join(': ') || String(error)

/** Tries of what meets a topic that was created, or a partition that has got another leader, a moment ago; 5 s in all. */
const STALE_TRIES = 20
const STALE_PAUSE_MS = 250

/** Repeats what fails because brokers do not agree yet who leads what. */
export async function untilAgreed<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      const passes = has(error, 'hasStaleMetadata', true) || isUnknownTopic(error)
      if (!passes || tries === STALE_TRIES) throw error
      await sleep(STALE_PAUSE_MS, undefined, { ref: false })
    }
  }
}

/** Whether a broker says that there is no such topic: it is gone, or this broker has not heard of it yet. */
export const isUnknownTopic = (error: unknown): boolean =>
  isProtocolError(error, 'UNKNOWN_TOPIC_OR_PARTITION') ||
  isProtocolError(error, 'UNKNOWN_TOPIC_ID') ||
  // The client says this of topics that it looks up, and nothing else.
  chainOf(error).some(({ message }) => message.startsWith('Unknown topic '))

/** Whether a Kafka error, or one of those that it is made of, is this one of the protocol. */
export const isProtocolError = (error: unknown, id: string): boolean => has(error, 'apiId', id)

function has(error: unknown, property: string, value: unknown): boolean {
  const found = (error as { findBy?: (property: string, value: unknown) => unknown } | null)?.findBy
  return typeof found === 'function' && Boolean(found.call(error, property, value))
}
