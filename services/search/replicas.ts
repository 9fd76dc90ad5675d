import { setTimeout as sleep } from 'node:timers/promises'
import { SearchStatusRequested } from '@stoa/contracts/search'
import { v7 } from 'uuid'
import type { Catalogue } from './catalogue.ts'
import type { Context } from './context.ts'
import { iso } from './settings.ts'
import type { SharedCatalogue } from './shared-catalogue.ts'

type Asked = readonly { readonly productId: string; readonly version: number }[]

/** One that has not answered for so long has ended without a farewell. */
const GONE_AFTER = '1 minute'
/** An answer travels through the log and back into a table: some tens of milliseconds. */
const ANSWER_WITHIN_MS = 1_000
const LOOK_EVERY_MS = 40

export type ReplicaStatus = {
  replicaId: string
  startedAt: string
  answered: boolean
  ready: boolean
  documents: number
  bytes: number
  rebuilding: boolean
  settingsVersion: number
  missing: number
}

/** Asks every process that hosts search what it knows. Who does not answer within a second is told with what it last said. */
export async function askReplicas(ctx: Context, products: Asked): Promise<ReplicaStatus[]> {
  const askId = v7()
  await ctx.transaction(async (tx) =>
    tx.emit(SearchStatusRequested, { askId, products: [...products] }, { version: 1 }),
  )
  const deadline = performance.now() + ANSWER_WITHIN_MS
  for (;;) {
    await sleep(LOOK_EVERY_MS, undefined, { signal: ctx.signal })
    const replicas = await ctx.query<ReplicaStatus>(
      `select replica_id as "replicaId", ${iso('started_at')} as "startedAt", ask_id = $1 as answered, ready, documents, bytes,
         rebuilding, settings_version as "settingsVersion", missing
       from search.replicas where seen_at > now() - interval '${GONE_AFTER}' or ask_id = $1
       order by replica_id`,
      [askId],
    )
    const all = replicas.length > 0 && replicas.every(({ answered }) => answered)
    // One that never answered before is in no table yet: those that start together are given the time.
    if (performance.now() >= deadline || (all && performance.now() >= deadline - ANSWER_WITHIN_MS + 100))
      return replicas
  }
}

/** What this process answers when it is asked. */
export async function answerAsked(
  { query, resources: { catalogue: own } }: Pick<Context, 'query' | 'resources'>,
  catalogue: Catalogue | SharedCatalogue,
  { askId, products }: { readonly askId: string; readonly products: Asked },
): Promise<void> {
  const stats = await catalogue.engine.stats()
  await query(
    `insert into search.replicas as r (replica_id, started_at, seen_at, ask_id, ready, documents, bytes, rebuilding, settings_version, missing)
     values ($1, $2, now(), $3, $4, $5, $6, $7, $8, $9)
     on conflict (replica_id) do update set seen_at = excluded.seen_at, ask_id = excluded.ask_id, ready = excluded.ready,
       documents = excluded.documents, bytes = excluded.bytes, rebuilding = excluded.rebuilding,
       settings_version = excluded.settings_version, missing = excluded.missing`,
    [
      own.replicaId,
      own.startedAt,
      askId,
      catalogue.ready,
      stats.documents,
      Math.round(stats.bytes),
      stats.rebuilding,
      catalogue.ready ? catalogue.state.settings.version : 0,
      await catalogue.missing(products),
    ],
  )
}

/** So that nobody waits for an answer of a process that has stopped. */
export async function forgetReplica({ query }: Pick<Context, 'query'>, replicaId: string): Promise<void> {
  await query('delete from search.replicas where replica_id = $1', [replicaId])
}
