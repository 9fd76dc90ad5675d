import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CronItem,
  Logger as GraphileLogger,
  type JobHelpers,
  parseCronItems,
  type Runner,
  run,
  type TaskList,
  type WorkerEvents,
  type WorkerPool,
} from 'graphile-worker'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Database } from './database.ts'
import type { HostedService } from './hosted.ts'
import type { Leases } from './leases.ts'
import type { BackgroundMetrics } from './metrics.ts'
import { DatabasePool } from './pool.ts'
import type { Job } from './service.ts'
import { childTrace, newTrace, parseTraceparent } from './trace.ts'

/** Jobs of one database that run at once in this process. Most wait for somebody else's answer. */
const CONCURRENCY = 8
/** The runner's own connections: it keeps one to listen, one fetches and completes. They never run a handler's statements. */
const RUNNER_CONNECTIONS = 2
/** How late a job may start whose time has come, unless this process has scheduled it itself. */
const POLL_MS = 5_000
/** Where nobody can LISTEN, the poll is all that starts a job. */
const POLL_WITHOUT_LISTEN_MS = 1_000
/** Every worker of the runner looks by itself so often, and one of them with each poll of ours: the more look, the more an idle shop asks. */
const WORKER_POLL_MS = 60_000
/** A timer is late by this, so that the database's clock agrees that the time has come. */
const CLOCK_MARGIN_MS = 20
/** How long a finished job may wait for others, so that they are deleted in one statement. */
const COMPLETE_BATCH_MS = 5
/** Running jobs are told to stop after this part of the drain. */
const ABORT_AFTER_MS = 3_000
/** A runner that was cut off from its database and has not stopped by then, its jobs told to, never does. */
const CUT_OFF_MS = ABORT_AFTER_MS + 1_000
/** Jobs that have not ended by then are left to the next process. */
const DRAIN_MS = 10_000
const RESTART_FIRST_MS = 200
const RESTART_LAST_MS = 5_000
/** A daily job that fell into a time without any process is made up for within this time. */
const BACKFILL_MS = 25 * 60 * 60 * 1000
const DAILY = /^\d+ \d+ /
/** Furthest that a timer of our own replaces the poll. */
const MAX_TIMER_MS = POLL_MS
/** Jobs that are due within it share a timer: at most 100 wait at once. */
const TIMER_TICK_MS = 50

/** Work of the runtime itself, run like a service's cron job, once over all replicas. */
export type Chore = {
  readonly name: string
  readonly cron: string
  readonly run: (signal: AbortSignal) => Promise<void>
}

export type Jobs = {
  /** A job is due at that time: look then instead of with the next poll. */
  readonly due: (at: Date) => void
  /** So many jobs are due now. */
  readonly nudge: (count: number) => void
  /** Frees the jobs of workers that are known to be dead. */
  readonly unlock: (workers: readonly string[]) => Promise<void>
  /** Workers that have held a job for longer than it takes to write their lease. */
  readonly lockers: () => Promise<string[]>
  /** Whether no job of these services is due or running. */
  readonly isIdle: () => Promise<boolean>
  readonly healthy: () => boolean
  /** Fetches nothing more, waits for what runs (10 s at most), frees the rest. */
  readonly stop: () => Promise<void>
}

export type JobsOptions = {
  readonly database: Database
  /** All live in `database`. */
  readonly services: readonly HostedService[]
  readonly chores: readonly Chore[]
  readonly leases: Leases
  readonly metrics: BackgroundMetrics
  readonly logger: Logger
  readonly here: JobsHere
}

/**
 * Which jobs a process runs. `all`: those that are asked for and, by the crontab, those whose time has come. `asked`: the crontab is left
 * out, for tests, which would else depend on the minute. `none`: services' jobs are handed to the runner and wait there for another process.
 */
export type JobsHere = 'all' | 'asked' | 'none'

/**
 * Frees jobs under another id. The runner deletes by id what it has run: one that was only cut off, and ends the old run after all, would
 * delete what stands in that row by then: the same job in other hands, or a newer one of its key.
 */
const UNLOCK = `
  with freed as (delete from graphile_worker._private_jobs where locked_by = any($1::text[]) returning *)
  insert into graphile_worker._private_jobs
    (job_queue_id, task_id, payload, priority, run_at, attempts, max_attempts, last_error, created_at, key, revision, flags)
  select job_queue_id, task_id, payload, priority, run_at, attempts, max_attempts, last_error, created_at, key, revision, flags
  from freed`

export const workerLease = (worker: string): string => `worker:${worker}`

/**
 * Runs the jobs of the services that live in one database, and the crontab. A job runs at least once: after a crash it is free
 * again as soon as the lease of its worker has expired.
 */
export async function startJobs(options: JobsOptions): Promise<Jobs> {
  const { database, services, chores, leases, logger, here } = options
  const pool = openRunnerPool(database, logger)
  const pollMs = database.directUrl === undefined ? POLL_WITHOUT_LISTEN_MS : POLL_MS
  const stopping = new AbortController()
  const tasks: TaskList = {}
  const cron: CronItem[] = []
  for (const hosted of services) {
    for (const job of hosted.service.jobs) {
      const task = `${hosted.name}/${job.name}`
      if (here !== 'none') tasks[task] = (payload, helpers) => runJob(hosted, job, payload, helpers, options)
      if (job.cron) cron.push(cronItem(task, job.cron, job.maxAttempts))
    }
  }
  for (const chore of chores) {
    tasks[chore.name] = (_payload, helpers) => chore.run(helpers.abortSignal)
    cron.push(cronItem(chore.name, chore.cron, 3))
  }

  const start = async (): Promise<Running> => {
    const events: WorkerEvents = new EventEmitter()
    let running: Running | undefined
    let worker: WorkerPool | undefined
    // The library gives a pool of workers up when it could not store how a job ended, and may wait for them for ever.
    events.on('pool:gracefulShutdown', () => {
      if (!running?.ending) cut()
    })
    events.on('pool:create', ({ workerPool }) => {
      worker = workerPool
      leases.want(workerLease(workerPool.id))
    })
    const runner = await run({
      pgPool: pool,
      taskList: tasks,
      parsedCronItems: parseCronItems(here === 'all' ? cron : []),
      concurrency: CONCURRENCY,
      pollInterval: WORKER_POLL_MS,
      noHandleSignals: true,
      noPreparedStatements: database.directUrl === undefined,
      gracefulShutdownAbortTimeout: ABORT_AFTER_MS,
      events,
      logger: new GraphileLogger(() => (level, message, meta) => {
        // The library's own meta holds payloads, which are nobody's business in a log.
        const error = meta?.error instanceof Error ? { err: meta.error } : {}
        const isLogged = meta?.failure === true
        if (level === 'error' && !isLogged)
          logger.warn({ ...error, detail: message.split('\n')[0] }, 'job runner')
      }),
      preset: {
        worker: {
          // No `localQueue`: cut off from its database while it hands jobs back, it leaves a rejected promise that nobody can catch.
          completeJobBatchDelay: COMPLETE_BATCH_MS,
          failJobBatchDelay: COMPLETE_BATCH_MS,
        },
      },
    })
    const begun: Running = { runner, pool: worker!, ending: undefined }
    running = begun
    await leases.beat().catch((error: unknown) => logger.warn({ err: error }, 'leases could not be renewed'))
    runner.promise
      .catch((error: unknown) => logger.warn({ err: error }, 'the job runner has ended'))
      .finally(() => restart(begun))
    return begun
  }

  // A connection that broke may have taken the answer of a fetch with it: jobs that are locked and that nobody runs. The first connections
  // are made by the first start.
  let cuts = 0
  let current: Running | undefined
  const cut = () => {
    cuts += 1
    if (current) void restart(current)
  }
  pool.on('connect', (client) => client.on('error', cut))
  pool.on('error', cut)

  current = await start()
  const endings = new Set<Promise<void>>()
  let restarting = false

  /** Stops a runner, then frees what its worker still holds: jobs whose fetch was answered into a broken connection. */
  const end = (running: Running): Promise<void> => {
    running.ending ??= (async () => {
      const stopped = running.runner.stop().catch(() => {})
      // While we leave, others wait until jobs that run have ended. Here they may have, and the word of it was cut off for good.
      await (stopping.signal.aborted ? stopped : Promise.race([stopped, sleep(CUT_OFF_MS)]))
      for (let pauseMs = RESTART_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RESTART_LAST_MS)) {
        try {
          await unlock([running.pool.id])
          await leases.drop(workerLease(running.pool.id))
          return
        } catch (error) {
          // When we are leaving, the expired lease tells the others.
          if (stopping.signal.aborted) return
          logger.warn({ err: error, pauseMs }, 'could not free the jobs of an ended runner')
          await sleep(pauseMs)
        }
      }
    })()
    endings.add(running.ending)
    running.ending.finally(() => endings.delete(running.ending!))
    return running.ending
  }

  const restart = async (running: Running) => {
    if (running !== current || stopping.signal.aborted || restarting) return
    restarting = true
    current = undefined
    void end(running)
    for (
      let pauseMs = RESTART_FIRST_MS;
      !stopping.signal.aborted;
      pauseMs = Math.min(pauseMs * 2, RESTART_LAST_MS)
    ) {
      await sleep(pauseMs)
      try {
        const before = cuts
        const started = await start()
        if (cuts === before) {
          current = started
          break
        }
        // Cut while it started: it may hold jobs already.
        void end(started)
      } catch (error) {
        logger.warn({ err: error, pauseMs }, 'the job runner waits for the database')
      }
    }
    restarting = false
    if (stopping.signal.aborted && current) await end(current)
  }
  // While it started, nobody could be begun anew.
  if (cuts > 0) void restart(current)
  /** The library throws when one of its workers has ended meanwhile; the next runner, or the poll, looks for what there is. */
  const nudge = (count: number) => {
    if (!current || current.ending) return
    try {
      current.pool.nudge(count)
    } catch (error) {
      logger.debug({ err: error }, 'a job runner is ending')
    }
  }

  const unlock = async (workers: readonly string[]) => {
    await database.query(UNLOCK, [workers])
    nudge(CONCURRENCY)
  }

  const poll = setInterval(() => nudge(1), pollMs).unref()

  const timers = new Map<number, NodeJS.Timeout>()
  return {
    due: (at) => {
      const now = Date.now()
      if (at.getTime() > now + MAX_TIMER_MS) return
      // One whose time has just come here may have been early by the database's clock, which announces what is due.
      const tick = Math.ceil(Math.max(at.getTime(), now) / TIMER_TICK_MS) * TIMER_TICK_MS
      if (timers.has(tick)) return
      const handle = setTimeout(
        () => {
          timers.delete(tick)
          nudge(1)
        },
        tick - now + CLOCK_MARGIN_MS,
      )
      timers.set(tick, handle.unref())
    },
    nudge: (count) => nudge(Math.min(count, CONCURRENCY)),
    unlock,
    lockers: async () => {
      const rows = await database.query<{ locked_by: string }>(
        `select distinct locked_by from graphile_worker._private_jobs where locked_at < now() - interval '30 seconds'`,
      )
      return rows.map((row) => row.locked_by)
    },
    isIdle: async () => {
      const rows = await database.query<{ idle: boolean }>(
        `select not exists (
          select from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
          where t.identifier = any($1) and (j.locked_at is not null or (j.is_available and j.run_at <= now()))) as idle`,
        [Object.keys(tasks)],
      )
      if (!rows[0]!.idle) nudge(CONCURRENCY)
      return rows[0]!.idle
    },
    healthy: () => current !== undefined,
    stop: async () => {
      stopping.abort()
      clearInterval(poll)
      for (const handle of timers.values()) clearTimeout(handle)
      if (current) void end(current)
      await Promise.race([Promise.all(endings), sleep(DRAIN_MS, undefined, { ref: false })])
      await Promise.race([pool.end(), sleep(1_000, undefined, { ref: false })])
    },
  }
}

type Running = { readonly runner: Runner; readonly pool: WorkerPool; ending: Promise<void> | undefined }

function openRunnerPool({ name, url, directUrl }: Database, log: Logger): DatabasePool {
  return new DatabasePool({
    url: directUrl ?? url,
    size: RUNNER_CONNECTIONS,
    application_name: 'stoa jobs',
    // It would hear of every job of the platform, and ask for each: who hosts a service is told of that service's jobs alone.
    withoutListen: true,
    ...(directUrl === undefined ? {} : { statement_timeout: 15_000 }),
    log: log.child({ database: name, pool: 'jobs' }),
  })
}

function cronItem(task: string, match: string, maxAttempts: number | undefined): CronItem {
  return {
    task,
    match,
    identifier: task,
    options: {
      // At most one waits, however long nobody could run it.
      jobKey: `cron:${task}`,
      jobKeyMode: 'preserve_run_at',
      backfillPeriod: DAILY.test(match) ? BACKFILL_MS : 0,
      ...(maxAttempts !== undefined && { maxAttempts }),
    },
  }
}

const payloadSchema = z.object({ input: z.unknown().optional(), traceparent: z.string().nullish() })

async function runJob(
  hosted: HostedService,
  // biome-ignore lint/suspicious/noExplicitAny: as declared
  job: Job<any, any>,
  payload: unknown,
  { job: { id, attempts, max_attempts }, abortSignal }: JobHelpers,
  { database, metrics }: JobsOptions,
): Promise<void> {
  const name = `${hosted.name}/${job.name}`
  const startedAt = performance.now()
  const observe = (outcome: 'done' | 'failed') =>
    metrics.jobSeconds.observe({ job: name, outcome }, (performance.now() - startedAt) / 1000)
  // A crontab's payload has neither.
  const { input = {}, traceparent } = payloadSchema.safeParse(payload).data ?? {}
  const read = job.input.safeParse(input)
  if (!read.success) {
    // It will not fit tomorrow either. The library counts attempts in the row: it is out of them.
    await database.query('update graphile_worker._private_jobs set attempts = max_attempts where id = $1', [
      id,
    ])
    hosted.log.error(
      { job: name, jobId: id, err: read.error },
      'a job is given up: its input does not fit its schema',
    )
    observe('failed')
    throw new Error(`the input of ${name} does not fit its schema`)
  }
  const parent = parseTraceparent(traceparent ?? undefined)
  try {
    const context = hosted.context({
      trace: parent ? childTrace(parent) : newTrace(),
      signal: abortSignal,
      name: job.name,
    })
    await job.handle(read.data, context)
    observe('done')
  } catch (error) {
    observe('failed')
    const last = attempts >= max_attempts
    const fields = { err: error, job: name, jobId: id, attempt: attempts, maxAttempts: max_attempts }
    if (last) hosted.log.error(fields, 'a job is given up: it failed too often')
    else hosted.log.warn(fields, 'a job failed and will be tried again')
    throw error
  }
}
