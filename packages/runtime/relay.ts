import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Database } from './database.ts'
import type { HostedService } from './hosted.ts'
import { type EventLog, type NewEvent, topicOf } from './log.ts'
import { jobChannel } from './wake.ts'

/** Rows that one turn takes per service: bounds its memory and the log's transaction. */
const BATCH_ROWS = 500
/** Turns start at least this far apart, so that commits of the same moment share one. */
const GATHER_MS = 10
/** Pauses after a failed turn: doubled from the first to the last. */
const RETRY_FIRST_MS = 100
const RETRY_LAST_MS = 5_000

export type Relay = {
  /** These services may have rows in their outbox. Ignored for those that another process relays. */
  readonly wake: (services: readonly string[]) => void
  /** Whether all outboxes of these services are empty. */
  readonly isEmpty: (services: readonly string[]) => Promise<boolean>
  /** Waits for the turn that runs. */
  readonly stop: () => Promise<void>
}

export type RelayOptions = {
  /** All live in `database`. */
  readonly services: readonly HostedService[]
  readonly database: Database
  readonly log: EventLog
  readonly logger: Logger
  /** Whether this process relays the service; another may do the same for a while without harm. */
  readonly leads: (service: string) => boolean
  /** A job was handed to the runner that may not start before that time. What is due at once is announced. */
  readonly scheduled: (at: Date) => void
}

type Row = {
  service: string
  position: number
  kind: 'event' | 'job'
  id: string
  name: string
  schema_version: number
  key: string
  aggregate_version: number
  payload: unknown
  traceparent: string | null
  run_at: Date | null
  occurred_at: Date
}

/**
 * Moves what the services of one database have committed to where it belongs: events to the log, jobs to the runner.
 *
 * Nothing is lost, whoever else does the same: a row leaves the outbox after the log has it (which drops repetitions by
 * their id), a job in the very transaction that hands it over. Events of one key keep their order, though positions become
 * visible out of order: the aggregate's row is locked while its position is drawn, so a batch in position order that
 * holds an event holds every earlier one of its key, unless the log has it already.
 */
export function createRelay({ services, database, log, logger, leads, scheduled }: RelayOptions): Relay {
  const known = new Map(services.map((service) => [service.name, service]))
  const woken = new Set<string>()
  /** Positions that are in the log, to be deleted with the next read. */
  const delivered = new Map<string, number[]>()
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let lastStart = 0
  const stopping = new AbortController()
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {})

  const start = () => {
    if (running || timer || stopping.signal.aborted || woken.size === 0) return
    const wait = lastStart + GATHER_MS - performance.now()
    const go = () => {
      timer = undefined
      lastStart = performance.now()
      running = run().finally(() => {
        running = undefined
        start()
      })
    }
    if (wait > 1) timer = setTimeout(go, wait)
    else go()
  }

  const run = async () => {
    let pauseMs = RETRY_FIRST_MS
    while (!stopping.signal.aborted) {
      const names = [...new Set([...woken].filter(leads).concat(...delivered.keys()))].sort()
      woken.clear()
      if (names.length === 0) return
      try {
        const rows = await take(names)
        if (rows.length === 0) return
        await Promise.all([relayEvents(rows), relayJobs(rows)])
        for (const [service, own] of Map.groupBy(rows, (row) => row.service))
          if (own.length === BATCH_ROWS) woken.add(service)
        pauseMs = RETRY_FIRST_MS
        // What the log has by now is deleted with the next turn, at the latest with the next beat: a turn for that alone costs as much.
        if (woken.size === 0) return
        if (rows.length < BATCH_ROWS && performance.now() - lastStart < GATHER_MS) {
          await pause(GATHER_MS)
        }
        lastStart = performance.now()
      } catch (error) {
        for (const name of names) woken.add(name)
        logger.warn(
          { err: error, services: names, pauseMs },
          'the relay waits: what is announced stays in the outbox',
        )
        await pause(pauseMs)
        pauseMs = Math.min(pauseMs * 2, RETRY_LAST_MS)
      }
    }
  }

  /** The oldest rows of each service; deletes those that were delivered before, in the same statement. */
  const take = async (names: readonly string[]): Promise<Row[]> => {
    const done = names.map((name) => delivered.get(name) ?? [])
    const rows = await database.query<Row>(takeStatement(names), done)
    for (const name of names) delivered.delete(name)
    return rows
  }

  const relayEvents = async (rows: readonly Row[]) => {
    const events = rows.filter(({ kind }) => kind === 'event')
    if (events.length === 0) return
    await log.append(events.map(toEvent))
    for (const { service, position } of events) {
      const positions = delivered.get(service)
      if (positions) positions.push(position)
      else delivered.set(service, [position])
    }
  }

  const relayJobs = async (rows: readonly Row[]) => {
    const jobs = rows.filter(({ kind }) => kind === 'job')
    if (jobs.length === 0) return
    for (const [name, own] of Map.groupBy(jobs, ({ service }) => service)) {
      const maxAttempts = Object.fromEntries(
        known.get(name)!.service.jobs.map((job) => [job.name, job.maxAttempts ?? null]),
      )
      await database.query(handOverStatement(name), [
        own.map(({ position }) => position),
        JSON.stringify(maxAttempts),
      ])
    }
    for (const { run_at } of jobs) if (run_at) scheduled(run_at)
  }

  return {
    wake: (names) => {
      for (const name of names) if (known.has(name) && leads(name)) woken.add(name)
      start()
    },
    isEmpty: async (names) => {
      if (running || delivered.size > 0) return false
      const own = names.filter((name) => known.has(name))
      if (own.length === 0) return true
      const rows = await database.query<{ empty: boolean }>(
        `select not (${own.map((name) => `exists (select from "${name}".outbox)`).join(' or ')}) as empty`,
      )
      return rows[0]!.empty
    },
    stop: async () => {
      stopping.abort()
      clearTimeout(timer)
      await running
      // The last turn's rows are in the log: leaving them is harmless, deleting them spares the next process the work.
      if (delivered.size > 0) await take([...delivered.keys()].sort()).catch(() => {})
    },
  }
}

/** `set_config` makes only this commit lazy: a deletion lost in a crash is a repetition, which the log drops. */
const takeStatement = (names: readonly string[]): string => {
  const deletions = names.map(
    (name, index) =>
      `gone${index} as (delete from "${name}".outbox using relaxed where relaxed.value is not null and position = any($${index + 1}::bigint[]))`,
  )
  const reads = names.map(
    (name, index) => `
      (select '${name}' as service, position, kind, id, name, schema_version, key, aggregate_version,
        case kind when 'event' then payload end as payload, traceparent, run_at, occurred_at
      from "${name}".outbox where position <> all($${index + 1}::bigint[]) order by position limit ${BATCH_ROWS})`,
  )
  return `with relaxed as materialized (select set_config('synchronous_commit', 'off', true) as value),
    ${deletions.join(',\n')}
    select * from (${reads.join(' union all ')}) batch order by service, position`
}

/**
 * Deletes jobs and gives them to graphile-worker in one statement. Of several with one key only the last counts, as it
 * would have replaced the others. Those who host the service are told how many are due: the runner itself would wake every process
 * of the platform for each. Keys and names carry the service's name; the runner's own limits are 512 and 128 characters.
 */
const handOverStatement = (name: string): string => `
  with taken as (delete from "${name}".outbox where position = any($1::bigint[]) returning *),
  latest as (select distinct on (coalesce(key, position::text), key is null) * from taken
    order by coalesce(key, position::text), key is null, position desc)
  select case when due > 0 then pg_notify('${jobChannel(name)}', due::text) end
  from (select count(*) as added, (select count(*) from latest where coalesce(run_at, now()) <= now()) as due
    from graphile_worker.add_jobs(array(
    select (
      '${name}/' || name,
      json_build_object('input', payload, 'traceparent', traceparent),
      null::text,
      coalesce(run_at, now()),
      ($2::jsonb ->> name)::smallint,
      '${name}/' || case when length(key) > 400 then md5(key) else key end,
      null::smallint,
      null::text[]
    )::graphile_worker.job_spec
    from latest order by position))) handed`

const toEvent = (row: Row): NewEvent => ({
  id: row.id,
  topic: topicOf(row.name),
  type: row.name,
  schemaVersion: row.schema_version,
  key: row.key,
  version: row.aggregate_version,
  payload: row.payload,
  traceparent: row.traceparent ?? undefined,
  occurredAt: row.occurred_at,
})
