import { EventEmitter } from 'node:events'
import { type Dispatcher, Pool } from 'undici'
import type { Breaker } from './breaker.ts'

/**
 * Calls of this process to one address that are under way; one more is refused, whatever it is about. Whoever knows what matters lets fewer
 * run.
 */
export const MAX_CALLS_TO_AN_ADDRESS = 600
/** Those of them on the wire; the rest waits for a connection. */
const MAX_CONNECTIONS = 64
const CONNECT_TIMEOUT_MS = 2_000
/** An answer of bytes on which nothing moves has broken off. */
const BODY_TIMEOUT_MS = 30_000
/** Deadlines and aborts of all calls are looked at together, so often: a timer and a listener for each would cost more than the call. */
const WATCH_EVERY_MS = 100
/** With calls under way and no answer to any of them for so long, we ask whether anybody is there. */
const SILENT_MS = 1_000
const PING_TIMEOUT_MS = 1_000

/** A call under way: when it must have ended, and who may end it before. */
type Underway = {
  readonly startedAt: number
  /** By `performance.now()`. */
  readonly lateAt: number
  readonly signal: AbortSignal
  /** What undici listens to: an emitter costs it less than an `AbortSignal`. */
  readonly stop: EventEmitter & { reason?: unknown }
  /** Ends it for its caller. Undici listens only once the request is on a connection, which may take long, or never come. */
  readonly giveUp: (reason: unknown) => void
}

/** The address was left while a call was under way there. Whether it arrived nobody knows. */
export class PeerLost extends Error {
  override name = 'PeerLost'
}

/** A call was not answered by its deadline. */
export class Unanswered extends Error {
  override name = 'Unanswered'
}

/**
 * One address of a service: its connections, and what this process knows of its health. A process that is frozen accepts
 * connections and keeps callers waiting; when it has answered nobody for a second it is pinged, and if that stays unanswered too,
 * all that wait there are told (`PeerLost`), 2.1 s after they called at the latest.
 */
export class Peer {
  readonly breaker: Breaker
  readonly #pool: Pool
  readonly #pings: Pool
  readonly #underway = new Set<Underway>()
  /** Calls that undici has: those under way, and those that were given up while they waited for a connection. */
  #held = 0
  #answeredAt = 0
  #pinging: Promise<boolean> | undefined
  #watch: NodeJS.Timeout | undefined

  constructor(origin: string, breaker: Breaker) {
    this.breaker = breaker
    this.#pool = new Pool(origin, {
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // Our own watch knows the deadline.
      headersTimeout: 0,
      bodyTimeout: BODY_TIMEOUT_MS,
    })
    this.#pings = new Pool(origin, { connections: 1, connectTimeout: PING_TIMEOUT_MS })
  }

  get inFlight(): number {
    return this.#held
  }

  get isFull(): boolean {
    return this.#held >= MAX_CALLS_TO_AN_ADDRESS
  }

  /**
   * Makes one request. Throws `Unanswered` when there is no answer by `lateAt`, the signal's reason when that aborts (a tenth of a
   * second late at most), `PeerLost`, or undici's error. `read` is part of the call.
   */
  async request<T>(
    options: Dispatcher.RequestOptions,
    { lateAt, signal }: { lateAt: number; signal: AbortSignal },
    read: (response: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted()
    const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>()
    const call: Underway = { startedAt: performance.now(), lateAt, signal, stop: new EventEmitter(), giveUp }
    this.#underway.add(call)
    this.#watch ??= setTimeout(this.#look, WATCH_EVERY_MS)
    try {
      const answer = await Promise.race([this.#send(options, call, read), givenUp])
      this.#answeredAt = performance.now()
      this.breaker.succeeded()
      return answer
    } catch (error) {
      if (!signal.aborted && !(error instanceof PeerLost)) this.breaker.failed()
      throw error
    } finally {
      this.#underway.delete(call)
    }
  }

  async #send<T>(
    options: Dispatcher.RequestOptions,
    { stop }: Underway,
    read: (response: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<T> {
    this.#held += 1
    try {
      return await read(await this.#pool.request({ ...options, signal: stop }))
    } finally {
      this.#held -= 1
    }
  }

  /** Whether anybody answers there. At most one asks. */
  ping(): Promise<boolean> {
    this.#pinging ??= this.#ping().finally(() => {
      this.#pinging = undefined
    })
    return this.#pinging
  }

  close(): Promise<void> {
    clearTimeout(this.#watch)
    return Promise.all([this.#pool.destroy(), this.#pings.destroy()]).then(() => {})
  }

  async #ping(): Promise<boolean> {
    try {
      const response = await this.#pings.request({
        method: 'GET',
        path: '/healthz',
        signal: AbortSignal.timeout(PING_TIMEOUT_MS),
      })
      await response.body.dump()
      if (response.statusCode !== 200) return false
      this.#answeredAt = performance.now()
      return true
    } catch {
      return false
    }
  }

  #look = (): void => {
    this.#watch = this.#underway.size > 0 ? setTimeout(this.#look, WATCH_EVERY_MS) : undefined
    const now = performance.now()
    let isSilent = false
    for (const call of this.#underway) {
      if (call.signal.aborted) stop(call, call.signal.reason)
      else if (now >= call.lateAt) stop(call, new Unanswered('no answer by the deadline'))
      else if (now - Math.max(call.startedAt, this.#answeredAt) > SILENT_MS) isSilent = true
    }
    if (isSilent && !this.#pinging) void this.#leaveIfGone()
  }

  async #leaveIfGone(): Promise<void> {
    const askedAt = performance.now()
    if ((await this.ping()) || this.#answeredAt > askedAt) return
    this.breaker.trip()
    for (const call of this.#underway) stop(call, new PeerLost('nobody answers there'))
  }
}

function stop(call: Underway, reason: unknown): void {
  call.stop.reason = reason
  call.stop.emit('abort')
  call.giveUp(reason)
}
