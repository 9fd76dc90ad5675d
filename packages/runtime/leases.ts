import type { Logger } from 'pino'
import type { Query } from './service.ts'

/** A lease that is not renewed is free after this. With a beat every 5 s, a dead process is replaced within 20 s. */
export const LEASE_VALIDITY_MS = 15_000
/** Two beats may be lost before a lease expires. */
export const LEASE_BEAT_MS = 5_000
/** Of a lease's validity: two beats. */
const GRACE = 2 / 3

export type LeaseWatcher = {
  readonly acquired: () => void
  /** Another owner has it, or it has not been renewed for its whole validity. */
  readonly lost: () => void
}

/**
 * Elects one process per name, by rows in one database (the log's, or each service's own when the log is in Kafka) and its clock. A lease may have expired under
 * a holder who does not know yet, so what it guards must be correct without it.
 */
export type Leases = {
  readonly owner: string
  readonly want: (name: string, watcher?: LeaseWatcher) => void
  /** Gives a lease up. */
  readonly drop: (name: string) => Promise<void>
  readonly holds: (name: string) => boolean
  /**
   * Renews what we hold and takes what is free, in one statement. Answers the expired names of others that start with `worker:`. After
   * a silence of our own of two beats, and at first, it answers none for as long: what kept us from beating may have kept the others.
   */
  readonly beat: () => Promise<readonly string[]>
  /** Which of these names have no lease at all, expired ones included. */
  readonly unknown: (names: readonly string[]) => Promise<string[]>
  /** Frees everything at once, so that others need not wait. */
  readonly release: () => Promise<void>
}

export type LeaseOptions = {
  readonly query: Query
  readonly owner: string
  readonly logger: Logger
  readonly validityMs?: number
}

const BEAT = `
  with relaxed as materialized (select set_config('synchronous_commit', 'off', true) as value),
  mine as (
    insert into log.lease as l (name, owner, until)
    select wanted.name, $2, clock_timestamp() + $3 * interval '1 millisecond'
    from relaxed, unnest($1::text[]) as wanted (name)
    where relaxed.value is not null
    order by wanted.name
    on conflict (name) do update set owner = excluded.owner, until = excluded.until
    where l.owner = excluded.owner or l.until < clock_timestamp()
    returning name)
  select array(select name from mine) as held,
    array(select name from log.lease where name like 'worker:%' and until < clock_timestamp()
      -- What this very statement renews is seen here as it was before.
      and name <> all($1::text[])) as dead`

export function createLeases({ query, owner, logger, validityMs = LEASE_VALIDITY_MS }: LeaseOptions): Leases {
  const wanted = new Map<string, LeaseWatcher | undefined>()
  /** Name -> until when we may believe in it, by this process's monotonic clock. */
  const held = new Map<string, number>()
  const graceMs = validityMs * GRACE
  /** When the last beat began that was answered, and the first of those that followed each other without a silence. */
  let lastBeatAt = Number.NEGATIVE_INFINITY
  let steadySince = 0
  let released = false

  const lose = (name: string) => {
    if (!held.delete(name)) return
    logger.info({ lease: name }, 'lease lost')
    wanted.get(name)?.lost()
  }

  return {
    owner,
    want: (name, watcher) => void wanted.set(name, watcher),
    drop: async (name) => {
      wanted.delete(name)
      held.delete(name)
      await query('delete from log.lease where name = $1 and owner = $2', [name, owner])
    },
    holds: (name) => (held.get(name) ?? 0) > performance.now(),
    beat: async () => {
      if (released || wanted.size === 0) return []
      const startedAt = performance.now()
      let answer: { held: string[]; dead: string[] } | undefined
      try {
        const rows = await query<{ held: string[]; dead: string[] }>(BEAT, [
          [...wanted.keys()],
          owner,
          validityMs,
        ])
        answer = rows[0]!
      } catch (error) {
        for (const [name, until] of held) if (until <= performance.now()) lose(name)
        throw error
      }
      if (released) return []
      if (startedAt - lastBeatAt > graceMs) steadySince = startedAt
      lastBeatAt = startedAt
      const now = new Set(answer.held)
      for (const name of [...held.keys()]) if (!now.has(name)) lose(name)
      for (const name of now) {
        const isNew = !held.has(name)
        if (!wanted.has(name)) continue
        held.set(name, startedAt + validityMs)
        if (isNew) wanted.get(name)?.acquired()
      }
      return startedAt - steadySince < graceMs ? [] : answer.dead
    },
    unknown: async (names) => {
      if (names.length === 0) return []
      const rows = await query<{ name: string }>('select name from log.lease where name = any($1)', [names])
      const known = new Set(rows.map((row) => row.name))
      return names.filter((name) => !known.has(name))
    },
    release: async () => {
      released = true
      held.clear()
      wanted.clear()
      await query('delete from log.lease where owner = $1', [owner])
    },
  }
}
