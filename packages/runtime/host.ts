import { randomUUID } from 'node:crypto'
import { type Client, type Contract, Rejection } from '@stoa/contract'
import type { Logger } from 'pino'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { v7 } from 'uuid'
import type { Actor } from './actor.ts'
import { type Background, startBackground } from './background.ts'
import { type Breakers, createBreakers } from './breaker.ts'
import { type CacheResult, createCacheMetrics, memoryCache } from './cache.ts'
import { type Environment, readConfig, setting } from './config.ts'
import type { Database } from './database.ts'
import { createDatabaseMetrics, openDatabases } from './databases.ts'
import type { CallMeta, Dispatcher } from './dispatch.ts'
import { DRAIN_MS } from './drain.ts'
import { type Edge, type Health, healthOf } from './edge.ts'
import type { AnyContext, HostedService } from './hosted.ts'
import { startInternalServer } from './internal-server.ts'
import type { JobsHere } from './jobs.ts'
import { readKafkaSettings } from './kafka-settings.ts'
import type { EventLog } from './log.ts'
import { createLogger } from './logger.ts'
import { type CallTimers, createCallMetrics, createReadyMetric } from './metrics.ts'
import { createPostgresLog } from './postgres-log.ts'
import { HttpUrls, processConfig } from './process-config.ts'
import { openRedis, type Redis } from './redis.ts'
import { redisCache } from './redis-cache.ts'
import type { Service, Tx } from './service.ts'
import { startTelemetry } from './telemetry.ts'
import { newTrace, type Trace } from './trace.ts'
import { createTransactions, type TransactionScope } from './transaction.ts'
import { localTransport, readOutput, remoteTransport, type Transport } from './transport.ts'

export type HostOptions = {
  readonly services: readonly Service[]
  readonly environment: Environment
  /** A logger of the caller's; by default JSON lines on standard output at `LOG_LEVEL`. */
  readonly logger?: Logger
  /** False: no port is opened and no reaction or job runs. For commands that only make calls. Default true. */
  readonly background?: boolean
  /** Which jobs run here. Default `all`. */
  readonly jobs?: JobsHere
  /** Checks even answers that PostgreSQL built against the contract. For tests. */
  readonly checkAnswers?: boolean
  /** How long a reply of Redis, and at the start the connection to it, is waited for. For tests; default: as long as a request can bear. */
  readonly redisTimeoutMs?: number
}

export type Host = AsyncDisposable & {
  /** The public address, when the gateway lives here. */
  readonly url: string | undefined
  /** Where other processes call this one, when `INTERNAL_PORT` is given. */
  readonly internalUrl: string | undefined
  /** A typed client, as a given actor. `via` names the caller and opens operations whose access is `service`. */
  readonly client: <C extends Contract>(
    contract: C,
    caller?: { actor?: Actor; via?: string; address?: string },
  ) => Client<C>
  readonly background: Background | undefined
  /** Where the hosted services tell facts; absent without background work. */
  readonly log: EventLog | undefined
  readonly services: readonly HostedService[]
  readonly metrics: Registry
  readonly ready: () => Promise<Health>
  /** Stops in order: the doors, what runs, reactions and jobs, connections. Nothing that was accepted is lost. */
  readonly stop: () => Promise<void>
}

/** Calls that a reaction or a job makes may take this long. */
const BACKGROUND_DEADLINE_MS = 30_000
/** Calls that the edge makes by itself, while a shopper waits. */
const EDGE_DEADLINE_MS = 5_000
/** Values that each service's cache holds at most in memory. */
const CACHE_ENTRIES = 10_000

/** How often the metrics look at the event loop's delay. At the library's 10 ms nothing else costs an idle process as much. */
const EVENT_LOOP_LOOK_MS = 100

/** Runs one service or all of them; a service cannot tell the difference. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { services, environment } = options
  const config = readConfig(processConfig, environment)
  const log = options.logger ?? createLogger(config.logLevel)
  const instance = randomUUID()
  const stopping = new AbortController()
  const metrics = new Registry()
  const undo: (() => Promise<unknown>)[] = []
  /** Ends what was accepted and does not end by itself. */
  const ended = new AbortController()
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      stopping.abort(new Error('the process is stopping'))
      const late = setTimeout(() => ended.abort(new Error('the process has stopped')), DRAIN_MS)
      for (const step of undo.splice(0).reverse())
        await bounded(step()).catch((error: unknown) =>
          log.error({ err: error }, 'a step of the shutdown failed'),
        )
      clearTimeout(late)
      ended.abort(new Error('the process has stopped'))
    })()
    return stopped
  }
  try {
    collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: EVENT_LOOP_LOOK_MS })
    undo.push(async () => metrics.clear())
    undo.push(await startTelemetry(environment, config.otelServiceName))

    const redis =
      config.redisUrl === undefined
        ? undefined
        : await openRedis({
            url: config.redisUrl,
            prefix: config.redisPrefix,
            log,
            metrics,
            timeoutMs: options.redisTimeoutMs,
          })
    if (redis) undo.push(redis.close)
    const cacheCounts = createCacheMetrics(metrics)
    const kafka = readKafkaSettings(config)
    const databases = openDatabases(config, environment, log)
    undo.push(databases.close)
    createDatabaseMetrics(metrics, databases.all)
    await databases.prepare(services)

    const calls = createCallMetrics(metrics)
    const breakers = createBreakers(metrics)
    const hosted = new Map<string, HostedPart>()
    const transports = new Map<Contract, Transport>()
    const transportTo = (contract: Contract): Transport => {
      let transport = transports.get(contract)
      if (!transport) {
        transport = resolveTransport(contract, hosted, services, {
          secret: config.internalSecret,
          environment,
          calls,
          breakers,
        })
        transports.set(contract, transport)
      }
      return transport
    }
    undo.push(() => Promise.all([...transports.values()].map((transport) => transport.close())))

    let background: Background | undefined
    let eventLog: EventLog | undefined
    for (const service of services) {
      const part = await assemble({
        service,
        database: databases.of(service),
        environment,
        log: log.child({ service: service.contract.name }),
        redis,
        cacheCounts,
        breakers,
        transportTo,
        signal: stopping.signal,
        committed: () => background?.committed(service.contract.name),
        checkAnswers: options.checkAnswers ?? false,
      })
      undo.push(part.close)
      hosted.set(service.contract.name, part)
    }
    // Every need resolves now, not at its first call.
    for (const service of services) for (const need of Object.values(service.needs)) transportTo(need)

    const parts = [...hosted.values()]
    // Without them calls fail. One that only the log is in delays what they announce, and the log says so itself; one that nothing is in is nobody's.
    const needed = [
      ...new Set(
        parts.filter(({ hosted }) => hosted.service.migrations).map(({ hosted }) => hosted.database),
      ),
    ]
    let looking: Promise<Health> | undefined
    // However many ask at once, one looks.
    const ready = (): Promise<Health> => {
      if (stopping.signal.aborted) return Promise.resolve({ ok: false, checks: { process: 'is stopping' } })
      looking ??= readiness(needed, background, redis, breakers).finally(() => {
        looking = undefined
      })
      return looking
    }
    createReadyMetric(metrics, ready)
    let internalUrl: string | undefined
    let edge: Edge | undefined
    if (options.background !== false) {
      // Kafka's client is loaded by those who use it.
      eventLog = kafka
        ? (await import('./kafka-log.ts')).createKafkaLog(kafka, log)
        : await createPostgresLog(databases.log())
      background = await startBackground({
        services: parts.map((part) => part.hosted),
        log: eventLog,
        logDatabase: kafka ? undefined : databases.log(),
        metrics,
        logger: log,
        instance,
        jobs: options.jobs ?? 'all',
      })
      undo.push(() => background!.stop())
      if (config.internalPort !== undefined) {
        if (!config.internalSecret) throw new Error('INTERNAL_SECRET is required with INTERNAL_PORT')
        const server = await startInternalServer({
          targets: parts.map((part) => part.dispatcher),
          host: config.internalHost,
          port: config.internalPort,
          secret: config.internalSecret,
          ready,
          metrics,
          calls,
          log,
          signal: ended.signal,
        })
        internalUrl = server.url
        undo.push(server.close)
      }
      for (const service of services) {
        if (!service.edge) continue
        edge = await service.edge({
          send: (call) =>
            transportTo(call.contract).send(call.name, call.operation, call.input, {
              actor: call.actor,
              origin: { address: call.address, via: undefined },
              idempotencyKey: call.idempotencyKey,
              trace: call.trace,
              deadlineAt: call.deadlineAt,
              signal: call.signal,
            }),
          client: (contract) =>
            clientOf(
              contract,
              () => transportTo(contract),
              () => ({
                actor: { kind: 'service', name: service.contract.name },
                origin: { address: undefined, via: service.contract.name },
                idempotencyKey: undefined,
                trace: newTrace(),
                deadlineAt: Date.now() + EDGE_DEADLINE_MS,
                signal: ended.signal,
              }),
            ),
          config: hosted.get(service.contract.name)!.config,
          resources: hosted.get(service.contract.name)!.resources,
          redis,
          log,
          metrics,
          hasInternalPort: internalUrl !== undefined,
          ready,
          signal: ended.signal,
        })
        const { close } = edge
        undo.push(close)
      }
    }
    return {
      url: edge?.url,
      internalUrl,
      client: (contract, caller = {}) =>
        clientOf(
          contract,
          () => transportTo(contract),
          () => ({
            actor: caller.actor ?? { kind: 'anonymous' },
            origin: { address: caller.address, via: caller.via },
            idempotencyKey: undefined,
            trace: newTrace(),
            deadlineAt: Date.now() + BACKGROUND_DEADLINE_MS,
            signal: ended.signal,
          }),
        ),
      background,
      log: eventLog,
      services: parts.map((part) => part.hosted),
      metrics,
      ready,
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Longer than what runs may take to drain; a step that does not end by then (a connection that nobody gives back) is left behind. */
const STOP_STEP_MS = 15_000

async function bounded(step: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${STOP_STEP_MS} ms`)), STOP_STEP_MS)
  })
  await Promise.race([step, late]).finally(() => clearTimeout(timer))
}

type HostedPart = {
  readonly hosted: HostedService
  readonly dispatcher: Dispatcher
  // biome-ignore lint/suspicious/noExplicitAny: the edge reads its own settings
  readonly config: any
  readonly resources: object
  readonly close: () => Promise<void>
}

/** Hosted here: in process; else `<NAME>_URL`: HTTP; else stop and name the missing variable. */
function resolveTransport(
  contract: Contract,
  hosted: ReadonlyMap<string, HostedPart>,
  services: readonly Service[],
  {
    secret,
    environment,
    ...shared
  }: {
    secret: string | undefined
    environment: Environment
    calls: CallTimers
    breakers: Breakers
  },
): Transport {
  if (services.some((service) => service.contract.name === contract.name))
    return localTransport(() => {
      const part = hosted.get(contract.name)
      if (!part) throw new Rejection('UNAVAILABLE')
      return part.dispatcher
    })
  const variable = `${contract.name.toUpperCase()}_URL`
  const { url } = readConfig(
    { url: setting(variable, HttpUrls.optional(), `Where ${contract.name} is.`) },
    environment,
  )
  if (!url) throw new Error(`${contract.name} is not hosted in this process: set ${variable} to where it is`)
  if (!secret) throw new Error(`INTERNAL_SECRET is required to call ${contract.name} at ${variable}`)
  return remoteTransport({ contract, addresses: url, secret, ...shared })
}

async function assemble(options: {
  service: Service
  database: Database
  environment: Environment
  log: Logger
  redis: Redis | undefined
  cacheCounts: (service: string) => Readonly<Record<CacheResult, () => void>>
  breakers: Breakers
  transportTo: (contract: Contract) => Transport
  signal: AbortSignal
  committed: () => void
  checkAnswers: boolean
}): Promise<HostedPart> {
  const { service, database, environment, log, transportTo } = options
  const { name } = service.contract
  const config = readConfig(service.config, environment)
  const transaction = createTransactions(database, name, { committed: options.committed })
  const db = database.db.withSchema(name)
  const lagging = { db: database.reader.db.withSchema(name), query: database.reader.query }
  const counts = options.cacheCounts(name)
  const cache = options.redis
    ? redisCache({ redis: options.redis, service: name, counts })
    : memoryCache({ maxEntries: CACHE_ENTRIES, counts })
  const self: Actor = { kind: 'service', name }
  const bind = (scope: TransactionScope) => (work: (tx: Tx<never>) => Promise<unknown>) =>
    transaction(scope, work)
  const resources = service.resources
    ? await service.resources({
        db,
        query: database.query,
        config,
        redis: options.redis,
        cache,
        log,
        breaker: options.breakers.of,
        transaction: (work: (tx: Tx<never>) => Promise<unknown>) =>
          transaction({ trace: newTrace(), actor: self, name: `${name}/resources`, seen: unseen() }, work),
        signal: options.signal,
      })
    : {}
  const callTo = clientFactory(service, transportTo)

  const context = (parts: {
    meta: CallMeta
    scope: TransactionScope
    newId: string | undefined
    laterTry?: boolean
    signal: AbortSignal
    log: Logger
    headers: Record<string, string> | undefined
    mayLag?: boolean
  }): AnyContext => {
    let call: object | undefined
    let newId = parts.newId
    return {
      ...(parts.mayLag ? lagging : { db, query: database.query }),
      transaction: bind(parts.scope) as AnyContext['transaction'],
      get call() {
        call ??= callTo(parts.meta, parts.signal)
        // biome-ignore lint/suspicious/noExplicitAny: typed by the service's needs
        return call as any
      },
      cache,
      config,
      resources,
      actor: parts.meta.actor,
      origin: parts.meta.origin,
      get newId() {
        newId ??= v7()
        return newId
      },
      laterTry: parts.laterTry ?? false,
      log: parts.log,
      now: () => new Date(),
      signal: parts.signal,
      setHeader: (header, value) => {
        if (parts.headers) parts.headers[header] = value
      },
    }
  }

  const dispatcher: Dispatcher = {
    service,
    database,
    log,
    checkAnswers: options.checkAnswers,
    callContext: (call) => context({ ...call, log }),
  }
  const hosted: HostedService = {
    service,
    name,
    database,
    log,
    context: ({ trace, signal, inbox, name: part, deadlineMs = BACKGROUND_DEADLINE_MS }) =>
      context({
        meta: {
          actor: self,
          origin: { address: undefined, via: name },
          idempotencyKey: undefined,
          trace,
          deadlineAt: Date.now() + deadlineMs,
          signal,
        },
        scope: {
          trace,
          actor: self,
          name: `${name}/${part ?? inbox?.reaction ?? 'background'}`,
          inbox,
          seen: unseen(),
        },
        newId: undefined,
        signal,
        log,
        headers: undefined,
      }),
  }
  return {
    hosted,
    dispatcher,
    config,
    resources,
    close: async () => {
      await (resources as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.()
    },
  }
}

const unseen = () => ({ opened: 0, audited: false, answered: false })

/** Clients of a service's needs. The functions are made once; each context adds only what travels beside the input. */
function clientFactory(service: Service, transportTo: (contract: Contract) => Transport) {
  const { name } = service.contract
  type Bound = { meta: CallMeta; signal: AbortSignal }
  const prototypes = Object.entries(service.needs).map(([key, contract]) => {
    const prototype: Record<string, unknown> = {}
    for (const [operationName, operation] of Object.entries(contract.operations)) {
      prototype[operationName] = async function (
        this: Bound,
        input: unknown,
        { idempotencyKey, signal }: { idempotencyKey?: string; signal?: AbortSignal } = {},
      ) {
        const answer = await transportTo(contract).send(operationName, operation, input, {
          actor: this.meta.actor,
          origin: { address: this.meta.origin.address, via: name },
          idempotencyKey,
          trace: this.meta.trace,
          deadlineAt: this.meta.deadlineAt,
          signal: signal ? AbortSignal.any([signal, this.signal]) : this.signal,
        })
        return readOutput(operation, answer)
      }
    }
    return [key, prototype] as const
  })
  return (meta: CallMeta, signal: AbortSignal): object =>
    Object.fromEntries(
      prototypes.map(([key, prototype]) => [key, Object.assign(Object.create(prototype), { meta, signal })]),
    )
}

function clientOf<C extends Contract>(
  contract: C,
  transport: () => Transport,
  meta: () => CallMeta,
): Client<C> {
  const client: Record<string, unknown> = {}
  for (const [name, operation] of Object.entries(contract.operations)) {
    client[name] = async (
      input: unknown,
      options: { idempotencyKey?: string; signal?: AbortSignal } = {},
    ) => {
      const base = meta()
      const answer = await transport().send(name, operation, input, {
        ...base,
        idempotencyKey: options.idempotencyKey,
        signal: options.signal ? AbortSignal.any([options.signal, base.signal]) : base.signal,
      })
      return readOutput(operation, answer)
    }
  }
  return client as Client<C>
}

/** A database that does not answer within this is not ready. */
const READY_TIMEOUT_MS = 1_000

async function readiness(
  databases: readonly Database[],
  background: Background | undefined,
  redis: Redis | undefined,
  breakers: Breakers,
): Promise<Health> {
  const checks: Record<string, string> = { ...background?.health(), ...breakers.health() }
  await Promise.all(
    databases.map(async (database, index) => {
      const late = new Promise<string>((resolve) =>
        setTimeout(resolve, READY_TIMEOUT_MS, 'does not answer').unref(),
      )
      const name = databases.length === 1 ? 'database' : `database${index + 1}`
      checks[name] = await Promise.race([database.pool.health(), late])
      if (database.replica) checks[`${name}Replica`] = await database.replica.health()
    }),
  )
  if (redis) checks.redis = redis.health()
  return healthOf(checks)
}

export type { Trace }
