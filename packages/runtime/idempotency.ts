import { createHash } from 'node:crypto'
import { type Operation, Rejection } from '@stoa/contract'
import { v7 } from 'uuid'
import type { Database } from './database.ts'
import type { Answer } from './edge.ts'

/** The row that remembers one keyed call: who asked, for what, under which key. */
export type IdempotencyScope = { readonly actor: string; readonly operation: string; readonly key: string }

export type Claim =
  | { readonly state: 'ours'; readonly newId: string; readonly laterTry: boolean; readonly lock: Lock }
  | { readonly state: 'answered'; readonly answer: unknown; readonly headers: Record<string, string> }

/** Names the try that holds a key: a try that was overtaken must not free what its successor holds. */
export type Lock = string

/** A crashed try blocks the next one for at most its deadline and this: a commit that began in time ends within it. */
const LOCK_MARGIN_MS = 1_000

/**
 * Claims a key for one try, or brings the answer of an earlier one. A duplicate in flight is waited for, without holding a
 * connection, until the deadline: then 409 IN_PROGRESS. Another input under the same key: 422 IDEMPOTENCY_KEY_REUSED.
 */
export async function claim(
  { database, schema }: { database: Database; schema: string },
  scope: IdempotencyScope,
  { input, operation, deadlineAt }: { input: unknown; operation: Operation; deadlineAt: number },
): Promise<Claim> {
  const hash = createHash('sha256').update(canonicalJson(input)).digest()
  const lockMs = (operation.deadlineMs ?? 10_000) + LOCK_MARGIN_MS
  const key = [scope.actor, scope.operation, scope.key]
  for (let pauseMs = 15; ; pauseMs = Math.min(pauseMs * 2, 250)) {
    const id = v7()
    const [ours] = await database.query<{ new_id: string; lock: Lock }>(
      `insert into "${schema}".idempotency as i (actor, operation, key, body_hash, new_id, locked_until)
       values ($1, $2, $3, $4, $5, now() + $6 * interval '1 ms')
       on conflict (actor, operation, key) do update set locked_until = excluded.locked_until
         where i.answer is null and i.body_hash = excluded.body_hash
           and (i.locked_until is null or i.locked_until < now())
       returning new_id, locked_until::text as lock`,
      [...key, hash, id, lockMs],
    )
    if (ours) return { state: 'ours', newId: ours.new_id, laterTry: ours.new_id !== id, lock: ours.lock }
    const [theirs] = await database.query<{
      body_hash: Buffer
      answer: unknown
      headers: Record<string, string> | null
      answered: boolean
    }>(
      `select body_hash, answer, headers, answer is not null as answered from "${schema}".idempotency
       where actor = $1 and operation = $2 and key = $3`,
      key,
    )
    if (theirs && !theirs.body_hash.equals(hash)) throw new Rejection('IDEMPOTENCY_KEY_REUSED')
    if (theirs?.answered) return { state: 'answered', answer: theirs.answer, headers: theirs.headers ?? {} }
    if (Date.now() + pauseMs >= deadlineAt) throw new Rejection('IN_PROGRESS')
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

/** Remembers the answer of an operation that did not store it with its effect. The first answer stands. */
export async function remember(
  { database, schema }: { database: Database; schema: string },
  scope: IdempotencyScope,
  { output, headers }: Answer,
): Promise<void> {
  await database.query(
    `update "${schema}".idempotency set answer = $4::jsonb, headers = $5::jsonb, locked_until = null
     where actor = $1 and operation = $2 and key = $3 and answer is null`,
    [scope.actor, scope.operation, scope.key, JSON.stringify(output ?? null), JSON.stringify(headers)],
  )
}

/** Frees the key after a failure, so that the next try need not wait. Best effort: the lock runs out by itself. */
export async function release(
  { database, schema }: { database: Database; schema: string },
  scope: IdempotencyScope,
  lock: Lock,
): Promise<void> {
  await database
    .query(
      `update "${schema}".idempotency set locked_until = null
       where actor = $1 and operation = $2 and key = $3 and answer is null and locked_until = $4::timestamptz`,
      [scope.actor, scope.operation, scope.key, lock],
    )
    .catch(() => {})
}

/** The same text for the same value, whatever the order in which the caller named its fields. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : part,
  )
}
