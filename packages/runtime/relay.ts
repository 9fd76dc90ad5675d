import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Database } from './database.ts'
import type { HostedService } from './hosted.ts'
import { type EventLog, type NewEvent, topicOf } from './log.ts'
import { jobChannel } from './wake.ts'

/** Events, and jobs, that one turn takes per service: bounds its memory and the log's transaction. */
const BATCH_ROWS = 500
/** A turn waits so long for its append; after that turns hand over jobs alone until it has ended. */
const SLOW_APPEND_MS = 1_000
/** Turns start at least this far apart, so that commits of the same moment share one. */
const GATHER_MS = 10
/** A process that stops waits so long for what is under way: what nobody has heard of by then is read again, a repetition. */
const STOP_MS = 1_000
/** Pauses after a failed turn: doubled from the first to the last. */
const RETRY_FIRST_MS = 100
const RETRY_LAST_MS = 5_000

export type Relay = {
  /** These services may have rows in their outbox. Ignored for those that another process relays. */
  readonly wake: (services: readonly string[]) => void
  /**
   * The age of the oldest that waits in the outbox, of each service that this process relays, in ms; 0 when nothing waits. As its last turn
   * saw it: while the database does not answer, what waited then grows older, and nothing is known of what came since.
   */
  readonly waiting: () => ReadonlyMap<string, number>
  /** Another process relays this service from now on: what was seen of it is old when it comes back. */
  readonly forget: (service: string) => void
  /** Whether all outboxes of these services are empty. */
  readonly isEmpty: (services: readonly string[]) => Promise<boolean>
  /** Waits for the turn that runs, 1 s at most. */
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
 * Nothing is lost, whoever else does the same: an event leaves the outbox after the log has it, so the log may be given it twice (the one in
 * PostgreSQL drops the second, reactions bear it), a job in the very transaction that hands it over. Events of one key keep their
 * order, though positions become visible out of order: the aggregate's row is locked while its position is drawn, so a batch in
 * position order that holds an event holds every earlier one of its key, unless the log has it already.
 */
export function createRelay({ services, database, log, logger, leads, scheduled }: RelayOptions): Relay {
  const known = new Map(services.map((service) => [service.name, service]))
  const woken = new Set<string>()
  /** When the oldest that waits was left in the outbox, by service. */
  const waitingSince = { event: new Map<string, Date>(), job: new Map<string, Date>() }
  /** Positions that are in the log, to be deleted with the next read. */
  const delivered = new Map<string, number[]>()
  /** The append that is under way, and the pause after one that failed: one at a time. */
  let appending: Promise<void> | undefined
  let appendPauseMs = RETRY_FIRST_MS
  /** Services whose events wait for it. */
  const held = new Set<string>()
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let lastStart = 0
  const stopping = new AbortController()
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {})

  const orSlow = async (appended: Promise<void>) => {
    const slow = Promise.withResolvers<void>()
    const timer = setTimeout(slow.resolve, SLOW_APPEND_MS)
    await Promise.race([appended, slow.promise])
    clearTimeout(timer)
  }

  /** Of what this process leads, the next turn deletes what was delivered; of what it has lost there is no next turn but this. */
  const isLeft = () => [...delivered.keys()].some((name) => !leads(name))

  const start = () => {
    if (running || timer || stopping.signal.aborted || (woken.size === 0 && !isLeft())) return
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
      // Events of what another process leads by now are its business: here only what was delivered is deleted.
      const led = names.filter(leads)
      woken.clear()
      if (names.length === 0) return
      try {
        if (appending) for (const name of names) held.add(name)
        const withEvents = appending ? [] : led
        const rows = await take(names, withEvents)
        const events = rows.filter(({ kind }) => kind === 'event')
        const jobs = rows.filter(({ kind }) => kind === 'job')
        found('event', withEvents, events)
        found('job', names, jobs)
        if (rows.length === 0) return
        const appended = events.length > 0 ? relayEvents(events) : undefined
        await Promise.all([relayJobs(jobs), appended && orSlow(appended)])
        for (const list of [events, jobs])
          for (const [service, own] of Map.groupBy(list, (row) => row.service))
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
        // Nobody knows whether something waits, and the next turn that can read will say since when.
        for (const name of led) if (!waitingSince.event.has(name)) waitingSince.event.set(name, new Date())
        logger.warn({ err: error, services: names, pauseMs }, 'the relay waits for the database')
        await pause(pauseMs)
        pauseMs = Math.min(pauseMs * 2, RETRY_LAST_MS)
      }
    }
  }

  const found = (kind: Row['kind'], names: readonly string[], rows: readonly Row[]) => {
    for (const name of names) waitingSince[kind].delete(name)
    for (const row of rows)
      if (!waitingSince[kind].has(row.service)) waitingSince[kind].set(row.service, row.occurred_at)
  }

  const handedOn = (kind: Row['kind'], name: string, rows: readonly Row[]) => {
    // What a full batch has left waits no longer than its last.
    if (rows.length === BATCH_ROWS) waitingSince[kind].set(name, rows.at(-1)!.occurred_at)
    else waitingSince[kind].delete(name)
  }

  /** The oldest jobs of each service, and events of some; deletes those that were delivered before, in the same statement. */
  const take = async (names: readonly string[], withEvents: readonly string[]): Promise<Row[]> => {
    const done = names.map((name) => delivered.get(name) ?? [])
    // Before the query: what an append delivers while it runs is the next turn's.
    for (const name of names) delivered.delete(name)
    try {
      return await database.query<Row>(takeStatement(names, withEvents), done)
    } catch (error) {
      names.forEach((name, index) => {
        if (done[index]!.length > 0) delivered.set(name, [...done[index]!, ...(delivered.get(name) ?? [])])
      })
      throw error
    }
  }

  /** Never rejects: what the log did not take is read again. */
  const relayEvents = (events: readonly Row[]): Promise<void> => {
    const append = async () => {
      try {
        await log.append(events.map(toEvent))
        for (const { service, position } of events) {
          const positions = delivered.get(service)
          if (positions) positions.push(position)
          else delivered.set(service, [position])
        }
        for (const [name, own] of Map.groupBy(events, ({ service }) => service)) handedOn('event', name, own)
        appendPauseMs = RETRY_FIRST_MS
      } catch (error) {
        const services = [...new Set(events.map(({ service }) => service))]
        for (const name of services) held.add(name)
        logger.warn(
          { err: error, services, pauseMs: appendPauseMs },
          'the log does not take what is announced: it stays in the outbox',
        )
        await pause(appendPauseMs)
        appendPauseMs = Math.min(appendPauseMs * 2, RETRY_LAST_MS)
      }
    }
    appending = append().finally(() => {
      appending = undefined
      for (const name of held) woken.add(name)
      held.clear()
      start()
    })
    return appending
  }

  const relayJobs = async (jobs: readonly Row[]) => {
    for (const [name, own] of Map.groupBy(jobs, ({ service }) => service)) {
      const maxAttempts = Object.fromEntries(
        known.get(name)!.service.jobs.map((job) => [job.name, job.maxAttempts ?? null]),
      )
      await database.query(handOverStatement(name), [
        own.map(({ position }) => position),
        JSON.stringify(maxAttempts),
      ])
      handedOn('job', name, own)
    }
    for (const { run_at } of jobs) if (run_at) scheduled(run_at)
  }

  return {
    wake: (names) => {
      for (const name of names) if (known.has(name) && leads(name)) woken.add(name)
      start()
    },
    waiting: () =>
      new Map(
        [...known.keys()].filter(leads).map((name) => {
          const since = [waitingSince.event.get(name), waitingSince.job.get(name)].filter(
            (one) => one !== undefined,
          )
          return [name, Math.max(0, ...since.map((one) => Date.now() - one.getTime()))]
        }),
      ),
    forget: (name) => {
      waitingSince.event.delete(name)
      waitingSince.job.delete(name)
    },
    isEmpty: async (names) => {
      if (running || appending || delivered.size > 0) return false
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
      const end = async () => {
        await running
        await appending
        // The last turn's rows are in the log: leaving them is harmless, deleting them spares the next process the work.
        if (delivered.size > 0) await take([...delivered.keys()].sort(), []).catch(() => {})
      }
      await Promise.race([end(), sleep(STOP_MS, undefined, { ref: false })])
    },
  }
}

/** `set_config` makes only this commit lazy: a deletion lost in a crash is a repetition. */
const takeStatement = (
  /** Whose delivered events to delete, in the order of the parameters. */
  names: readonly string[],
  withEvents: readonly string[],
): string => {
  const parameter = (name: string) => `$${names.indexOf(name) + 1}::bigint[]`
  const deletions = names.map(
    (name, index) =>
      `gone${index} as (delete from "${name}".outbox using relaxed where relaxed.value is not null and position = any(${parameter(name)}))`,
  )
  const read = (name: string, payload: string, which: string) => `
      (select '${name}' as service, position, kind, id, name, schema_version, key, aggregate_version,
        ${payload} as payload, traceparent, run_at, occurred_at
      from "${name}".outbox where ${which} order by position limit ${BATCH_ROWS})`
  // Each kind by itself: events that wait for the log hold up no job.
  const reads = [
    ...withEvents.map((name) =>
      read(name, 'payload', `kind = 'event' and position <> all(${parameter(name)})`),
    ),
    ...names.map((name) => read(name, 'null::jsonb', `kind = 'job'`)),
  ]
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
  select case when added < wanted then ('not handed over, for one of their keys is being fetched: ' || wanted - added)::int::text
    when due > 0 then pg_notify('${jobChannel(name)}', due::text)::text end
  from (select count(*) as added, (select count(*) from latest) as wanted,
      (select count(*) from latest where coalesce(run_at, now()) <= now()) as due
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
