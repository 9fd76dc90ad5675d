import { createHash } from 'node:crypto'
import type { RedisClientType } from '@redis/client'
import type { Logger } from 'pino'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { degraded } from './edge.ts'

/**
 * One connection of this process to Redis. What is kept there is always a copy, or something that may be lost: whoever uses it goes
 * on without it. Every function rejects with `RedisAway` at once while Redis is away, and after `COMMAND_TIMEOUT_MS` when it does not
 * answer. Names of keys are given without `REDIS_PREFIX`.
 */
export type Redis = {
  /**
   * Runs a script atomically and answers its reply: text, integers and null, in lists as deep as the script says. Its keys must lie in
   * one hash slot: those that share a `{tag}` do. `asBytes`: texts come as bytes. `inOrder`: what this process sends after it runs after
   * it, even where Redis does not know the script yet.
   */
  readonly run: (
    script: RedisScript,
    keys: readonly [string, ...string[]],
    args: readonly RedisArgument[],
    options?: { readonly asBytes?: boolean; readonly inOrder?: boolean },
  ) => Promise<unknown>
  /**
   * A key of something that is dropped when it changes. Named anew for each life of the server: one that was restored from a snapshot,
   * or that took over without having heard the last drops, is never asked for what it believes to know. Use it in the same turn.
   */
  readonly keyOfThisLife: (key: string) => string
  /** False while every call would be refused at once. */
  readonly isUp: () => boolean
  /** `ok`, or `degraded` and why. */
  readonly health: () => string
  readonly close: () => Promise<void>
}

export type RedisArgument = string | number | Buffer

/** A Lua script; Redis knows it by its digest after the first use. */
export type RedisScript = { readonly name: string; readonly source: string; readonly digest: string }

/** `name` is what its measurements are called. */
export const redisScript = (name: string, source: string): RedisScript => ({
  name,
  source,
  digest: createHash('sha1').update(source).digest('hex'),
})

/** Redis cannot be used now: it is not connected, was too slow several times in a row, or refused. */
export class RedisAway extends Error {
  override name = 'RedisAway'
}

/** A reply that takes longer than this is not waited for: the database would have answered. */
export const COMMAND_TIMEOUT_MS = 200
/** After a failure a part of it: the next command of the same request is not waited for as long again. */
const SUSPICIOUS_PART = 1 / 4
/** After so many failures in a row nothing is asked any longer, until a probe is answered. */
const MAX_FAILURES = 3
const PROBE_EVERY_MS = 500
/** Shorter than a command's, so that a Redis on the edge of being useful does not come and go. */
const PROBE_TIMEOUT_MS = 100
/** A connection on which no probe was answered for so many times is given up: the other end may be gone without a word. */
const MAX_PROBES = 10
const CONNECT_TIMEOUT_MS = 2_000
/** Pauses before connecting again: doubled from the first to the last, each with up to half of it on top. */
const RECONNECT_FIRST_MS = 50
const RECONNECT_LAST_MS = 2_000
/** Commands that wait for their reply; one more is refused. */
const MAX_WAITING = 10_000
/** A start waits so long for the connection, or until it fails once, and goes on without it. */
const START_MS = 500

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2]

type Client = RedisClientType

type RedisOptions = {
  readonly url: string
  /** Before every key. */
  readonly prefix: string
  readonly log: Logger
  readonly metrics: Registry
  /** Instead of `COMMAND_TIMEOUT_MS`, and of `START_MS` where it is longer. For tests of what a slow Redis has no part in. */
  readonly timeoutMs?: number | undefined
}

/** Connects. Answers when connected, or when that failed once or took `START_MS`: it goes on trying. */
export async function openRedis({
  url,
  prefix,
  log,
  metrics,
  timeoutMs = COMMAND_TIMEOUT_MS,
}: RedisOptions): Promise<Redis> {
  // Loaded here: who has no Redis pays nothing for it.
  const { createClient, RESP_TYPES } = await import('@redis/client')
  const asBytes = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } }
  const measured = measure(metrics, () => wrong === undefined)

  let client: Client
  /** Why nothing is asked; undefined: all is well. */
  let wrong: string | undefined = 'is not connected yet'
  let failures = 0
  let life = ''
  /** Commands of which a fault was logged. */
  const faulty = new Set<string>()
  let prober: NodeJS.Timeout | undefined
  let closed = false
  const started = Promise.withResolvers<void>()

  const goAway = (why: string): void => {
    if (closed || wrong === why) return
    if (wrong === undefined) log.warn({ reason: why }, 'redis is away: going on without it')
    wrong = why
    started.resolve()
  }
  const comeBack = (): void => {
    if (closed) return
    if (wrong !== undefined) log.info('redis is connected')
    failures = 0
    wrong = undefined
    started.resolve()
  }

  /** Until a probe is answered on this connection; a request never pays for finding out. */
  const probe = (probed: Client, missed = 0): void => {
    clearTimeout(prober)
    if (closed) return
    prober = setTimeout(async () => {
      if (probed !== client || wrong === undefined || !probed.isReady) return
      try {
        await within(PROBE_TIMEOUT_MS, check(probed))
        if (probed === client) comeBack()
      } catch {
        if (probed !== client) return
        if (missed + 1 < MAX_PROBES) return probe(probed, missed + 1)
        probed.destroy()
        connect()
      }
    }, PROBE_EVERY_MS).unref()
  }

  /** Before anything is asked: whether it takes writes (not while it loads, is full, or only follows another), and which life this is. */
  const check = async (asked: Client): Promise<void> => {
    const [info] = await Promise.all([
      asked.sendCommand(['INFO', 'server']).catch((error: Error) => {
        // Behind a proxy, or for a user who may not ask, lives are not told apart.
        if (/^(NOPERM|ERR)\b/.test(error.message)) return ''
        throw error
      }),
      asked.sendCommand(['SET', `${prefix}probe`, '', 'PX', '1000']),
    ])
    if (asked === client) life = /^run_id:(\w{8})/m.exec(String(info))?.[1] ?? ''
  }

  const connect = (): void => {
    const connecting: Client = createClient({
      url,
      name: 'stoa',
      disableOfflineQueue: true,
      commandsQueueMaxLength: MAX_WAITING,
      maintNotifications: 'disabled',
      socket: {
        connectTimeout: CONNECT_TIMEOUT_MS,
        reconnectStrategy: (tries) =>
          Math.min(RECONNECT_FIRST_MS * 2 ** Math.min(tries, 10), RECONNECT_LAST_MS) *
          (1 + Math.random() / 2),
      },
    })
    client = connecting
    connecting.on('error', (error: Error) => {
      if (connecting === client) goAway(error.message || error.name)
    })
    connecting.on('ready', async () => {
      if (connecting !== client) return
      try {
        await within(CONNECT_TIMEOUT_MS, check(connecting))
        if (connecting === client) comeBack()
      } catch (error) {
        if (connecting !== client) return
        goAway((error as Error).message)
        probe(connecting)
      }
    })
    // It goes on trying by itself; each failure is an `error`.
    connecting.connect().catch(() => {})
  }

  const send = async <Reply>(
    command: string,
    args: readonly RedisArgument[],
    options?: typeof asBytes,
  ): Promise<Reply> => {
    if (wrong !== undefined) {
      measured.failed('away')
      throw new RedisAway(wrong)
    }
    const asked = client
    const began = performance.now()
    try {
      const texts = args.map((arg) => (typeof arg === 'number' ? String(arg) : arg))
      const reply = await within(
        failures === 0 ? timeoutMs : timeoutMs * SUSPICIOUS_PART,
        asked.sendCommand(texts, options),
      )
      failures = 0
      measured.seconds(command, (performance.now() - began) / 1_000)
      return reply as Reply
    } catch (error) {
      // It has answered: only not what was asked.
      if (isUnknownScript(error)) throw error
      if (isOurFault(error) && !faulty.has(command)) {
        faulty.add(command)
        log.error({ err: error, command }, 'redis does not understand a command of ours')
      }
      measured.failed(error instanceof RedisAway ? 'timeout' : 'error')
      failures += 1
      if (failures >= MAX_FAILURES && asked === client && wrong === undefined) {
        goAway((error as Error).message)
        probe(asked)
      }
      throw error instanceof RedisAway ? error : new RedisAway((error as Error).message, { cause: error })
    }
  }

  connect()
  const startMs = Math.max(START_MS, timeoutMs)
  await Promise.race([started.promise, new Promise((resolve) => setTimeout(resolve, startMs).unref())])
  if (wrong !== undefined) log.warn({ reason: wrong }, 'redis is away: starting without it')

  return {
    run: async (script, keys, args, options) => {
      const replies = options?.asBytes ? asBytes : undefined
      const rest = [keys.length, ...keys.map((key) => prefix + key), ...args]
      if (options?.inOrder) return send(script.name, ['EVAL', script.source, ...rest], replies)
      const asked = client
      try {
        return await send(script.name, ['EVALSHA', script.digest, ...rest], replies)
      } catch (error) {
        if (!isUnknownScript(error)) throw error
        if (asked !== client) throw new RedisAway('was connected anew')
        return send(script.name, ['EVAL', script.source, ...rest], replies)
      }
    },
    keyOfThisLife: (key) => `${life}:${key}`,
    isUp: () => wrong === undefined,
    health: () => (wrong === undefined ? 'ok' : degraded(wrong)),
    close: async () => {
      closed = true
      wrong = 'is closed'
      clearTimeout(prober)
      client.destroy()
    },
  }
}

const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT')

/** Its own troubles have other words: LOADING, READONLY, OOM, NOAUTH... */
const isOurFault = (error: unknown): boolean =>
  error instanceof Error && /^(ERR|WRONGTYPE|CROSSSLOT)\b/.test(error.message)

/** Rejects with `RedisAway` when `reply` takes longer. */
function within<T>(timeoutMs: number, reply: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new RedisAway(`does not answer within ${timeoutMs} ms`))
    // Where this process was too busy to read, the reply may have come: it is looked at first.
    const timer = setTimeout(() => setImmediate(late), timeoutMs)
    reply.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

function measure(registry: Registry, isUp: () => boolean) {
  const registers = [registry]
  new Gauge({
    name: 'stoa_redis_up',
    help: '1 while Redis is used, 0 while this process goes on without it.',
    registers,
    collect() {
      this.set(isUp() ? 1 : 0)
    },
  })
  const seconds = new Histogram({
    name: 'stoa_redis_seconds',
    help: 'Time until Redis answered, by command or script.',
    labelNames: ['command'],
    buckets: SECONDS,
    registers,
  })
  const failures = new Counter({
    name: 'stoa_redis_failures_total',
    help: 'Commands without an answer: not sent because Redis is away, not answered in time, refused.',
    labelNames: ['reason'],
    registers,
  })
  const children = new Map<string, { observe: (value: number) => void }>()
  return {
    seconds: (command: string, value: number) => {
      let child = children.get(command)
      if (!child) {
        child = seconds.labels(command)
        children.set(command, child)
      }
      child.observe(value)
    },
    failed: (reason: 'away' | 'timeout' | 'error') => failures.inc({ reason }),
  }
}
