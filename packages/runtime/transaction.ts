import { type EventType, Rejection } from '@stoa/contract'
import type { Kysely, Transaction } from 'kysely'
import { v7 } from 'uuid'
import { type Actor, actorName } from './actor.ts'
import { type Database, kyselyOn } from './database.ts'
import { AlreadyHandled } from './hosted.ts'
import type { IdempotencyScope } from './idempotency.ts'
import { runAgain } from './run-again.ts'
import type { Query, Tx } from './service.ts'
import { formatTraceparent, type Trace } from './trace.ts'

/** What a transaction belongs to: it decides what its settle statement records. */
export type TransactionScope = {
  readonly trace: Trace
  readonly actor: Actor
  /** The operation, reaction or job, for audit records. */
  readonly name: string
  readonly idempotency?: IdempotencyScope | undefined
  /** What its answer says beside the output, so far. */
  readonly headers?: Readonly<Record<string, string>>
  /** Epoch milliseconds. Nothing commits later: the caller was told TIMEOUT, and another try may hold the key. */
  readonly deadlineAt?: number | undefined
  readonly inbox?: { readonly reaction: string; readonly eventIds: readonly string[] } | undefined
  /** What happened in the transactions of this scope, for the checks at its end. */
  readonly seen: { opened: number; audited: boolean; answered: boolean }
}

export type TransactionHooks = {
  /** After a commit that left rows in the outbox. */
  readonly committed: () => void
}

/**
 * Transactions of one service. What `work` announces is written in one settle statement right before the commit,
 * so it costs one statement however much it is.
 */
export function createTransactions(database: Database, schema: string, hooks: TransactionHooks) {
  return async function transaction<T>(
    scope: TransactionScope,
    work: (tx: Tx<never>) => Promise<T>,
  ): Promise<T> {
    scope.seen.opened += 1
    if (scope.inbox && scope.seen.opened > 1)
      throw new Error(`${scope.name}: an effect opens exactly one transaction`)
    return runAgain(
      () => runOnce(database, schema, hooks, scope, work),
      () => isLate(scope),
    )
  }
}

const isLate = ({ deadlineAt }: TransactionScope): boolean =>
  deadlineAt !== undefined && Date.now() >= deadlineAt

async function runOnce<T>(
  database: Database,
  schema: string,
  hooks: TransactionHooks,
  scope: TransactionScope,
  work: (tx: Tx<never>) => Promise<T>,
): Promise<T> {
  const client = await database.pool.connect()
  const query = database.queryOn(client)
  const settlement = new Settlement(schema, scope)
  let broken: Error | undefined
  try {
    await client.query('begin')
    let db: Kysely<unknown> | undefined
    const result = await work({
      get db() {
        db ??= kyselyOn(client).withSchema(schema)
        return db as unknown as Transaction<never>
      },
      query,
      emit: (type, payload, aggregate) => settlement.emit(type, payload, aggregate.version),
      schedule: (job, input, options = {}) => {
        const parsed = job.input.parse(input)
        settlement.schedule(job.name, parsed, options)
      },
      audit: (entry) => settlement.audits.push(entry),
      answer: (output) => {
        settlement.answer = { output }
      },
    })
    if (isLate(scope)) throw new Rejection('TIMEOUT')
    await settlement.write(query)
    // PostgreSQL answers ROLLBACK, and no error, when a statement failed and `work` went on regardless.
    const { command } = await client.query('commit')
    if (command !== 'COMMIT')
      throw new Error(`${scope.name}: a failed statement was ignored, nothing committed`)
    if (settlement.audits.length > 0) scope.seen.audited = true
    if (settlement.answer) scope.seen.answered = true
    if (settlement.outbox.length > 0) hooks.committed()
    return result
  } catch (error) {
    await client.query('rollback').catch((cause: Error) => {
      broken = cause
    })
    throw error
  } finally {
    client.release(broken)
  }
}

/** Of one event: what every log takes, a Kafka broker's bound for a batch (1 MB) with what goes around it. */
const MAX_EVENT_BYTES = 900_000
/** Bytes that one UTF-16 code unit becomes in UTF-8, at most. */
const BYTES_PER_UNIT = 3

type OutboxRow = {
  kind: 'event' | 'job'
  id: string
  name: string
  schema_version: number
  key: string | undefined
  aggregate_version: number | undefined
  payload: unknown
  run_at: string | undefined
}

/** Everything that a transaction records besides its own statements. */
class Settlement {
  readonly outbox: OutboxRow[] = []
  readonly audits: { subject: string; version?: number; before: unknown; after: unknown }[] = []
  answer: { output: unknown } | undefined
  readonly #schema: string
  readonly #scope: TransactionScope

  constructor(schema: string, scope: TransactionScope) {
    this.#schema = schema
    this.#scope = scope
  }

  emit(type: EventType, payload: unknown, version: number): void {
    const fact = type.payload.parse(payload)
    this.outbox.push({
      kind: 'event',
      id: v7(),
      name: type.name,
      schema_version: type.version,
      key: type.key(fact),
      aggregate_version: version,
      payload: fact,
      run_at: undefined,
    })
  }

  schedule(name: string, input: unknown, { key, runAt }: { key?: string; runAt?: Date }): void {
    this.outbox.push({
      kind: 'job',
      id: v7(),
      name,
      schema_version: 1,
      key,
      aggregate_version: undefined,
      payload: input ?? {},
      run_at: runAt?.toISOString(),
    })
  }

  /** One that no log takes would stand in the outbox for good, and all that the service announces after it would wait behind it. */
  #refuseTooLarge(): void {
    for (const { kind, name, payload } of this.outbox) {
      const bytes = Buffer.byteLength(JSON.stringify(payload))
      if (kind === 'event' && bytes > MAX_EVENT_BYTES)
        throw new RangeError(`${name} has ${bytes} bytes; an event has at most ${MAX_EVENT_BYTES}`)
    }
  }

  async write(query: Query): Promise<void> {
    const parts: string[] = []
    const values: unknown[] = []
    const parameter = (value: unknown) => `$${values.push(value)}`
    if (this.outbox.length > 0) {
      const announced = JSON.stringify(this.outbox)
      if (announced.length > MAX_EVENT_BYTES / BYTES_PER_UNIT) this.#refuseTooLarge()
      parts.push(`announced as (
        insert into "${this.#schema}".outbox (kind, id, name, schema_version, key, aggregate_version, payload, run_at, traceparent)
        select r.kind, r.id, r.name, r.schema_version, r.key, r.aggregate_version, r.payload, r.run_at, ${parameter(formatTraceparent(this.#scope.trace))}::text
        from rows from (jsonb_to_recordset(${parameter(announced)}::jsonb) as (kind text, id uuid, name text,
          schema_version int, key text, aggregate_version bigint, payload jsonb, run_at timestamptz)) with ordinality as r
        order by r.ordinality)`)
    }
    if (this.#scope.inbox) {
      parts.push(`seen as (
        insert into "${this.#schema}".inbox (reaction, event_id)
        select ${parameter(this.#scope.inbox.reaction)}::text, unnest(${parameter(this.#scope.inbox.eventIds)}::uuid[]))`)
    }
    if (this.audits.length > 0) {
      parts.push(`audited as (
        insert into "${this.#schema}".audit (actor, operation, trace_id, subject, version, before, after)
        select ${parameter(actorName(this.#scope.actor))}::text, ${parameter(this.#scope.name)}::text,
          ${parameter(this.#scope.trace.traceId)}::text, a.subject, a.version, a.before, a.after
        from jsonb_to_recordset(${parameter(JSON.stringify(this.audits))}::jsonb) as a (subject text, version int, before jsonb, after jsonb))`)
    }
    const idempotency = this.#scope.idempotency
    if (this.answer && idempotency) {
      parts.push(`answered as (
        update "${this.#schema}".idempotency
        set answer = ${parameter(JSON.stringify(this.answer.output ?? null))}::jsonb,
          headers = ${parameter(JSON.stringify(this.#scope.headers ?? {}))}::jsonb, locked_until = null
        where actor = ${parameter(idempotency.actor)}::text and operation = ${parameter(idempotency.operation)}::text
          and key = ${parameter(idempotency.key)}::text and answer is null
        returning 1)`)
    }
    if (parts.length === 0) return
    try {
      const answers = this.answer && idempotency ? '(select count(*) from answered)' : '1'
      const [row] = await query<{ settled: number }>(
        `with ${parts.join(',\n')}\nselect ${answers}::int as settled`,
        values,
      )
      // Another try of this key has committed its answer: it stands, and this effect must not come on top.
      if (row!.settled === 0) throw new Rejection('IN_PROGRESS')
    } catch (error) {
      const { code, constraint } = error as { code?: string; constraint?: string }
      if (code === '23505' && constraint === 'inbox_pkey') throw new AlreadyHandled(this.#scope.name)
      throw error
    }
  }
}
