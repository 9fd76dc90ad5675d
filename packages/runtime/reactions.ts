import { setTimeout as sleep } from 'node:timers/promises'
import type { EventType } from '@stoa/contract'
import type { Logger } from 'pino'
import { isPassing } from './failure.ts'
import { AlreadyHandled, type HostedService } from './hosted.ts'
import type { Leases } from './leases.ts'
import { type Consumer, type EventLog, type LoggedEvent, topicOf } from './log.ts'
import type { BackgroundMetrics } from './metrics.ts'
import { EventParked, MAX_ANNOUNCED_ERROR } from './parked-event.ts'
import type { Fact, Reaction } from './service.ts'
import { childTrace, newTrace, parseTraceparent, type Trace } from './trace.ts'

// biome-ignore lint/suspicious/noExplicitAny: the service's declaration has tied it to its context
type AnyReaction = Reaction<any>

/** Pauses between the tries of one event that fails by its own fault; after the last try it is parked. 4 s in all. */
const RETRY_PAUSES_MS = [50, 250, 1_000, 2_700]
/** Pauses while something that is needed is away: doubled from the first to the last, for as long as it takes. */
const OUTAGE_FIRST_MS = 50
const OUTAGE_LAST_MS = 5_000
/** A list's calls and statements are aborted after this. */
const LIST_TIMEOUT_MS = 60_000
/** Calls and statements of one load are aborted after this: a million products at 5,000 a second, and as much again. */
const LOAD_TIMEOUT_MS = 400_000
/** A process that starts waits this long for its subscriptions to stand; they go on trying. */
const SUBSCRIBE_WAIT_MS = 5_000
/** Characters of an error that are kept with a parked event. */
const MAX_ERROR_LENGTH = 4_000

export type Reactions = {
  /** Groups of `everywhere` reactions that have not loaded yet. */
  readonly loading: () => ReadonlySet<string>
  /** Why reactions wait, by group; empty when all is well. */
  readonly waiting: () => ReadonlyMap<string, string>
  /** Of each group that runs here. */
  readonly progress: () => ReadonlyMap<string, ReactionProgress>
  /** Every group of the hosted services, whichever process runs it. */
  readonly groups: readonly { readonly group: string; readonly topics: readonly string[] }[]
  /** Takes no further list and waits for those that run. */
  readonly stop: () => Promise<void>
}

export type ReactionProgress = {
  /** Events in the log that it has not come to. */
  readonly lag: number
  /** Age of the oldest event that it has in hand; 0 when it has none. */
  readonly behindMs: number
}

export type ReactionsOptions = {
  readonly services: readonly HostedService[]
  readonly log: EventLog
  /** Who runs a group, where the log does not say so itself. */
  readonly leases: Leases | undefined
  readonly metrics: BackgroundMetrics
  readonly logger: Logger
  /** Aborts the calls and statements of handlers that outlast the drain. */
  readonly signal: AbortSignal
}

/**
 * Runs what the hosted services do when told. Effects and projections run in the process that holds the group's lease (or to
 * which the log assigns it), `everywhere` in each. Resolves when every `everywhere` has subscribed, or after 5 s when the log is away;
 * they load meanwhile, again and again when what they load from is away, and a process answers what it can.
 *
 * What waits and what goes on: while something needed is away (database, a called service) the whole group waits, for an order of
 * events is worth more than the few that could be handled. An event that fails by its own fault is parked after 5 tries and the
 * group goes on, later events of the same key included: handlers bear that, as facts may come late anyway.
 */
export async function startReactions(options: ReactionsOptions): Promise<Reactions> {
  const { services, log, leases, logger } = options
  const waiting = new Map<string, string>()
  const loading = new Set<string>()
  const consumers = new Map<string, Promise<Consumer>>()
  const running = new Map<string, { readonly consumer: Consumer; readonly runner: ReactionRunner }>()
  const stopping = new AbortController()
  const stopped = Promise.withResolvers<void>()

  const begin = (hosted: HostedService, reaction: AnyReaction): Promise<Consumer> => {
    const group = groupOf(hosted, reaction)
    const runner = new ReactionRunner(hosted, reaction, options, stopping.signal, waiting)
    const started = log.consume({
      group,
      position: reaction.kind === 'everywhere' ? 'memory' : 'stored',
      topics: topicsOf(reaction),
      hears: hearing(reaction),
      limit: reaction.limit,
      handle: (events) => runner.handle(events),
    })
    consumers.set(group, started)
    started.then(
      (consumer) => consumers.get(group) === started && running.set(group, { consumer, runner }),
      () => {},
    )
    return started
  }
  const end = async (group: string) => {
    const consumer = consumers.get(group)
    consumers.delete(group)
    running.delete(group)
    // One that waits for a log that is away has nothing to stop: closing the log ends it.
    await (await Promise.race([consumer, stopped.promise]))?.stop()
  }

  const load = async (hosted: HostedService, reaction: AnyReaction): Promise<void> => {
    const group = groupOf(hosted, reaction)
    for (let pauseMs = OUTAGE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, OUTAGE_LAST_MS)) {
      try {
        await reaction.load?.(
          hosted.context({
            trace: newTrace(),
            signal: options.signal,
            name: reaction.name,
            deadlineMs: LOAD_TIMEOUT_MS,
          }),
        )
        waiting.delete(group)
        return
      } catch (error) {
        if (stopping.signal.aborted) return
        logger.warn({ err: error, group, pauseMs }, 'a reaction could not load')
        waiting.set(group, 'it could not load')
        await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  }

  const subscriptions: Promise<unknown>[] = []
  for (const hosted of services) {
    for (const reaction of hosted.service.reactions) {
      const group = groupOf(hosted, reaction)
      if (reaction.kind === 'everywhere') {
        const loaded = Promise.withResolvers<void>()
        const subscribed = begin(hosted, {
          ...reaction,
          // Lists that come while it loads wait for it.
          handle: async (facts, ctx) => {
            await Promise.race([loaded.promise, stopped.promise])
            stopping.signal.throwIfAborted()
            await reaction.handle(facts, ctx)
          },
        })
        const group = groupOf(hosted, reaction)
        loading.add(group)
        const loads = subscribed.then(async () => {
          await load(hosted, reaction)
          loading.delete(group)
          loaded.resolve()
        })
        // Whoever waits for the subscription learns of its failure.
        loads.catch(() => {})
        subscribed.catch(() => {})
        subscriptions.push(subscribed)
      } else if (log.assignsGroups) {
        subscriptions.push(begin(hosted, reaction))
      } else if (leases) {
        let again: NodeJS.Timeout | undefined
        const attempt = (tries: number): void => {
          if (stopping.signal.aborted) return
          const started = begin(hosted, reaction)
          started.catch((error: unknown) => {
            // The lease is another's by now.
            if (consumers.get(group) !== started) return
            consumers.delete(group)
            logger.error({ err: error, group }, 'a reaction could not start')
            const pauseMs = Math.min(OUTAGE_FIRST_MS * 2 ** tries, OUTAGE_LAST_MS)
            again = setTimeout(attempt, pauseMs, tries + 1).unref()
          })
        }
        leases.want(`group:${group}`, {
          acquired: () => attempt(0),
          lost: () => {
            clearTimeout(again)
            end(group).catch((error: unknown) => logger.warn({ err: error, group }, 'a reaction ended badly'))
          },
        })
      } else throw new Error(`${group} has nobody to say where it runs`)
    }
  }
  // A log that is away does not keep a process from answering calls: it subscribes, then loads, when the log is back.
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, SUBSCRIBE_WAIT_MS)
  await Promise.race([Promise.all(subscriptions), late.promise]).finally(() => clearTimeout(timer))

  return {
    groups: services.flatMap((hosted) =>
      hosted.service.reactions.map((reaction) => ({
        group: groupOf(hosted, reaction),
        topics: topicsOf(reaction),
      })),
    ),
    loading: () => loading,
    waiting: () => waiting,
    progress: () =>
      new Map(
        [...running].map(([group, { consumer, runner }]) => [
          group,
          { lag: consumer.lag(), behindMs: runner.behindMs() },
        ]),
      ),
    stop: async () => {
      stopping.abort()
      stopped.resolve()
      await Promise.allSettled([...consumers.keys()].map(end))
    },
  }
}

export const groupOf = (hosted: HostedService, reaction: { readonly name: string }): string =>
  `${hosted.name}.${reaction.name}`

const topicsOf = (reaction: AnyReaction): string[] => [
  ...new Set(reaction.hears.map(({ name }) => topicOf(name))),
]

const hearing = (reaction: AnyReaction) => {
  const heard = new Set(reaction.hears.map(({ name, version }) => `${name}@${version}`))
  return ({ type, schemaVersion }: Pick<LoggedEvent, 'type' | 'schemaVersion'>) =>
    heard.has(`${type}@${schemaVersion}`)
}

/** One reaction of one service: parses, hands over, tries again, parks. */
class ReactionRunner {
  readonly #hosted: HostedService
  readonly #reaction: AnyReaction
  readonly #options: Pick<ReactionsOptions, 'metrics' | 'logger' | 'signal'>
  readonly #stopping: AbortSignal
  readonly #waiting: Map<string, string>
  readonly #group: string
  readonly #types: ReadonlyMap<string, EventType>
  readonly #inHand = new Set<readonly LoggedEvent[]>()

  constructor(
    hosted: HostedService,
    reaction: AnyReaction,
    options: Pick<ReactionsOptions, 'metrics' | 'logger' | 'signal'>,
    stopping: AbortSignal,
    waiting: Map<string, string>,
  ) {
    this.#hosted = hosted
    this.#reaction = reaction
    this.#options = options
    this.#stopping = stopping
    this.#waiting = waiting
    this.#group = groupOf(hosted, reaction)
    this.#types = new Map(reaction.hears.map((type) => [type.name, type]))
  }

  /** Resolves when every event of the list is handled or parked; rejects only when the process stops before that. */
  async handle(events: readonly LoggedEvent[]): Promise<void> {
    const endTimer = this.#options.metrics.reactionSeconds.startTimer({ reaction: this.#group })
    this.#inHand.add(events)
    try {
      const { facts, unreadable } = this.#parse(events)
      for (const { event, error } of unreadable) await this.#untilBack(() => this.#park(event, error))
      if (facts.length === 0) return
      const failure = await this.#once(facts)
      if (failure === undefined) return
      this.#options.logger.warn(
        { err: failure, reaction: this.#group, events: facts.length },
        'a list of events failed and is tried one by one',
      )
      for (const fact of facts) await this.#alone(fact, events.find(({ id }) => id === fact.id)!)
    } finally {
      this.#inHand.delete(events)
      endTimer()
    }
  }

  behindMs(): number {
    const times = [...this.#inHand].flat().map(({ occurredAt }) => occurredAt.getTime())
    return times.length === 0 ? 0 : Math.max(0, Date.now() - Math.min(...times))
  }

  /** One event through the handler, without retry: for events that are put back. */
  async again(event: LoggedEvent): Promise<void> {
    const { facts, unreadable } = this.#parse([event])
    if (unreadable[0]) throw unreadable[0].error
    await this.#run(facts)
  }

  /** Tries a list until it is through or has failed by its own fault: then answers that failure. */
  async #once(facts: readonly Fact[]): Promise<unknown> {
    return this.#untilBack(async () => {
      try {
        await this.#run(facts)
        return undefined
      } catch (error) {
        if (isPassing(error)) throw error
        return error ?? new Error('failed without an error')
      }
    })
  }

  async #alone(fact: Fact, event: LoggedEvent): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const failure = await this.#once([fact])
      if (failure === undefined) return
      const pauseMs = RETRY_PAUSES_MS[attempt]
      if (pauseMs === undefined) return this.#untilBack(() => this.#park(event, failure))
      await sleep(pauseMs, undefined, { signal: this.#stopping })
    }
  }

  /** Repeats work for as long as it fails by what is away. */
  async #untilBack<T>(work: () => Promise<T>): Promise<T> {
    let pauseMs = OUTAGE_FIRST_MS
    for (;;) {
      this.#stopping.throwIfAborted()
      try {
        const result = await work()
        this.#waiting.delete(this.#group)
        return result
      } catch (error) {
        this.#stopping.throwIfAborted()
        this.#waiting.set(this.#group, error instanceof Error ? error.message : String(error))
        this.#options.logger.warn(
          { err: error, reaction: this.#group, pauseMs },
          'a reaction waits for something that is away',
        )
        await sleep(pauseMs, undefined, { signal: this.#stopping })
        pauseMs = Math.min(pauseMs * 2, OUTAGE_LAST_MS)
      }
    }
  }

  async #run(facts: readonly Fact[]): Promise<void> {
    let rest = facts
    // Twice: the list, then what is left of it without the events whose effect has committed before.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const first = rest[0]!
      const traceparent = this.#traces.get(first)
      const context = this.#hosted.context({
        trace: traceOf(traceparent),
        signal: AbortSignal.any([
          this.#options.signal,
          AbortSignal.timeout(this.#reaction.timeoutMs ?? LIST_TIMEOUT_MS),
        ]),
        name: this.#reaction.name,
        ...(this.#reaction.timeoutMs !== undefined && { deadlineMs: this.#reaction.timeoutMs }),
        ...(this.#reaction.kind === 'effect' && {
          inbox: { reaction: this.#reaction.name, eventIds: rest.map(({ id }) => id) },
        }),
      })
      try {
        return await this.#reaction.handle(rest, context)
      } catch (error) {
        if (!(error instanceof AlreadyHandled) || attempt > 0) throw error
        const handled = await this.#handled(rest.map(({ id }) => id))
        rest = rest.filter(({ id }) => !handled.has(id))
        if (rest.length === 0) return
      }
    }
  }

  async #handled(ids: readonly string[]): Promise<Set<string>> {
    const rows = await this.#hosted.database.query<{ event_id: string }>(
      `select event_id from "${this.#hosted.name}".inbox where reaction = $1 and event_id = any($2::uuid[])`,
      [this.#reaction.name, ids],
    )
    return new Set(rows.map((row) => row.event_id))
  }

  readonly #traces = new WeakMap<Fact, string | undefined>()

  #parse(events: readonly LoggedEvent[]): {
    facts: Fact[]
    unreadable: { event: LoggedEvent; error: Error }[]
  } {
    const facts: Fact[] = []
    const unreadable: { event: LoggedEvent; error: Error }[] = []
    const met = new Set<string>()
    for (const event of events) {
      // A log may hold an event twice, and a list both of them: no handler need reckon with that.
      if (met.has(event.id)) continue
      met.add(event.id)
      const read = this.#types.get(event.type)?.payload.safeParse(event.payload)
      if (!read?.success) {
        const error = new Error(`the payload of ${event.type} does not fit its schema`, {
          cause: read?.error,
        })
        unreadable.push({ event, error })
        continue
      }
      const fact = {
        id: event.id,
        type: event.type,
        schemaVersion: event.schemaVersion,
        key: event.key,
        version: event.version,
        occurredAt: event.occurredAt,
        payload: read.data,
      } as Fact
      this.#traces.set(fact, event.traceparent)
      facts.push(fact)
    }
    return { facts, unreadable }
  }

  /** An `everywhere` reaction only counts: its memory is this process, where nobody could put the event back. */
  async #park(event: LoggedEvent, error: unknown): Promise<void> {
    if (this.#reaction.kind !== 'everywhere') {
      const what = describe(error)
      const context = this.#hosted.context({
        trace: traceOf(event.traceparent),
        signal: this.#options.signal,
        name: this.#reaction.name,
      })
      await context.transaction(async (tx) => {
        await tx.query(
          `insert into "${this.#hosted.name}".parked (reaction, event_id, event, error) values ($1, $2, $3, $4)
          on conflict (reaction, event_id) do update set error = excluded.error, parked_at = now()`,
          [this.#reaction.name, event.id, storable(event), what],
        )
        tx.emit(
          EventParked,
          {
            reaction: this.#group,
            eventId: event.id,
            type: textual(event.type),
            key: textual(event.key),
            error: what.slice(0, MAX_ANNOUNCED_ERROR).toWellFormed(),
          },
          { version: event.version },
        )
      })
    }
    this.#options.metrics.parkedEvents.inc({ reaction: this.#group })
    this.#options.logger.error(
      { err: error, reaction: this.#group, eventId: event.id, type: event.type, key: event.key },
      'an event is parked: its reaction keeps failing; put it back when the cause is gone',
    )
  }
}

export type PutBackFilter = { readonly reaction?: string; readonly eventId?: string }

/** Parked events that one page reads. */
const PUT_BACK_PAGE = 100

/**
 * Runs parked events through their reaction again, oldest first, each by itself; those that succeed leave. Whoever runs it must
 * host the service. Answers how many succeeded and what the others failed with.
 */
export async function putBack(
  hosted: HostedService,
  options: Pick<ReactionsOptions, 'metrics' | 'logger' | 'signal'>,
  { reaction, eventId }: PutBackFilter = {},
): Promise<{ done: number; failed: readonly { reaction: string; eventId: string; error: string }[] }> {
  const failed: { reaction: string; eventId: string; error: string }[] = []
  let done = 0
  let after: { parked_at: Date; event_id: string } | undefined
  for (;;) {
    const rows = await hosted.database.query<{
      reaction: string
      event_id: string
      event: LoggedEvent
      parked_at: Date
    }>(
      `select reaction, event_id, event, parked_at from "${hosted.name}".parked
      where ($1::text is null or reaction = $1) and ($2::uuid is null or event_id = $2)
        and ($3::timestamptz is null or (date_trunc('milliseconds', parked_at), event_id) > ($3, $4::uuid))
      order by date_trunc('milliseconds', parked_at), event_id limit ${PUT_BACK_PAGE}`,
      [reaction ?? null, eventId ?? null, after?.parked_at ?? null, after?.event_id ?? null],
    )
    for (const row of rows) {
      const declared = hosted.service.reactions.find(({ name }) => name === row.reaction)
      try {
        if (!declared) throw new Error(`${hosted.name} has no reaction ${row.reaction}`)
        const runner = new ReactionRunner(hosted, declared, options, options.signal, new Map())
        await runner.again({ ...row.event, occurredAt: new Date(row.event.occurredAt) })
        await hosted.database.query(
          `delete from "${hosted.name}".parked where reaction = $1 and event_id = $2`,
          [row.reaction, row.event_id],
        )
        done += 1
      } catch (error) {
        failed.push({ reaction: row.reaction, eventId: row.event_id, error: describe(error) })
      }
    }
    if (rows.length < PUT_BACK_PAGE) return { done, failed }
    after = rows.at(-1)
  }
}

/**
 * Hands what the log still has from a time on to the service's projections again, beside what is new: they ignore what is older than what
 * they have. Answers how many events they heard.
 */
export async function replay(
  hosted: HostedService,
  options: Pick<ReactionsOptions, 'log' | 'metrics' | 'logger' | 'signal'>,
  from: Date,
): Promise<{ reactions: readonly string[]; events: number }> {
  const projections = hosted.service.reactions.filter(({ kind }) => kind === 'projection')
  if (projections.length === 0) throw new Error(`${hosted.name} has no projection that could be rebuilt`)
  let count = 0
  for (const projection of projections) {
    const runner = new ReactionRunner(hosted, projection, options, options.signal, new Map())
    const hears = hearing(projection)
    const topics = topicsOf(projection)
    for await (const list of options.log.read({ topics, from, signal: options.signal })) {
      const heard = list.filter(hears)
      for (let start = 0; start < heard.length; start += projection.limit)
        await runner.handle(heard.slice(start, start + projection.limit))
      count += heard.length
    }
  }
  return { reactions: projections.map(({ name }) => name), events: count }
}

/** Emits the current state of a service again, page by page, each page in its own transaction. Answers the number of pages. */
export async function republish(hosted: HostedService, signal: AbortSignal): Promise<number> {
  const { republish: emitPage } = hosted.service
  if (!emitPage) throw new Error(`${hosted.name} has nothing to republish`)
  let after: string | undefined
  for (let pages = 1; ; pages += 1) {
    signal.throwIfAborted()
    const context = hosted.context({ trace: newTrace(), signal, name: 'republish' })
    const next = await context.transaction((tx) => emitPage(after, tx, context))
    if (next === undefined) return pages
    if (next === after) throw new Error(`${hosted.name} does not get past ${next} when it republishes`)
    after = next
  }
}

const traceOf = (traceparent: string | undefined): Trace => {
  const parent = parseTraceparent(traceparent)
  return parent ? childTrace(parent) : newTrace()
}

/** An error with its causes, for people. */
function describe(error: unknown): string {
  const parts: string[] = []
  let current = error
  for (let depth = 0; depth < 5 && current !== undefined; depth += 1) {
    parts.push(current instanceof Error ? (current.stack ?? current.message) : String(current))
    current = current instanceof Error ? current.cause : undefined
  }
  const text = parts.join('\ncaused by: ').slice(0, MAX_ERROR_LENGTH)
  return textual(text)
}

/** What PostgreSQL takes as text. */
const textual = (text: string): string => text.replaceAll('\0', '').toWellFormed()

/** An event as JSON that PostgreSQL takes, whoever wrote it: without what its text cannot hold. */
const storable = (event: LoggedEvent): string =>
  JSON.stringify(event).replace(/\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '\\ufffd')
