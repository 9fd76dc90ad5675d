import { SpanStatusCode } from '@opentelemetry/api'
import { Bytes, Content, type FieldError, type Operation, platformErrors, Rejection } from '@stoa/contract'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { type Actor, actorName, type Origin } from './actor.ts'
import type { Database } from './database.ts'
import { isOutage } from './database-errors.ts'
import type { Answer } from './edge.ts'
import { fieldWords } from './field-words.ts'
import type { AnyContext } from './hosted.ts'
import { claim, type IdempotencyScope, type Lock, release, remember } from './idempotency.ts'
import { JsonText } from './json-text.ts'
import type { Service } from './service.ts'
import { inSpan } from './telemetry.ts'
import { findBadText } from './text.ts'
import type { Trace } from './trace.ts'
import type { TransactionScope } from './transaction.ts'

/** What travels beside the input of a call. */
export type CallMeta = {
  readonly actor: Actor
  readonly origin: Origin
  readonly idempotencyKey: string | undefined
  readonly trace: Trace
  /** Epoch milliseconds. */
  readonly deadlineAt: number
  readonly signal: AbortSignal
}

/** What dispatch needs of a hosted service. */
export type Dispatcher = {
  readonly service: Service
  readonly database: Database
  readonly log: Logger
  /** Checks answers that PostgreSQL built against the contract. On in tests. */
  readonly checkAnswers: boolean
  readonly callContext: (call: {
    readonly meta: CallMeta
    readonly scope: TransactionScope
    readonly newId: string | undefined
    readonly laterTry: boolean
    readonly signal: AbortSignal
    readonly headers: Record<string, string>
    /** What it reads by `db` and `query` may be some seconds behind. */
    readonly mayLag: boolean
  }) => AnyContext
}

const DEFAULT_DEADLINE_MS = 10_000

/** What an operation may take, in ms, however much time its caller has. */
export const deadlineOf = (operation: Operation): number => operation.deadlineMs ?? DEFAULT_DEADLINE_MS

/**
 * The one path that every call takes, in process or over HTTP: may the actor, is the input valid, was it answered before; run;
 * keep only what the contract promises. Throws a `Rejection` for every expected no, the platform's included.
 */
export async function dispatch(
  target: Dispatcher,
  name: string,
  input: unknown,
  meta: CallMeta,
): Promise<Answer> {
  const { contract } = target.service
  const operation = contract.operations[name]
  if (!operation) throw new Rejection('NOT_FOUND')
  authorise(operation, meta)
  const checked = checkInput(operation, input)
  return inSpan(`${contract.name}.${name}`, meta.trace, async (trace, span) => {
    try {
      return await run(target, name, operation, checked, { ...meta, trace })
    } catch (error) {
      const rejection = toRejection(operation, error)
      if (rejection) throw rejection
      span?.setStatus({ code: SpanStatusCode.ERROR })
      target.log.error(
        { err: error, operation: `${contract.name}.${name}`, traceId: trace.traceId },
        'an operation failed',
      )
      throw new Rejection('INTERNAL')
    }
  })
}

/** Throws UNAUTHENTICATED, FORBIDDEN or NOT_FOUND unless the operation is for such a caller. */
export function authorise(operation: Operation, { actor, origin }: Pick<CallMeta, 'actor' | 'origin'>): void {
  switch (operation.access) {
    case 'public':
      return
    case 'service':
      if (origin.via === undefined) throw new Rejection('NOT_FOUND')
      return
    case 'customer':
      if (actor.kind === 'anonymous') throw new Rejection('UNAUTHENTICATED')
      if (actor.kind !== 'customer') throw new Rejection('FORBIDDEN')
      return
    case 'staff':
      if (actor.kind === 'anonymous') throw new Rejection('UNAUTHENTICATED')
      if (actor.kind !== 'staff' || !actor.permissions.includes(operation.permission ?? ''))
        throw new Rejection('FORBIDDEN')
  }
}

/** What an operation's handler gets of an input. Throws INVALID_INPUT that names each field at fault. */
export function checkInput(operation: Operation, input: unknown): unknown {
  const bad = findBadText(input)
  if (bad) throw new Rejection('INVALID_INPUT', { fields: [bad] })
  const parsed = operation.input.safeParse(input, { error: fieldWords })
  if (!parsed.success)
    throw new Rejection('INVALID_INPUT', { fields: toFieldErrors(operation, parsed.error) })
  return parsed.data
}

/** At most 20, so that a hostile body cannot buy a large answer. */
const MAX_FIELD_ERRORS = 20

function toFieldErrors(operation: Operation, error: z.ZodError): FieldError[] {
  const fields: FieldError[] = []
  for (const issue of error.issues.slice(0, MAX_FIELD_ERRORS)) {
    const path = issue.path.map(String)
    const header = path.length === 1 ? operation.headers?.[path[0]!] : undefined
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys.slice(0, MAX_FIELD_ERRORS))
        fields.push({
          field: [...path, key].join('.').slice(0, 200),
          message: 'is not a field of this request',
        })
    } else fields.push({ field: (header ?? path.join('.')).slice(0, 200) || 'body', message: issue.message })
  }
  return fields.slice(0, MAX_FIELD_ERRORS)
}

async function run(
  target: Dispatcher,
  name: string,
  operation: Operation,
  input: unknown,
  meta: CallMeta,
): Promise<Answer> {
  const { service, database } = target
  const schema = service.contract.name
  const deadlineAt = Math.min(meta.deadlineAt, Date.now() + deadlineOf(operation))
  if (operation.idempotency !== 'key')
    return execute(target, name, operation, input, { ...meta, deadlineAt }, undefined)

  if (meta.idempotencyKey === undefined)
    throw new Rejection('INVALID_INPUT', { fields: [{ field: 'idempotency-key', message: 'is required' }] })
  if (!/^[\x21-\x7e]{1,255}$/.test(meta.idempotencyKey))
    throw new Rejection('INVALID_INPUT', {
      fields: [{ field: 'idempotency-key', message: 'must be 1 to 255 visible ASCII characters' }],
    })
  const scope: IdempotencyScope = { actor: actorName(meta.actor), operation: name, key: meta.idempotencyKey }
  const place = { database, schema }
  const claimed = await claim(place, scope, { input, operation, deadlineAt })
  if (claimed.state === 'answered')
    return { output: keep(operation, claimed.answer), headers: claimed.headers }
  return execute(target, name, operation, input, { ...meta, deadlineAt }, { ...claimed, scope })
}

type Keyed = {
  readonly scope: IdempotencyScope
  readonly newId: string
  readonly laterTry: boolean
  readonly lock: Lock
}

async function execute(
  target: Dispatcher,
  name: string,
  operation: Operation,
  input: unknown,
  meta: CallMeta,
  keyed: Keyed | undefined,
): Promise<Answer> {
  const { service, database, checkAnswers } = target
  const schema = service.contract.name
  const headers: Record<string, string> = {}
  const seen = { opened: 0, audited: false, answered: false }
  const stop = new AbortController()
  const abort = () => stop.abort(meta.signal.reason)
  if (meta.signal.aborted) abort()
  else meta.signal.addEventListener('abort', abort, { once: true })
  let timer: NodeJS.Timeout | undefined
  let running: Promise<unknown> | undefined
  let ended = false
  try {
    const ctx = target.callContext({
      meta,
      scope: {
        trace: meta.trace,
        actor: meta.actor,
        name: `${schema}.${name}`,
        idempotency: keyed?.scope,
        headers,
        deadlineAt: meta.deadlineAt,
        seen,
      },
      newId: keyed?.newId,
      laterTry: keyed?.laterTry ?? false,
      signal: stop.signal,
      headers,
      mayLag: operation.staleness !== undefined,
    })
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => {
          stop.abort(new Error('the deadline has passed'))
          reject(new Rejection('TIMEOUT'))
        },
        Math.max(1, meta.deadlineAt - Date.now()),
      )
    })
    running = Promise.resolve(service.operations[name]!(input as never, ctx)).finally(() => {
      ended = true
    })
    const result: unknown = await Promise.race([running, late])
    if (operation.access === 'staff' && operation.method !== 'GET' && seen.opened > 0 && !seen.audited)
      throw new Error(`${schema}.${name} is a staff write without an audit record`)
    if (operation.output === Bytes) {
      if (!(result instanceof Content)) throw new Error(`${schema}.${name} promises bytes`)
      return { output: result, headers }
    }
    if (result instanceof JsonText) {
      const parsed = checkAnswers || keyed ? JSON.parse(result.text) : undefined
      if (checkAnswers) operation.output.parse(parsed)
      if (keyed && !seen.answered)
        await remember({ database, schema }, keyed.scope, { output: parsed, headers })
      return { output: result, headers }
    }
    const output = keep(operation, result)
    if (keyed && !seen.answered) await remember({ database, schema }, keyed.scope, { output, headers })
    return { output, headers }
  } catch (error) {
    const free = async () => keyed && release({ database, schema }, keyed.scope, keyed.lock)
    // A handler that outlives its deadline may still act: its key is free when it has ended, or its lock has run out.
    if (running && !ended) void running.catch((late) => logLate(target, name, late)).finally(free)
    else await free()
    throw error
  } finally {
    clearTimeout(timer)
    meta.signal.removeEventListener('abort', abort)
  }
}

/** What a handler says whose caller has gone. That it was stopped is no news. */
function logLate({ service, log }: Dispatcher, name: string, error: unknown): void {
  if (error instanceof Rejection) return
  log.warn(
    { err: error, operation: `${service.contract.name}.${name}` },
    'an operation failed after its deadline',
  )
}

/** Only what the contract promises leaves a service. */
function keep(operation: Operation, result: unknown): unknown {
  const kept = operation.output.safeParse(result ?? null)
  if (!kept.success) throw new Error('The answer does not fit the contract', { cause: kept.error })
  return kept.data
}

/** The rejection that a failure may show to a caller of this operation, with what its declaration promises, or undefined for a bug. */
export function toRejection(operation: Operation, error: unknown): Rejection | undefined {
  if (error instanceof Rejection) {
    const declared = operation.errors[error.code]
    if (!declared) return error.code in platformErrors ? error : undefined
    if (error.data === undefined) return error
    if (!declared.data) return new Rejection(error.code)
    const kept = declared.data.safeParse(error.data)
    return kept.success ? new Rejection(error.code, kept.data) : undefined
  }
  return isOutage(error) ? new Rejection('UNAVAILABLE') : undefined
}
