import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Logger } from 'pino'
import type { Query } from './service.ts'

/** Outbox rows of the named services (comma-separated) were committed. */
export const OUTBOX_CHANNEL = 'stoa_outbox'
/** The log has grown by events of a type. A channel of its own, so that only those wake who hear it. PostgreSQL's names hold 63 bytes. */
export const logChannel = (type: string): string => `stoa_log:${type}`.slice(0, 63)
/** So many jobs of a service are due. */
export const jobChannel = (service: string): string => `stoa_jobs:${service}`
/** A process has given its leases up. */
export const LEASE_CHANNEL = 'stoa_lease'

/** Pauses before connecting again: doubled from the first to the last. */
const RECONNECT_FIRST_MS = 100
const RECONNECT_LAST_MS = 5_000
/** How often the connection proves that notifications still come through, and how long one may take. */
const PROBE_EVERY_MS = 30_000
const PROBE_TIMEOUT_MS = 5_000

export type Listener = {
  /** False: nothing wakes us, so the caller polls once a second. */
  readonly listening: () => boolean
  readonly stop: () => Promise<void>
}

export type ListenOptions = {
  /** Past any pooler. */
  readonly url: string
  readonly channels: readonly string[]
  readonly onNotification: (channel: string, payload: string) => void
  /** Listening (again): what was announced in between has been missed. */
  readonly onListening: () => void
  readonly logger: Logger
}

/** One connection, outside of the pool, that listens. Lost notifications must be harmless: they will happen. */
export function listen({ url, channels, onNotification, onListening, logger }: ListenOptions): Listener {
  /** A channel of our own: what we send there must come back, or there is no LISTEN on this way to the server. */
  const echo = `stoa_echo_${randomBytes(8).toString('hex')}`
  let client: pg.Client | undefined
  let listening = false
  let stopped = false
  let pauseMs = RECONNECT_FIRST_MS
  let timer: NodeJS.Timeout | undefined
  let probing: { resolve: () => void; timer: NodeJS.Timeout } | undefined

  const connect = async () => {
    const candidate = new pg.Client({
      connectionString: url,
      keepAlive: true,
      connectionTimeoutMillis: PROBE_TIMEOUT_MS,
      application_name: 'stoa listener',
    })
    client = candidate
    let failed = false
    const fail = (error: Error) => {
      if (failed || stopped) return
      failed = true
      listening = false
      clearTimeout(timer)
      clearTimeout(probing?.timer)
      candidate.end().catch(() => {})
      logger.warn(
        { err: error, pauseMs },
        'not listening to the database: looking once a second until it is back',
      )
      timer = setTimeout(connect, pauseMs)
      pauseMs = Math.min(pauseMs * 2, RECONNECT_LAST_MS)
    }
    candidate.on('error', fail)
    candidate.on('end', () => fail(new Error('the connection has ended')))
    candidate.on('notification', ({ channel, payload = '' }) => {
      if (channel === echo) probing?.resolve()
      else onNotification(channel, payload)
    })
    const probe = async () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      probing = {
        resolve,
        timer: setTimeout(() => reject(new Error('notifications do not come through')), PROBE_TIMEOUT_MS),
      }
      try {
        await Promise.all([promise, candidate.query(`notify ${echo}`)])
      } finally {
        clearTimeout(probing.timer)
      }
    }
    const keepProbing = () => {
      timer = setTimeout(() => probe().then(keepProbing, fail), PROBE_EVERY_MS).unref()
    }
    try {
      await candidate.connect()
      await candidate.query([...channels, echo].map((channel) => `listen "${channel}"`).join('; '))
      await probe()
      if (stopped || failed) return
      listening = true
      pauseMs = RECONNECT_FIRST_MS
      keepProbing()
      onListening()
    } catch (error) {
      fail(error as Error)
    }
  }
  const first = connect()

  return {
    listening: () => listening,
    stop: async () => {
      stopped = true
      listening = false
      clearTimeout(timer)
      clearTimeout(probing?.timer)
      probing?.resolve()
      await client?.end().catch(() => {})
      await first.catch(() => {})
    },
  }
}

/** Notifications are sent at most this often, and one at a time: NOTIFY takes a global lock when it commits. */
const NOTIFY_EVERY_MS = 5

/** Sends notifications after the fact, in statements of their own, never inside a business transaction. */
export function createNotifier(
  query: Query,
  channel: string,
): { notify: (payload: string) => void; stop: () => void } {
  const pending = new Set<string>()
  let busy = false
  let stopped = false
  const send = async () => {
    busy = true
    const payload = [...pending].join(',')
    pending.clear()
    // A lost notification costs time, never an event: the periodic look finds it.
    await query('select pg_notify($1, $2)', [channel, payload]).catch(() => {})
    setTimeout(() => {
      busy = false
      if (pending.size > 0 && !stopped) void send()
    }, NOTIFY_EVERY_MS)
  }
  return {
    notify: (payload) => {
      pending.add(payload)
      if (!busy && !stopped) void send()
    },
    stop: () => {
      stopped = true
    },
  }
}
