import { timingSafeEqual } from 'node:crypto'
import {
  Content,
  type Contract,
  invalidInput,
  type Operation,
  platformErrors,
  Rejection,
} from '@stoa/contract'
import type { Dispatcher as Undici } from 'undici'
import type { Breakers } from './breaker.ts'
import { type CallMeta, type Dispatcher, deadlineOf, dispatch } from './dispatch.ts'
import type { Answer } from './edge.ts'
import { JsonText } from './json-text.ts'
import type { CallTimer, CallTimers } from './metrics.ts'
import { Peer, Unanswered } from './peer.ts'
import { findBadText } from './text.ts'
import { formatTraceparent, parseTraceparent } from './trace.ts'

/** Carries a call to a service, wherever it lives. Throws a `Rejection` for every no that the caller may see. */
export type Transport = {
  readonly send: (name: string, operation: Operation, input: unknown, meta: CallMeta) => Promise<Answer>
  readonly close: () => Promise<void>
}

export const localTransport = (target: () => Dispatcher): Transport => ({
  send: (name, _operation, input, meta) => dispatch(target(), name, input, meta),
  close: async () => {},
})

/** The path of one operation on a process's internal port. */
export const internalPath = (service: string, operation: string): string =>
  `/internal/${service}/${operation}`

/** The body of an internal call. The secret proves that it comes from one of our own processes. */
export type InternalCall = {
  readonly input: unknown
  readonly actor: CallMeta['actor']
  readonly origin: CallMeta['origin']
  readonly idempotencyKey?: string | undefined
  readonly deadlineMs: number
}

/** A call that may be repeated, or has never reached its service, is tried at most this often in all. */
const MAX_TRIES = 3
const FIRST_PAUSE_MS = 40
/** The callee answers in time by itself; a little more, so that its own words arrive. */
const ANSWER_MARGIN_MS = 500
/** A trial is a ping and hurts nobody: a process that is back is found soon. */
const PAUSES = { firstMs: 100, lastMs: 500 }

type RemoteOptions = {
  readonly contract: Contract
  /** One URL, or several by comma: replicas. */
  readonly addresses: string
  readonly secret: string
  readonly calls: CallTimers
  readonly breakers: Breakers
}

/**
 * Calls go to the replica with the fewest of ours under way, in turns among equals: one that is slow or frozen gets no more than
 * its share. One that does not answer is left, and the others take over at once; when none is left, or each has as many calls under
 * way as it may, a call is refused (`UNAVAILABLE`) at once.
 */
export function remoteTransport({ contract, addresses, secret, calls, breakers }: RemoteOptions): Transport {
  const peers = [...new Set(addresses.split(',').map((address) => new URL(address.trim()).origin))].map(
    (origin) => new Peer(origin, breakers.of(contract.name, origin, PAUSES)),
  )
  const timers = new Map<string, CallTimer>()
  const timerOf = (operation: string): CallTimer => {
    let timer = timers.get(operation)
    if (!timer) {
      timer = calls({ service: contract.name, operation, side: 'caller' })
      timers.set(operation, timer)
    }
    return timer
  }
  const choose = chooser(peers)

  async function send(name: string, operation: Operation, input: unknown, meta: CallMeta): Promise<Answer> {
    const repeatable =
      operation.method === 'GET' || operation.idempotency === 'natural' || operation.idempotency === 'key'
    const tried = new Set<Peer>()
    for (let attempt = 1; ; attempt += 1) {
      const chosen = choose(tried)
      // Not awaited in vain: calls of the same moment must see each other under way.
      const peer = chosen instanceof Peer ? chosen : await chosen
      tried.add(peer)
      try {
        return await sendOnce(peer, { contract, name, operation, input, meta, secret })
      } catch (error) {
        // A rejection is an answer: whoever gave it has tried what it could, and tries would multiply from caller to caller.
        if (error instanceof Rejection && !(error instanceof TurnedAway)) throw error
        const others = peers.length > tried.size
        const pauseMs = others ? 0 : FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random())
        const time = Date.now() + pauseMs < meta.deadlineAt && !meta.signal.aborted
        if (!(repeatable || neverArrived(error)) || !time || attempt === MAX_TRIES)
          throw new Rejection(
            error instanceof Unanswered || Date.now() >= meta.deadlineAt ? 'TIMEOUT' : 'UNAVAILABLE',
          )
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }

  return {
    async send(name, operation, input, meta) {
      // Some of it (deep nesting) would not survive the journey to be refused there.
      const bad = findBadText(input)
      if (bad) throw invalidInput(bad)
      const startedAt = performance.now()
      try {
        return await send(name, operation, input, meta)
      } finally {
        timerOf(name).observe((performance.now() - startedAt) / 1000)
      }
    },
    close: async () => void (await Promise.all(peers.map((peer) => peer.close()))),
  }
}

/** Answers where the next call goes, if possible not where it has been. Throws `UNAVAILABLE`. */
function chooser(peers: readonly Peer[]): (tried: ReadonlySet<Peer>) => Peer | Promise<Peer> {
  let turn = Math.floor(Math.random() * peers.length)
  const best = (tried: ReadonlySet<Peer>): Peer | undefined => {
    turn += 1
    let found: Peer | undefined
    for (let step = 0; step < peers.length; step += 1) {
      const one = peers[(turn + step) % peers.length]!
      if (one.breaker.state !== 'closed' || one.isFull) continue
      const [isNew, isFoundNew] = [!tried.has(one), found !== undefined && !tried.has(found)]
      if (!found || (isNew === isFoundNew ? one.inFlight < found.inFlight : isNew)) found = one
    }
    return found
  }
  const recover = async (trials: readonly Promise<void>[], tried: ReadonlySet<Peer>): Promise<Peer> => {
    // Only who began a trial waits for it, a second at most.
    await Promise.all(trials)
    const found = trials.length > 0 ? best(tried) : undefined
    if (!found) throw new Rejection('UNAVAILABLE')
    return found
  }
  return (tried) => {
    const trials = peers.filter(({ breaker }) => breaker.state !== 'closed' && breaker.admit()).map(tryOut)
    return best(tried) ?? recover(trials, tried)
  }
}

async function tryOut(peer: Peer): Promise<void> {
  if (await peer.ping()) peer.breaker.succeeded()
  else peer.breaker.failed()
}

type Call = {
  readonly contract: Contract
  readonly name: string
  readonly operation: Operation
  readonly input: unknown
  readonly meta: CallMeta
  readonly secret: string
}

async function sendOnce(
  peer: Peer,
  { contract, name, operation, input, meta, secret }: Call,
): Promise<Answer> {
  const remainingMs = meta.deadlineAt - Date.now()
  if (remainingMs <= 0) throw new Rejection('TIMEOUT')
  const call: InternalCall = {
    input,
    actor: meta.actor,
    origin: meta.origin,
    idempotencyKey: meta.idempotencyKey,
    deadlineMs: remainingMs,
  }
  const response = await peer.request(
    {
      path: internalPath(contract.name, name),
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'stoa-secret': secret,
        traceparent: formatTraceparent(meta.trace),
      },
      body: JSON.stringify(call),
    },
    {
      lateAt: performance.now() + Math.min(remainingMs, deadlineOf(operation)) + ANSWER_MARGIN_MS,
      signal: meta.signal,
    },
    async ({ statusCode, headers, body }) => ({
      statusCode,
      headers,
      body:
        headers[CONTENT_HEADER] && statusCode === 200 ? await contentOf(headers, body) : await body.text(),
    }),
  )
  const given = response.headers['stoa-headers']
  const headers = typeof given === 'string' ? JSON.parse(given) : {}
  if (typeof response.body === 'string')
    return { output: readText(contract, operation, response.statusCode, response.body), headers }
  return { output: response.body, headers }
}

/** Bytes up to so many are read at once. */
const READ_WHOLE_BYTES = 4 * 1024 * 1024

/**
 * A picture is read whole, so that nobody who takes it slowly keeps a connection, of which there are few. What is long or has no length (an
 * export) goes on as it comes.
 */
async function contentOf(
  headers: Undici.ResponseData['headers'],
  body: Undici.ResponseData['body'],
): Promise<Content> {
  const type = String(headers['content-type'])
  const length = Number(headers['content-length'])
  if (length <= READ_WHOLE_BYTES) return new Content(await body.bytes(), { type })
  return new Content(body, { type, ...(Number.isSafeInteger(length) ? { length } : {}) })
}

function readText(contract: Contract, operation: Operation, status: number, text: string): JsonText {
  if (status === 200) return new JsonText(text)
  const { code, data } = JSON.parse(text) as { code: string; data?: unknown }
  if (code === DRAINING) throw new TurnedAway()
  if (!(code in operation.errors) && !(code in platformErrors))
    throw new Error(`${contract.name} answered ${code}`)
  throw new Rejection(code, data)
}

/** Marks an answer of bytes. */
export const CONTENT_HEADER = 'stoa-content'

/** The body's code when a draining process turns a call away before it begins. */
export const DRAINING = 'DRAINING'

class TurnedAway extends Rejection {
  constructor() {
    super('UNAVAILABLE')
  }
}

/** Nothing can have happened, so even a call that must not be repeated may be tried elsewhere. */
const neverArrived = (error: unknown): boolean =>
  error instanceof TurnedAway ||
  ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(
    (error as { code?: string }).code ?? '',
  )

export function isSecret(given: string | undefined, secret: string): boolean {
  if (given === undefined) return false
  const [a, b] = [Buffer.from(given), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Reads the context of an internal call. */
export function readInternalCall(body: unknown, traceparent: string | undefined, signal: AbortSignal) {
  const call = body as InternalCall
  const trace = parseTraceparent(traceparent)
  if (!trace || typeof call?.deadlineMs !== 'number' || typeof call.actor?.kind !== 'string' || !call.origin)
    throw invalidInput({ field: 'body', message: 'is not an internal call' })
  return {
    input: call.input,
    meta: {
      actor: call.actor,
      origin: call.origin,
      idempotencyKey: call.idempotencyKey,
      trace,
      deadlineAt: Date.now() + call.deadlineMs,
      signal,
    } satisfies CallMeta,
  }
}

/** The output as a caller in code wants it. */
export const readOutput = (operation: Operation, answer: Answer): unknown =>
  answer.output instanceof JsonText ? operation.output.parse(JSON.parse(answer.output.text)) : answer.output
