import type { Socket } from 'node:net'
import pg from 'pg'
import type { Logger } from 'pino'
import { isOutage, isRetryable } from './database-errors.ts'

/** A caller waits so long for a connection, whether for one that others use or for a new one. */
const CONNECT_TIMEOUT_MS = 5_000
/** A connection that nobody needs ends after this, if nothing else is said. */
const IDLE_TIMEOUT_MS = 15 * 60_000
/** No connection lives longer, so that a server that took over by name or address is found by all. */
const MAX_LIFETIME_SECONDS = 30 * 60
/** Callers that may wait for a connection, per connection of the pool: more would only wait in vain. */
const MAX_WAITING_PER_CONNECTION = 100
/** However small the pool: a crowd that a gateway lets in (500 calls at once, by default) is not turned away behind it. */
const MIN_WAITING = 1_000
/** What was idle for longer is asked whether it still works before it is handed out. */
const PING_AFTER_IDLE_MS = 30_000
const PING_TIMEOUT_MS = 1_500
/** Without a byte: more than a busy server takes, and with the time until we ask less than a caller's deadline. */
const PROBE_TIMEOUT_MS = 2_000
/** A statement that is unanswered for so long makes us ask, on a new connection, whether the server answers at all. */
const SILENT_MS = 2_000
const WATCH_EVERY_MS = 500
/** Whoever has spoken within this is there: nobody asks. */
const HEARD_MS = 2_000
/** The server ends every statement of ours earlier than this by itself: it or the way to it is lost. */
const SILENT_FOR_GOOD_MS = 20_000

/** Of PostgreSQL. */
const TOO_MANY_CONNECTIONS = '53300'

export type PoolOptions = Pick<
  pg.PoolConfig,
  | 'types'
  | 'application_name'
  | 'statement_timeout'
  | 'lock_timeout'
  | 'idle_in_transaction_session_timeout'
  | 'options'
> & {
  readonly url: string
  readonly size: number
  /** A connection that nobody needs ends after so long. Default: 15 minutes. */
  readonly idleTimeoutMs?: number
  /** A server that only repeats what another one writes is refused, and left as soon as it says so. Default: true. */
  readonly refuseStandby?: boolean
  /** A pooler is in between, on whose connections LISTEN would be deaf and stay for others: it is answered and not sent. Default: false. */
  readonly withoutListen?: boolean
  readonly log: Logger
}

/** Why a caller got no connection: too many waited, or it waited too long. */
export type PoolRefusal = 'full' | 'timeout'

/** Nobody is let in: so many wait already that the wait would be in vain. Taken for an outage. */
export class PoolFull extends Error {
  override name = 'PoolFull'
  readonly code = TOO_MANY_CONNECTIONS
  constructor(waiting: number) {
    super(`${waiting} callers wait for a database connection already`)
  }
}

/**
 * Connections to one server that survive its death. Besides what `pg.Pool` does:
 * - What was idle for half a minute, or saw any connection of the pool break since its last use, is pinged before it is handed out.
 * - A server that accepts and says nothing is found out within 5 s, long before TCP notices: its statements fail as an outage, and
 *   callers are told so after one more look instead of waiting.
 * - A server that turns out to be a standby is left: all connections are made anew, by name.
 * - The number of those who wait is bounded, and so is their time.
 */
export class DatabasePool extends pg.Pool {
  /** Connections that broke or were given up, ever. */
  lost = 0
  readonly refusals: Record<PoolRefusal, number> = { full: 0, timeout: 0 }
  readonly size: number
  readonly #url: string
  readonly #log: Logger
  /** Those that connect or are connected. */
  readonly #clients: ReadonlySet<WatchedClient>
  #distrustedAt = Number.NEGATIVE_INFINITY
  #suspectedAt = Number.NEGATIVE_INFINITY
  #watch: NodeJS.Timeout | undefined
  #silent = false
  #probing: Promise<void> | undefined

  constructor({
    url,
    size,
    idleTimeoutMs = IDLE_TIMEOUT_MS,
    refuseStandby = true,
    withoutListen = false,
    log,
    ...options
  }: PoolOptions) {
    const clients = new Set<WatchedClient>()
    const Client = class extends (withoutListen ? DeafClient : WatchedClient) {
      constructor(config?: pg.ClientConfig) {
        super(config)
        clients.add(this)
        this.once('end', () => clients.delete(this))
        watchOver()
      }
    }
    super({
      connectionString: url,
      max: size,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: idleTimeoutMs,
      maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
      keepAlive: true,
      ...options,
      Client,
      verify: (client: pg.ClientBase, done: (error?: Error) => void) =>
        done(refuseStandby && (client as WatchedClient).isStandby ? new StandbyError() : undefined),
    } as pg.PoolConfig)
    const watchOver = () => this.#watchOver()
    this.#clients = clients
    this.size = size
    this.#url = url
    this.#log = log
    // A connection that breaks while somebody holds it also says so to its holder, by failing the statement: without a listener of
    // its own that event would end the process.
    this.on('connect', (client) => {
      const watched = client as unknown as WatchedClient
      watched.asked = watchOver
      watched.saidReadOnly = () => {
        if (!refuseStandby) return
        log.warn('the database is read-only: all connections are made anew')
        this.#distrust()
      }
      client.on('error', (error) => {
        this.#suspect()
        log.debug({ err: error }, 'a database connection broke')
      })
    })
    this.on('error', (error) => {
      this.lost += 1
      this.#suspect()
      log.warn({ err: error }, 'an idle database connection was lost')
    })
  }

  override connect(): Promise<pg.PoolClient>
  override connect(
    callback: (
      error: Error | undefined,
      client: pg.PoolClient | undefined,
      done: (release?: unknown) => void,
    ) => void,
  ): void
  override connect(
    callback?: (
      error: Error | undefined,
      client: pg.PoolClient | undefined,
      done: (release?: unknown) => void,
    ) => void,
  ): Promise<pg.PoolClient> | undefined {
    const checked = this.#checkedOut()
    if (!callback) return checked
    checked.then(
      (client) => callback(undefined, client, client.release.bind(client) as (release?: unknown) => void),
      (error: Error) => callback(error, undefined, () => {}),
    )
    return undefined
  }

  /** `ok`, or why not. A full pool is no server that is away: it is not asked in the queue. */
  async health(): Promise<string> {
    const since = Math.max(performance.now() - HEARD_MS, this.#suspectedAt, this.#distrustedAt)
    if (this.#hasAnsweredSince(since)) return 'ok'
    const isFull = this.waitingCount > 0 || (this.idleCount === 0 && this.totalCount >= this.size)
    if (isFull) {
      const refusal = await askApart(this.#url)
      return refusal === undefined || refusal.code === TOO_MANY_CONNECTIONS ? 'ok' : refusal.message
    }
    return this.query('select 1').then(
      () => 'ok',
      (error: Error) => error.message,
    )
  }

  async #checkedOut(): Promise<pg.PoolClient> {
    if (this.waitingCount >= Math.max(MIN_WAITING, this.size * MAX_WAITING_PER_CONNECTION)) {
      this.refusals.full += 1
      throw new PoolFull(this.waitingCount)
    }
    // Nobody waits for a connection that is known not to come, and the first to come when it does goes through.
    if (this.#silent) {
      this.#probing ??= this.#probe()
      await this.#probing
      if (this.#silent) throw new DatabaseSilent()
    }
    // Each turn but the last removes one connection of those that there were.
    for (let left = this.size; ; left -= 1) {
      const client = await this.#next()
      const watched = client as unknown as WatchedClient
      if (watched.provenAt < this.#distrustedAt && left > 0) {
        client.release(true)
        continue
      }
      const idleMs = performance.now() - watched.provenAt
      if (idleMs < PING_AFTER_IDLE_MS && watched.provenAt >= this.#suspectedAt) return client
      try {
        await ping(watched)
        return client
      } catch (error) {
        client.release(error as Error)
        this.lost += 1
        // The others are no better, and asking each would take its time.
        this.#distrust()
        if (left === 0) throw error
      }
    }
  }

  async #next(): Promise<pg.PoolClient> {
    try {
      return await super.connect()
    } catch (error) {
      if (/timeout exceeded/.test((error as Error).message)) this.refusals.timeout += 1
      else this.#suspect()
      throw error
    }
  }

  /** What is connected now is asked before its next use. */
  #suspect(): void {
    this.#suspectedAt = performance.now()
  }

  /** What is connected now is not used again. */
  #distrust(): void {
    this.#distrustedAt = performance.now()
  }

  #watchOver(): void {
    this.#watch ??= setTimeout(() => {
      this.#watch = undefined
      const now = performance.now()
      let waiting = false
      for (const client of this.#clients) {
        if (client.waitingSince === undefined) continue
        waiting = true
        const silentMs = now - client.waitingSince
        if (silentMs > SILENT_FOR_GOOD_MS) this.#giveUp(client)
        else if (silentMs > SILENT_MS) this.#probing ??= this.#probe()
      }
      if (waiting) this.#watchOver()
    }, WATCH_EVERY_MS).unref()
  }

  /** Asks the server on a connection of its own; when it is silent, whoever waits for it has waited long enough. */
  async #probe(): Promise<void> {
    const startedAt = performance.now()
    // Whoever answers anybody is not silent, even if too busy for one more.
    const answers = (await isAnswering(this.#url)) || this.#hasAnsweredSince(startedAt)
    if (!answers && !this.#silent)
      this.#log.warn('the database does not answer: what waits for it is given up')
    if (answers && this.#silent) this.#log.info('the database answers again')
    if (!answers || this.#silent) {
      this.#distrust()
      // When the server speaks again, too: what began to connect while it was silent is as lost.
      for (const client of this.#clients)
        if (client.waitingSince !== undefined && client.waitingSince < startedAt) this.#giveUp(client)
    }
    this.#silent = !answers
    if (!answers) this.#probing = undefined
    // A slow statement is no reason to ask more often than this.
    else
      setTimeout(() => {
        this.#probing = undefined
      }, SILENT_MS).unref()
  }

  #hasAnsweredSince(time: number): boolean {
    for (const { provenAt } of this.#clients) if (provenAt > time) return true
    return false
  }

  #giveUp(client: WatchedClient): void {
    this.lost += 1
    client.cut()
  }
}

/** Runs work on a client of the pool, which loses the client when the work failed for an outage. */
export async function onClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    return await work(client)
  } catch (error) {
    if (isOutage(error) && !isRetryable(error)) broken = error as Error
    throw error
  } finally {
    client.release(broken)
  }
}

/** The server was found not to answer, and did not answer this time either. Taken for an outage. */
export class DatabaseSilent extends Error {
  override name = 'DatabaseSilent'
  readonly code = 'ETIMEDOUT'
  constructor() {
    super('the database does not answer')
  }
}

class StandbyError extends Error {
  override name = 'StandbyError'
  readonly code = '25006'
  constructor() {
    super('the server is a standby: it takes no writes')
  }
}

class WatchedClient extends pg.Client {
  /** `performance.now()` of the oldest thing without an answer: a statement, or the wish to connect. */
  waitingSince: number | undefined = performance.now()
  /** `performance.now()` of the last sign of life. */
  provenAt = Number.NEGATIVE_INFINITY
  isStandby = false
  asked = () => {}
  saidReadOnly = () => {}

  constructor(config?: pg.ClientConfig) {
    super(config)
    const connection: NodeJS.EventEmitter = this.connection
    connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
      if (parameterName === 'in_hot_standby') this.isStandby = parameterValue === 'on'
    })
    connection.on('errorMessage', ({ code }: { code?: string }) => {
      if (code === '25006') this.saidReadOnly()
    })
    const answered = () => {
      this.waitingSince = undefined
      this.provenAt = performance.now()
    }
    this.on('connect', answered)
    this.on('drain', answered)
  }

  // biome-ignore lint/suspicious/noExplicitAny: passes on whatever the overloads of pg take
  override query(...parameters: any[]): any {
    this.waitingSince ??= performance.now()
    this.asked()
    return (super.query as (...all: unknown[]) => unknown)(...parameters)
  }

  get heardBytes(): number {
    return (this.connection.stream as Socket).bytesRead
  }

  /** Ends the connection without a word: who waits for it learns at once. */
  cut(): void {
    this.connection.stream.destroy()
  }
}

/** For the job runner, which listens unasked. */
class DeafClient extends WatchedClient {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  override query(...parameters: any[]): any {
    const [text] = parameters
    if (typeof text === 'string' && /^(UN)?LISTEN\b/.test(text) && parameters.length === 1)
      return Promise.resolve({ rows: [], rowCount: null, command: 'LISTEN' })
    return super.query(...parameters)
  }
}

/** An empty statement: the server answers, and counts none. */
const ping = (client: WatchedClient): Promise<unknown> =>
  within(PING_TIMEOUT_MS, client, () => client.query(''))

/** Whether anybody answers there, be it with a refusal. */
async function isAnswering(url: string): Promise<boolean> {
  const refusal = await askApart(url)
  return refusal === undefined || 'severity' in refusal
}

/** Why a new connection is not answered, or undefined. */
async function askApart(url: string): Promise<(Error & { code?: string }) | undefined> {
  const client = new WatchedClient({ connectionString: url })
  client.on('error', () => {})
  try {
    await within(PROBE_TIMEOUT_MS, client, async () => {
      await client.connect()
      await client.query('')
    })
    return undefined
  } catch (error) {
    return error as Error
  } finally {
    client.end().catch(() => {})
  }
}

/** Cuts the client after so long without a byte: a login takes several answers, and a busy process reads them one by one. */
async function within(timeoutMs: number, client: WatchedClient, work: () => Promise<unknown>): Promise<void> {
  let done = false
  let late: NodeJS.Timeout
  const watch = (heard: number) => {
    late = setTimeout(() => {
      // When this process was busy for so long, the answer may lie there unread: it is read before an immediate runs.
      setImmediate(() => {
        if (done) return
        if (client.heardBytes > heard) watch(client.heardBytes)
        else client.cut()
      })
    }, timeoutMs)
  }
  watch(client.heardBytes)
  try {
    await work()
  } finally {
    done = true
    clearTimeout(late!)
  }
}
