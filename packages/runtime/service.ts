import type { Client, Contract, EventType, InputOf, Operation, OutputOf, PayloadOf } from '@stoa/contract'
import type { Kysely, Transaction } from 'kysely'
import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Actor, Origin } from './actor.ts'
import type { Breakers } from './breaker.ts'
import type { Cache } from './cache.ts'
import type { ConfigOf, ConfigSpec } from './config.ts'
import type { Edge, EdgeHost } from './edge.ts'
import type { JsonText } from './json-text.ts'
import type { Redis } from './redis.ts'

/**
 * The declaration of a service: all that it serves, hears and schedules. The runtime hands its parts a context that
 * holds only what is declared here.
 */
export type Service = {
  readonly contract: Contract
  readonly needs: Readonly<Record<string, Contract>>
  readonly config: ConfigSpec
  /** Directory of `NNNN_name.sql`, forward only, run with `search_path` set to the service's schema. */
  readonly migrations: URL | undefined
  // biome-ignore lint/suspicious/noExplicitAny: the parts were checked against each other in defineService
  readonly operations: Readonly<Record<string, Handler<any, any>>>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly reactions: readonly Reaction<any>[]
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly jobs: readonly Job<any, any>[]
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly resources: ((start: any) => Promise<object>) | undefined
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly republish: Republish<any> | undefined
  readonly edge: ((host: EdgeHost) => Promise<Edge>) | undefined
}

/** What every operation, reaction and job is handed. */
export type ServiceContext<
  Tables = unknown,
  Needs extends Readonly<Record<string, Contract>> = Readonly<Record<never, never>>,
  Config extends ConfigSpec = ConfigSpec,
  Resources = unknown,
> = {
  /**
   * Reads, and single statements that announce nothing. In an operation with `staleness` it and `query` read from a replica, and
   * a write is an error; `transaction` is the primary's everywhere. Schema-qualified for the query builder;
   * raw SQL names the schema itself.
   */
  readonly db: Kysely<Tables>
  /**
   * One hand-written statement, prepared once per connection where the server allows it: for hot paths. Tables are named with their
   * schema. The text must be a constant: each distinct text is a prepared statement.
   */
  readonly query: Query
  /**
   * Runs `work` in one transaction; what it emits, schedules, audits and answers commits with it, in one more statement.
   * A deadlock or serialization failure repeats `work` (at most 3 times), so it may touch nothing but `tx`.
   * Make no calls inside: a connection is held.
   */
  readonly transaction: <T>(work: (tx: Tx<Tables>) => Promise<T>) => Promise<T>
  /** Typed clients of the declared needs. They carry the deadline, the actor and the trace. */
  readonly call: { readonly [K in keyof Needs]: Client<Needs[K]> }
  readonly cache: Cache
  readonly config: ConfigOf<Config>
  /** What `resources` opened when the process started: API clients, connection pools, batchers. */
  readonly resources: Resources
  readonly actor: Actor
  readonly origin: Origin
  /**
   * An id for the thing that this call creates: UUIDv7, and the same again when the same `Idempotency-Key` is retried after a
   * crash, so that a repetition meets its own traces. Outside of keyed operations it is simply new.
   */
  readonly newId: string
  /**
   * Whether the same `Idempotency-Key` was tried before, so that there may be traces of `newId`. The first try, and what is not
   * keyed, surely meets none.
   */
  readonly laterTry: boolean
  readonly log: Logger
  readonly now: () => Date
  /** Aborts when the caller's deadline passes, or when the process has no more time to drain. */
  readonly signal: AbortSignal
  /** Sets a response header that the operation declares. */
  readonly setHeader: (name: string, value: string) => void
}

/** Runs one statement and answers its rows. */
export type Query = <Row extends object = Record<string, unknown>>(
  text: string,
  values?: readonly unknown[],
) => Promise<Row[]>

/** A transaction: the only place where something can be announced. */
export type Tx<Tables = unknown> = {
  readonly db: Transaction<Tables>
  readonly query: Query
  /**
   * Announces a fact; `version` is the aggregate's, growing by each change of it. A payload of more than 900,000 bytes fails the
   * transaction.
   */
  readonly emit: <E extends EventType>(
    type: E,
    payload: z.input<E['payload']>,
    aggregate: { version: number },
  ) => void
  /**
   * Schedules a job. With a `key`, a job of that key that waits is replaced; one that runs is followed by this one.
   * It starts at `runAt`, or at once.
   */
  readonly schedule: <I extends z.ZodType, C>(
    job: Job<I, C>,
    input: z.input<I>,
    options?: ScheduleOptions,
  ) => void
  /**
   * Records a staff write. Required once or more by every staff operation that is not a GET. `version` is the one that the
   * subject has now: it lets `changedSince` tell a stale writer what others did.
   */
  readonly audit: (entry: { subject: string; version?: number; before: unknown; after: unknown }) => void
  /** Stores a keyed operation's answer with its effect; without it the answer is stored after the handler returns. */
  readonly answer: (output: unknown) => void
}

export type ScheduleOptions = { readonly runAt?: Date; readonly key?: string }

/**
 * A function that serves one operation. It returns the output, or a `JsonText` that PostgreSQL has built and that the
 * service's tests hold against the contract.
 */
export type Handler<O extends Operation, Context> = (
  input: InputOf<O>,
  ctx: Context,
) => Promise<z.input<O['output']> | JsonText>

/** An event as a reaction sees it. */
export type Fact<E extends EventType = EventType> = E extends EventType
  ? {
      readonly id: string
      readonly type: E['name']
      /** Of the event's schema. */
      readonly schemaVersion: number
      readonly key: string
      /** Of the aggregate, when the fact was committed. */
      readonly version: number
      readonly occurredAt: Date
      readonly payload: PayloadOf<E>
    }
  : never

/**
 * What a service does when told.
 * - `effect`: in one replica, exactly once: the context's `transaction` may be used once and commits the memory of the events
 *   with the effect; reads and calls come before it.
 * - `projection`: in one replica, may be replayed from any time: upserts only, and an older `version` never overwrites a newer.
 * - `everywhere`: in each process that hosts the service; touches this process only. `load` runs after the subscription
 *   stands and before the first list, while the process answers already; one that fails is repeated, so it begins anew each time.
 *   The only kind for a service that has no tables.
 * A list holds at most `limit` events (default 100), in order per key. When it fails it is retried one by one; an event that
 * keeps failing is parked and the rest goes on.
 */
export type Reaction<Context> = {
  readonly kind: 'effect' | 'projection' | 'everywhere'
  /** Kebab-case, unique in the service: the name of its position in the log. */
  readonly name: string
  readonly hears: readonly EventType[]
  readonly limit: number
  /** A list's calls and statements are aborted after this. Default 60,000; its calls then have 30 s. */
  readonly timeoutMs?: number
  // biome-ignore lint/suspicious/noExplicitAny: the constructors below tie facts to what is heard
  readonly handle: (facts: readonly any[], ctx: Context) => Promise<void>
  readonly load: ((ctx: Context) => Promise<void>) | undefined
}

type ReactionSpec<Hears extends readonly EventType[], Context> = {
  readonly name: string
  readonly hears: Hears
  readonly limit?: number
  /** For lists that take longer than a minute. Calls get as long, too. */
  readonly timeoutMs?: number
  readonly handle: (facts: readonly Fact<Hears[number]>[], ctx: Context) => Promise<void>
}

export const effect = <const Hears extends readonly EventType[], Context>(
  spec: ReactionSpec<Hears, Context>,
): Reaction<Context> => ({ limit: 100, load: undefined, ...spec, kind: 'effect' })

export const projection = <const Hears extends readonly EventType[], Context>(
  spec: ReactionSpec<Hears, Context>,
): Reaction<Context> => ({ limit: 100, load: undefined, ...spec, kind: 'projection' })

export const everywhere = <const Hears extends readonly EventType[], Context>(
  spec: ReactionSpec<Hears, Context> & { readonly load?: (ctx: Context) => Promise<void> },
): Reaction<Context> => ({ limit: 100, load: undefined, ...spec, kind: 'everywhere' })

/** What a service does on time. Runs at least once; a handler must bear a repetition. */
export type Job<Input extends z.ZodType = z.ZodType, Context = unknown> = {
  /** Kebab-case, unique in the service. */
  readonly name: string
  readonly input: Input
  readonly handle: (input: z.output<Input>, ctx: Context) => Promise<void>
  /** After this many failures the job is given up and an error is logged. Default 25, about 3 days of growing pauses. */
  readonly maxAttempts?: number
  /** Crontab in UTC (`0 * * * *`): runs once over all replicas, with an empty input. */
  readonly cron?: string
}

export const job = <Input extends z.ZodType, Context>(spec: Job<Input, Context>): Job<Input, Context> => spec

/**
 * Emits the service's current state again, a page of it after `after` in id order, and returns where the next page starts
 * (undefined at the end). A service added later, or a projection older than the log's retention, fills itself from it.
 */
export type Republish<Context> = (
  after: string | undefined,
  tx: Tx<unknown>,
  ctx: Context,
) => Promise<string | undefined>

/** What `resources` may use when it opens them. */
export type ResourceStart<Tables, Config extends ConfigSpec> = {
  readonly db: Kysely<Tables>
  readonly query: Query
  readonly config: ConfigOf<Config>
  /** Present when `REDIS_URL` is. Most want the cache, which is there without it, too. */
  readonly redis: Redis | undefined
  readonly cache: Cache
  readonly log: Logger
  readonly transaction: <T>(work: (tx: Tx<Tables>) => Promise<T>) => Promise<T>
  /** Keeps calls from a company or an engine that does not answer: one per address, shown in metrics and health. */
  readonly breaker: Breakers['of']
  /** Aborts when the process drains. */
  readonly signal: AbortSignal
}

type ServiceSpec<
  C extends Contract,
  Tables,
  Needs extends Readonly<Record<string, Contract>>,
  Config extends ConfigSpec,
  Resources extends object,
> = {
  readonly contract: C
  readonly needs?: Needs
  readonly config?: Config
  readonly migrations?: URL
  readonly operations: {
    readonly [K in keyof C['operations']]: Handler<
      C['operations'][K],
      ServiceContext<Tables, Needs, Config, Resources>
    >
  }
  readonly reactions?: readonly Reaction<ServiceContext<Tables, Needs, Config, Resources>>[]
  // biome-ignore lint/suspicious/noExplicitAny: each job checks its own input
  readonly jobs?: readonly Job<any, ServiceContext<Tables, Needs, Config, Resources>>[]
  /** Opens what lives as long as the process. An `[Symbol.asyncDispose]` on the result is called at shutdown. */
  readonly resources?: (start: ResourceStart<Tables, Config>) => Promise<Resources>
  readonly republish?: (
    after: string | undefined,
    tx: Tx<Tables>,
    ctx: ServiceContext<Tables, Needs, Config, Resources>,
  ) => Promise<string | undefined>
  /** Opens the public port. The gateway's alone. */
  readonly edge?: (host: EdgeHost) => Promise<Edge>
}

// biome-ignore lint/suspicious/noExplicitAny: reads the type arguments back from a context
type Any = any

/** Checks the parts of a service against its contract. `Context` is the service's own alias of `ServiceContext`. */
export const defineService = <
  C extends Contract,
  Tables = Any,
  Needs extends Readonly<Record<string, Contract>> = Readonly<Record<never, never>>,
  Config extends ConfigSpec = Readonly<Record<never, never>>,
  Resources extends object = object,
>(
  spec: ServiceSpec<C, Tables, Needs, Config, Resources>,
): Service =>
  ({
    needs: {},
    config: {},
    migrations: undefined,
    reactions: [],
    jobs: [],
    resources: undefined,
    republish: undefined,
    edge: undefined,
    ...spec,
  }) as unknown as Service

export type { OutputOf }
