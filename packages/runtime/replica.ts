import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import type { Logger } from 'pino'
import { isOutage, isRetryable } from './database-errors.ts'
import { degraded } from './edge.ts'
import { type DatabasePool, onClient } from './pool.ts'
import type { Query } from './service.ts'
import { TIMELINE } from './timeline.ts'

/** What has been found out about a replica holds for so long. */
const LOOK_EVERY_MS = 1_000
/** Nobody waits longer for what a look finds out: the primary answers instead. */
const LOOK_TIMEOUT_MS = 1_000
/** A replica is a moment behind while something is written: it is asked so often whether it has come to where the primary was. */
const TRIES = 3
const TRY_AGAIN_MS = 20

/** Reads that may be some seconds behind: of a replica, while there is one that is not too far behind, else of the primary. */
export type Reader = {
  // biome-ignore lint/suspicious/noExplicitAny: each service sees it through its own tables
  readonly db: Kysely<any>
  readonly query: Query
}

export type Replica = {
  readonly reader: Reader
  readonly pool: DatabasePool
  /** Asks both servers: seconds that the replica is behind, infinity when either does not say within a second. */
  readonly lagSeconds: () => Promise<number>
  readonly close: () => Promise<void>
  /** A check for the process's health: without a replica the primary answers. */
  readonly health: () => Promise<string>
}

export type ReplicaOptions = {
  readonly pool: DatabasePool
  readonly queryOn: (client: pg.PoolClient) => Query
  readonly primary: DatabasePool
  /** One connection each to ask where both stand: behind a crowd that waits for the others the answer would come too late. */
  readonly looks: { readonly primary: DatabasePool; readonly replica: DatabasePool }
  readonly maxLagMs: number
  readonly log: Logger
}

/**
 * A server that repeats what the primary writes. It is behind by nothing when it has come to where the primary was a moment ago, else by
 * the age of what it repeated last, by the primary's clock: no clocks are compared, and a replica that was cut off from its
 * primary and believes that it is up to date is found out.
 */
export function openReplica({ pool, queryOn, primary, looks, maxLagMs, log }: ReplicaOptions): Replica {
  let found = { at: Number.NEGATIVE_INFINITY, lagMs: 0 }
  let looking: Promise<number> | undefined

  const ask = async (): Promise<number> => {
    const now = (await looks.primary.query<Position>(PRIMARY_POSITION)).rows[0]!
    for (let tries = 1; ; tries += 1) {
      const there = (await looks.replica.query<Position>(REPLICA_POSITION)).rows[0]!
      if (there.timeline !== null && there.timeline !== now.timeline) return Infinity
      if (there.position >= now.position) return 0
      if (tries === TRIES) return there.at === null ? Infinity : Math.max(1, (now.at! - there.at) * 1_000)
      await sleep(TRY_AGAIN_MS)
    }
  }
  const look = (): Promise<number> => {
    looking ??= (async () => {
      const at = performance.now()
      const asked = ask().catch((error: unknown) => {
        log.debug({ err: error }, 'the replica could not be asked how far it is')
        return Infinity
      })
      const late = sleep(LOOK_TIMEOUT_MS, Infinity, { ref: false })
      const lagMs = await Promise.race([asked, late])
      const [was, is] = [found.lagMs <= maxLagMs, lagMs <= maxLagMs]
      if (was && !is) log.warn({ lagMs }, 'the replica is away or too far behind: the primary answers')
      if (!was && is) log.info('the replica answers again')
      found = { at, lagMs }
      return lagMs
    })().finally(() => {
      looking = undefined
    })
    return looking
  }
  const isUsable = async (): Promise<boolean> => {
    const ageMs = performance.now() - found.at
    if (ageMs < LOOK_EVERY_MS) return found.lagMs + ageMs <= maxLagMs
    // Nobody waits to hear once more that it is away.
    if (found.lagMs > maxLagMs && found.at > 0) {
      void look()
      return false
    }
    return (await look()) <= maxLagMs
  }

  const read = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    if (await isUsable()) {
      try {
        return await onClient(pool, work)
      } catch (error) {
        if ((error as { code?: string }).code === READ_ONLY)
          throw new Error('what reads from a replica writes nothing outside of a transaction', {
            cause: error,
          })
        // A statement that took too long there has no time left here. One that was in the way of what the replica repeats has.
        if ((error as { code?: string }).code === CANCELLED) throw error
        if (!isOutage(error) && !isRetryable(error)) throw error
        if (!isRetryable(error)) found = { at: performance.now(), lagMs: Infinity }
        log.debug({ err: error }, 'a read goes to the primary: the replica failed')
      }
    }
    return onClient(primary, work)
  }
  const client = (text: string, values?: unknown[]) => {
    if (/^(begin|start transaction)\b/.test(text))
      return Promise.reject(new Error('what reads from a replica opens its transaction with ctx.transaction'))
    return read((real) => real.query(text, values))
  }
  return {
    pool,
    lagSeconds: async () => (await look()) / 1_000,
    close: async () => {
      await Promise.all([pool.end(), looks.primary.end(), looks.replica.end()])
    },
    health: async () => {
      const lagMs = await look()
      if (lagMs <= maxLagMs) return 'ok'
      return degraded(lagMs === Infinity ? 'does not answer' : `is ${Math.round(lagMs / 1_000)} s behind`)
    },
    reader: {
      query: (text, values) => read((real) => queryOn(real)(text, values)),
      db: new Kysely({
        dialect: new PostgresDialect({
          pool: {
            connect: async () => ({ query: client, release() {} }) as unknown as pg.PoolClient,
            end: async () => {},
          } as unknown as pg.Pool,
        }),
      }),
    },
  }
}

const CANCELLED = '57014'
const READ_ONLY = '25006'

type Position = { readonly position: number; readonly at: number | null; readonly timeline: string | null }

const PRIMARY_POSITION = `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8 as position,
  extract(epoch from clock_timestamp())::float8 as at, ${TIMELINE} as timeline`
/** A server that writes by itself is the primary under another name, or has a history of its own by now: its timeline tells. */
const REPLICA_POSITION = `select
  pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, '0/0')::int8 as position,
  extract(epoch from pg_last_xact_replay_timestamp())::float8 as at,
  case when not pg_is_in_recovery() then ${TIMELINE} end as timeline`
