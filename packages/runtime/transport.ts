import { timingSafeEqual } from 'node:crypto'
import {
  Content,
  type Contract,
  invalidInput,
  type Operation,
  platformErrors,
  Rejection,
} from '@stoa/contract'
import { Pool } from 'undici'
import { type CallMeta, type Dispatcher, dispatch } from './dispatch.ts'
import type { Answer } from './edge.ts'
import { JsonText } from './json-text.ts'
import type { CallTimer, CallTimers } from './metrics.ts'
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

/** An idempotent call that never reached its service, or found it starting or draining, is tried at most this often in all. */
const MAX_TRIES = 3
const FIRST_PAUSE_MS = 40
const ANSWER_MARGIN_MS = 500
const POOL_OPTIONS = { connections: 64, pipelining: 1, connectTimeout: 2_000 }

/** `addresses` holds one URL, or several by comma: replicas that take turns, the next one after a failure. */
export function remoteTransport(
  contract: Contract,
  addresses: string,
  secret: string,
  calls: CallTimers,
): Transport {
  const timers = new Map<string, CallTimer>()
  const pools = addresses.split(',').map((address) => new Pool(new URL(address.trim()).origin, POOL_OPTIONS))
  let turn = Math.floor(Math.random() * pools.length)
  const next = (): Pool => pools[turn++ % pools.length]!
  return {
    async send(name, operation, input, meta) {
      // Some of it (deep nesting) would not survive the journey to be refused there.
      const bad = findBadText(input)
      if (bad) throw invalidInput(bad)
      const repeatable =
        operation.method === 'GET' || operation.idempotency === 'natural' || operation.idempotency === 'key'
      let timer = timers.get(name)
      if (!timer) {
        timer = calls({ service: contract.name, operation: name, side: 'caller' })
        timers.set(name, timer)
      }
      const startedAt = performance.now()
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await sendOnce(next(), contract, name, operation, input, meta, secret)
        } catch (error) {
          const pauseMs = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random())
          // A rejection is an answer: whoever gave it has tried what it could, and tries would multiply from caller to caller.
          const transient = !(error instanceof Rejection)
          const time = Date.now() + pauseMs < meta.deadlineAt && !meta.signal.aborted
          if (!(repeatable || neverArrived(error)) || !transient || !time || attempt === MAX_TRIES) {
            if (error instanceof Rejection) throw error
            throw new Rejection(Date.now() >= meta.deadlineAt ? 'TIMEOUT' : 'UNAVAILABLE')
          }
          await new Promise((resolve) => setTimeout(resolve, pauseMs))
        } finally {
          timer.observe((performance.now() - startedAt) / 1000)
        }
      }
    },
    close: async () => void (await Promise.all(pools.map((pool) => pool.destroy()))),
  }
}

async function sendOnce(
  pool: Pool,
  contract: Contract,
  name: string,
  operation: Operation,
  input: unknown,
  meta: CallMeta,
  secret: string,
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
  const stop = new AbortController()
  const abort = () => stop.abort(meta.signal.reason)
  if (meta.signal.aborted) abort()
  else meta.signal.addEventListener('abort', abort, { once: true })
  // The callee answers in time by itself; a little more, so that its own words arrive. Waiting for a connection counts.
  const timer = setTimeout(() => stop.abort(new Rejection('TIMEOUT')), remainingMs + ANSWER_MARGIN_MS)
  try {
    const response = await pool.request({
      path: internalPath(contract.name, name),
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'stoa-secret': secret,
        traceparent: formatTraceparent(meta.trace),
      },
      body: JSON.stringify(call),
      signal: stop.signal,
    })
    const answerHeaders = response.headers['stoa-headers']
    if (response.statusCode === 200 && response.headers[CONTENT_HEADER]) {
      const length = Number(response.headers['content-length'])
      return {
        output: new Content(response.body, {
          type: String(response.headers['content-type']),
          ...(Number.isSafeInteger(length) ? { length } : {}),
        }),
        headers: typeof answerHeaders === 'string' ? JSON.parse(answerHeaders) : {},
      }
    }
    return readResponse(contract, operation, {
      status: response.statusCode,
      headers: answerHeaders,
      text: await response.body.text(),
    })
  } finally {
    clearTimeout(timer)
    meta.signal.removeEventListener('abort', abort)
  }
}

function readResponse(
  contract: Contract,
  operation: Operation,
  { status, headers, text }: { status: number; headers: unknown; text: string },
): Answer {
  if (status === 200)
    return { output: new JsonText(text), headers: typeof headers === 'string' ? JSON.parse(headers) : {} }
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
  ['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'].includes((error as { code?: string }).code ?? '')

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
