import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { type Database, openDatabase } from './database.ts'
import { degraded } from './edge.ts'
import type { HostedService } from './hosted.ts'
import { type Jobs, type JobsHere, startJobs, workerLease } from './jobs.ts'
import { createLeases, LEASE_BEAT_MS, type Leases } from './leases.ts'
import type { EventLog } from './log.ts'
import { createBackgroundMetrics } from './metrics.ts'
import { migrateLog } from './postgres-log.ts'
import {
  type PutBackFilter,
  putBack,
  type Reactions,
  replay,
  republish,
  startReactions,
} from './reactions.ts'
import { createRelay, type Relay } from './relay.ts'
import { jobRetention, logRetention, serviceRetention } from './retention.ts'
import {
  createNotifier,
  jobChannel,
  LEASE_CHANNEL,
  type Listener,
  listen,
  logChannel,
  OUTBOX_CHANNEL,
} from './wake.ts'

/** Without LISTEN, work is looked for this often. */
const POLL_MS = 1_000
/** One beat in so many, once a minute, also looks for jobs that are locked by nobody. */
const ORPHAN_BEATS = 12
/** What handlers get to finish when the process stops. */
const DRAIN_MS = 10_000
/** What each step after that gets, whoever is silent then: the leases must be free before the process is ended. */
const STEP_MS = 1_000
const SETTLE_TIMEOUT_MS = 20_000

/** What this process does besides answering calls: relays, reactions, jobs, retention. */
export type Background = {
  /** A transaction of the service has left rows in its outbox. */
  readonly committed: (service: string) => void
  /** Resolves when all that was announced has had its effect and no job is due. For tests. */
  readonly settled: (timeoutMs?: number) => Promise<void>
  /** Runs parked events of a hosted service again; those that succeed leave. */
  readonly putBack: (service: string, filter?: PutBackFilter) => ReturnType<typeof putBack>
  /** Hands a hosted service's projections again what the log has from a time on. */
  readonly replay: (service: string, from: Date) => ReturnType<typeof replay>
  /** Emits the current state of a hosted service again. Answers the number of pages. */
  readonly republish: (service: string) => Promise<number>
  /** `ok`, or what is wrong, by part. */
  readonly health: () => Record<string, string>
  /** Takes nothing more, lets what runs finish (10 s at most), then frees leases and jobs for the other processes: five steps of a second at most. */
  readonly stop: () => Promise<void>
}

export type BackgroundOptions = {
  readonly services: readonly HostedService[]
  readonly log: EventLog
  /** Where the log's tables are: processes agree there on who leads what. Absent: in each service's own database. */
  readonly logDatabase: Database | undefined
  readonly metrics: Registry
  readonly logger: Logger
  /** This process's name in leases: unique, new at every start. */
  readonly instance: string
  readonly jobs: JobsHere
}

/**
 * One pump per process: notifications wake it, one beat every 5 s renews the leases and looks for what a lost notification
 * has left. Idle, that is three statements per beat and one poll of the job runner per database: less than one a second. With the
 * log in Kafka the leases live in each database, so there is one such statement more per further database.
 */
export async function startBackground(options: BackgroundOptions): Promise<Background> {
  const { services, log, logDatabase, logger, instance } = options
  const aborted = new AbortController()
  const metrics = createBackgroundMetrics(options.metrics, {
    progress: () => reactions?.progress() ?? new Map(),
    logIsUp: () => log.trouble() === undefined,
    waiting: () => new Map(parts.flatMap(({ relay }) => [...relay.waiting()])),
  })
  const leasesIn = new Map<Database, Leases>()
  /** Leases have a connection of their own: behind a crowd that waits for the calls' they would expire. */
  const leaseDatabases = new Map<Leases, Database>()
  const leasesFor = async (database: Database): Promise<Leases> => {
    const place = logDatabase ?? database
    let leases = leasesIn.get(place)
    if (!leases) {
      if (!logDatabase) await migrateLog(place)
      const own = openDatabase({
        name: place.name,
        url: place.url,
        directUrl: place.directUrl,
        poolSize: 1,
        applicationName: 'stoa leases',
        log: logger.child({ pool: 'leases' }),
      })
      leases = createLeases({ query: own.query, owner: instance, logger })
      leaseDatabases.set(leases, own)
      leasesIn.set(place, leases)
    }
    return leases
  }
  if (logDatabase) await leasesFor(logDatabase)
  // A service without tables has no outbox and no jobs: it only hears.
  const byDatabase = Map.groupBy(
    services.filter(({ service }) => service.migrations),
    ({ database }) => database,
  )
  const leads = (service: string) => partOf.get(service)?.leases.holds(`relay:${service}`) ?? false
  let reactions: Reactions | undefined
  const jobs: Jobs[] = []
  const parts: {
    database: Database
    names: string[]
    relay: Relay
    jobs: Jobs
    leases: Leases
    notifier: ReturnType<typeof createNotifier>
  }[] = []
  const partOf = new Map<string, (typeof parts)[number]>()

  for (const [database, own] of byDatabase) {
    const leases = await leasesFor(database)
    const runner = await startJobs({
      database,
      services: own,
      chores: [...own.map(serviceRetention), jobRetention(database), logRetention(logDatabase ?? database)],
      leases,
      metrics,
      logger,
      here: options.jobs,
    })
    jobs.push(runner)
    const relay = createRelay({ services: own, database, log, logger, leads, scheduled: runner.due })
    const part = {
      database,
      names: own.map(({ name }) => name),
      relay,
      jobs: runner,
      leases,
      notifier: createNotifier(database.query, OUTBOX_CHANNEL),
    }
    parts.push(part)
    for (const { name } of own) {
      partOf.set(name, part)
      leases.want(`relay:${name}`, { acquired: () => relay.wake([name]), lost: () => relay.forget(name) })
    }
  }

  const lookEverywhere = () => {
    for (const { relay, names } of parts) relay.wake(names)
    log.look()
  }

  /** Workers whose jobs we have freed, until they come back to life or their lease is swept. */
  const buried = new Map<Leases, Set<string>>()
  let beats = 0
  const runnersUnder = (leases: Leases) =>
    parts.filter((part) => part.leases === leases).map(({ jobs }) => jobs)
  /** Jobs of a process that died before its first beat: its workers have never had a lease. */
  const unlockOrphans = async (leases: Leases) => {
    for (const runner of runnersUnder(leases)) {
      const workers = await runner.lockers()
      const unknown = await leases.unknown(workers.map(workerLease))
      if (unknown.length > 0) await runner.unlock(unknown.map((name) => name.slice('worker:'.length)))
    }
  }
  const bury = async (leases: Leases, dead: readonly string[], lookForOrphans: boolean) => {
    try {
      const workers = dead.map((name) => name.slice('worker:'.length))
      const fresh = workers.filter((worker) => !buried.get(leases)?.has(worker))
      if (fresh.length > 0) await Promise.all(runnersUnder(leases).map((runner) => runner.unlock(fresh)))
      buried.set(leases, new Set(workers))
      if (lookForOrphans) await unlockOrphans(leases)
    } catch (error) {
      logger.warn({ err: error }, 'jobs of processes that died could not be freed')
    }
  }
  /** One at a time per database, in the queue of the calls: no beat waits for it. */
  const burying = new Map<Leases, Promise<void>>()
  const beatIn = async (leases: Leases) => {
    const lookForOrphans = beats % ORPHAN_BEATS === 0
    try {
      const dead = await leases.beat()
      if (burying.has(leases)) return
      burying.set(
        leases,
        bury(leases, dead, lookForOrphans).finally(() => burying.delete(leases)),
      )
    } catch (error) {
      logger.warn({ err: error }, 'leases could not be renewed')
    }
  }
  /** One at a time per database, and no other waits for it. */
  const beating = new Map<Leases, Promise<void>>()
  const beat = async (): Promise<void> => {
    beats += 1
    await Promise.all(
      [...leasesIn.values()].map((leases) => {
        const begun = beating.get(leases) ?? beatIn(leases).finally(() => beating.delete(leases))
        beating.set(leases, begun)
        return begun
      }),
    )
  }
  const releaseAll = () =>
    Promise.all(
      [...leaseDatabases].map(async ([leases, { query, close }]) => {
        const free = async () => {
          await leases.release()
          await query('select pg_notify($1, $2)', [LEASE_CHANNEL, instance])
        }
        await Promise.race([free().catch(() => {}), atMost(STEP_MS)])
        await Promise.race([close(), atMost(STEP_MS)])
      }),
    )

  const jobsBehind = new Map([...partOf].map(([name, { jobs: runner }]) => [jobChannel(name), runner]))
  const logChannels = new Set(
    services.flatMap(({ service }) =>
      service.reactions.flatMap(({ hears }) => hears.map((type) => logChannel(type.name))),
    ),
  )
  const listeners = new Map<string, Listener>()
  const listened = new Set([...(logDatabase ? [logDatabase] : []), ...byDatabase.keys()])
  for (const database of listened) {
    if (database.directUrl === undefined || listeners.has(database.directUrl)) continue
    listeners.set(
      database.directUrl,
      listen({
        url: database.directUrl,
        channels: [OUTBOX_CHANNEL, LEASE_CHANNEL, ...jobsBehind.keys(), ...logChannels],
        logger,
        // After an outage the leases may have expired, and nothing is relayed without them. Jobs that were announced unheard wait, too.
        onListening: () =>
          void beat().then(() => {
            lookEverywhere()
            for (const runner of jobs) runner.nudge(Number.POSITIVE_INFINITY)
          }),
        onNotification: (channel, payload) => {
          if (channel === LEASE_CHANNEL) void beat()
          else if (channel === OUTBOX_CHANNEL) for (const { relay } of parts) relay.wake(payload.split(','))
          else if (jobsBehind.has(channel)) jobsBehind.get(channel)!.nudge(Number(payload))
          else log.look()
        },
      }),
    )
  }

  try {
    reactions = await startReactions({
      services,
      log,
      leases: logDatabase && leasesIn.get(logDatabase),
      metrics,
      logger,
      signal: aborted.signal,
    })
    await beat()
  } catch (error) {
    await Promise.allSettled([
      ...jobs.map((runner) => runner.stop()),
      ...parts.map(({ relay }) => relay.stop()),
      ...[...listeners.values()].map((listener) => listener.stop()),
      log.close(),
    ])
    await releaseAll()
    throw error
  }
  const beatTimer = setInterval(() => {
    void beat()
    lookEverywhere()
  }, LEASE_BEAT_MS)
  const isUnheard = [...listened].some(({ directUrl }) => directUrl === undefined)
  const pollTimer = setInterval(() => {
    if (isUnheard || [...listeners.values()].some((listener) => !listener.listening())) lookEverywhere()
  }, POLL_MS)

  const hosted = (name: string): HostedService => {
    const found = services.find((service) => service.name === name)
    if (!found) throw new Error(`${name} is not hosted in this process`)
    return found
  }
  const unsettled = async (): Promise<string[]> => {
    const left: string[] = []
    for (const { relay, names, jobs: runner } of parts) {
      if (!(await relay.isEmpty(names))) {
        relay.wake(names)
        left.push(`outbox of ${names.join(', ')}`)
      }
      if (!(await runner.isIdle())) left.push('jobs')
    }
    left.push(...[...(reactions?.loading() ?? [])].map((group) => `loading of ${group}`))
    return [...left, ...(await log.behind(reactions?.groups ?? []))]
  }

  let stopped: Promise<void> | undefined
  const stop = async () => {
    clearInterval(pollTimer)
    const ended = Promise.all([reactions?.stop(), ...jobs.map((runner) => runner.stop())])
    const late = setTimeout(() => aborted.abort(new Error('the process is stopping')), DRAIN_MS * 0.8)
    await Promise.race([ended, atMost(DRAIN_MS)])
    clearTimeout(late)
    aborted.abort(new Error('the process has stopped'))
    await Promise.all(parts.map(({ relay }) => relay.stop()))
    clearInterval(beatTimer)
    await Promise.race([Promise.all([...beating.values(), ...burying.values()]), atMost(STEP_MS)])
    for (const { notifier } of parts) notifier.stop()
    await Promise.race([log.close(), atMost(STEP_MS)])
    await releaseAll()
    await Promise.all([...listeners.values()].map((listener) => listener.stop()))
  }

  return {
    committed: (service) => {
      if (leads(service)) partOf.get(service)?.relay.wake([service])
      else partOf.get(service)?.notifier.notify(service)
    },
    settled: async (timeoutMs = SETTLE_TIMEOUT_MS) => {
      const until = performance.now() + timeoutMs
      // Twice in a row: an effect may announce something while another part is looked at.
      for (let quiet = 0; quiet < 2; ) {
        // What cannot be looked at now is not settled: a reset, or a broker that has just started and knows no coordinator.
        const left = await unsettled().catch((error: unknown) => [String(error)])
        quiet = left.length === 0 ? quiet + 1 : 0
        if (quiet > 0) continue
        if (performance.now() > until)
          throw new Error(`not settled after ${timeoutMs} ms: ${left.join('; ')}`)
        await sleep(5)
      }
    },
    putBack: (service, filter) =>
      putBack(hosted(service), { metrics, logger, signal: aborted.signal }, filter),
    replay: (service, from) =>
      replay(hosted(service), { log, metrics, logger, signal: aborted.signal }, from),
    republish: (service) => republish(hosted(service), aborted.signal),
    health: () => {
      const waiting = [...(reactions?.waiting() ?? [])].map(([group, reason]) => `${group}: ${reason}`)
      const trouble = log.trouble()
      return {
        // Calls are answered without it: what they announce stays in the outbox.
        log: trouble === undefined ? 'ok' : degraded(trouble),
        // What a reaction waits for is missed by it alone; its events wait in the log.
        reactions: waiting.length === 0 ? 'ok' : degraded(`waiting: ${waiting.join('; ')}`),
        jobs: jobs.every((runner) => runner.healthy()) ? 'ok' : 'waiting for the database',
      }
    },
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

const atMost = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false })
