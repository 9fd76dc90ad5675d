import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, onDirectPool } from './database.ts'
import {
  APPEND_TROUBLE_MS,
  type Consumer,
  type EventLog,
  type LoggedEvent,
  type NewEvent,
  READ_EVENTS,
  type ReadOptions,
  type Subscription,
} from './log.ts'
import { applyMigrations, sqlFiles } from './migrate.ts'
import type { Query } from './service.ts'
import { timelineOf } from './timeline.ts'
import { Turns } from './turns.ts'

/** Events that one statement reads per topic: about 1 MB of memory at the usual 2 kB. */
const PAGE_EVENTS = 500
/** Newest events per topic that stay in memory, so that all groups of the process share one read. Slower groups read for themselves. */
const WINDOW_EVENTS = 2_000
/** Lists of one group start at least this far apart while it has little to do, so that a stream of events shares transactions. */
const GATHER_MS = 20
/** A list this long is worth a transaction of its own at once. */
const WORTHWHILE_EVENTS = 20
/** Positions are stored at most this often; a crash repeats the lists of this time. */
const STORE_EVERY_MS = 1_000
/** Longest that an append takes: its events bear the time when it began, and others may have been quicker. */
const APPEND_MS = 15_000
/** Pause after a failed read or list. */
const RETRY_MS = 500

export type PostgresLogOptions = {
  readonly gatherMs?: number
  /** For tests. */
  readonly appendTroubleMs?: number
}

/** The log in the tables of schema `log`. Brings the schema up to date first. */
export async function createPostgresLog(
  database: Database,
  options: PostgresLogOptions = {},
): Promise<EventLog> {
  await migrateLog(database)
  return new PostgresLog(database, {
    gatherMs: options.gatherMs ?? GATHER_MS,
    appendTroubleMs: options.appendTroubleMs ?? APPEND_TROUBLE_MS,
    timelineOf: await timelineOf(database),
  })
}

export const migrateLog = async (database: Database): Promise<void> =>
  onDirectPool(database, async (pool) =>
    applyMigrations(pool, 'log', await sqlFiles('', new URL('./log-migrations/', import.meta.url))),
  )

/**
 * The first position, of those from the first to the last of a topic, that may have been appended since then; none before it was. By
 * bisection: positions and times of appending grow together, nearly.
 */
export async function firstSince(
  query: Query,
  topic: string,
  from: Date,
  [first, last]: readonly [first: number, last: number],
): Promise<number> {
  const since = new Date(from.getTime() - APPEND_MS)
  let [low, high] = [first, last + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [row] = await query<{ position: number; appended_at: Date }>(
      'select position, appended_at from log.event where topic = $1 and position >= $2 order by position limit 1',
      [topic, middle],
    )
    if (row && row.appended_at < since) low = row.position + 1
    else high = middle
  }
  return low
}

/** What this process has read of a topic: `events` are the newest, up to and including position `end`. */
type Tail = { readonly events: LoggedEvent[]; end: number; readonly members: Set<GroupConsumer> }

/** Several addresses that refuse are an error without a message. */
const reason = (error: unknown): string => (error as Error).message || String(error)

type EventRow = {
  topic: string
  position: number
  id: string
  type: string
  schema_version: number
  key: string
  aggregate_version: number
  payload: unknown
  traceparent: string | null
  occurred_at: Date
}

type AppendedRow = { appended_id: string; appended_position: number; timeline: string }

const EVENT_COLUMNS =
  'e.topic, e.position, e.id, e.type, e.schema_version, e.key, e.aggregate_version, e.payload, e.traceparent, e.occurred_at'

class PostgresLog implements EventLog {
  readonly assignsGroups = false
  readonly database: Database
  readonly gatherMs: number
  readonly tails = new Map<string, Tail>()
  readonly #consumers = new Set<GroupConsumer>()
  readonly #toStore = new Map<GroupConsumer, Map<string, number>>()
  /** The server's history that all positions in memory are of. Positions of one mean nothing in another. */
  timeline: string | undefined
  #storing: Promise<void> | undefined
  #storeTimer: NodeJS.Timeout | undefined
  #reading: Promise<void> | undefined
  #readAgain = false
  #closed = false

  /** SQL: which history the server is in. */
  readonly #timelineOf: string
  readonly #appendTroubleMs: number
  #appendTrouble: { readonly why: string; readonly at: number } | undefined
  #readTrouble: string | undefined

  constructor(
    database: Database,
    {
      gatherMs,
      appendTroubleMs,
      timelineOf,
    }: { gatherMs: number; appendTroubleMs: number; timelineOf: string },
  ) {
    this.database = database
    this.gatherMs = gatherMs
    this.#appendTroubleMs = appendTroubleMs
    this.#timelineOf = timelineOf
  }

  append = async (events: readonly NewEvent[]): Promise<void> => {
    if (events.length === 0) return
    const rows = await this.#append(events)
    const ours = rows.filter(({ timeline }) => timeline === this.timeline)
    const positions = new Map(ours.map((row) => [row.appended_id, row.appended_position]))
    if (positions.size < events.length) this.look()
    this.#offer(
      events.flatMap((event) => {
        const position = positions.get(event.id)
        return position === undefined ? [] : [{ ...event, position }]
      }),
    )
  }

  consume = async (subscription: Subscription): Promise<Consumer> => {
    if (this.#closed) throw new Error('the log is closed')
    const consumer = await this.#subscribed(subscription)
    consumer.wake()
    this.look()
    return {
      lag: () => consumer.lag(),
      stop: async () => {
        await consumer.stop()
        this.#consumers.delete(consumer)
        for (const topic of subscription.topics) this.tails.get(topic)?.members.delete(consumer)
        await this.#store()
      },
    }
  }

  look = (): void => {
    if (this.#reading) {
      this.#readAgain = true
      return
    }
    // Where nothing is heard, it is looked at until it answers again.
    if (this.#closed || (this.tails.size === 0 && this.trouble() === undefined)) return
    this.#reading = this.#read().finally(() => {
      this.#reading = undefined
      if (this.#readAgain) this.look()
    })
  }

  behind = async (groups: readonly Pick<Subscription, 'group' | 'topics'>[]): Promise<readonly string[]> => {
    const here = new Map([...this.#consumers].map((consumer) => [consumer.subscription.group, consumer]))
    const rows = await this.database.query<{
      group: string
      topic: string
      last_position: number
      stored: number
    }>(
      `select r."group", t.name as topic, t.last_position, coalesce(c.position, 0) as stored
      from jsonb_to_recordset($1::jsonb) as r ("group" text, topics jsonb)
      join log.topic t on r.topics ? t.name
      left join log.cursor c on c."group" = r."group" and c.topic = t.name`,
      [JSON.stringify(groups.map(({ group, topics }) => ({ group, topics })))],
    )
    const behind = new Set<string>()
    for (const { group, topic, last_position, stored } of rows) {
      if ((here.get(group)?.positions.get(topic) ?? stored) >= last_position) continue
      behind.add(group)
      if (last_position > (this.tails.get(topic)?.end ?? last_position)) this.look()
    }
    return [...behind]
  }

  trouble = (): string | undefined => {
    const failed = this.#appendTrouble
    return failed && performance.now() - failed.at < this.#appendTroubleMs ? failed.why : this.#readTrouble
  }

  async *read({ topics, from, signal }: ReadOptions): AsyncIterable<readonly LoggedEvent[]> {
    const rows = await this.database.query<{ topic: string; first_position: number; last_position: number }>(
      `select t.name as topic, t.last_position,
        coalesce((select min(e.position) from log.event e where e.topic = t.name), t.last_position + 1) as first_position
      from log.topic t where t.name = any($1)`,
      [topics],
    )
    for (const { topic, first_position, last_position } of rows) {
      let after = (await firstSince(this.database.query, topic, from, [first_position, last_position])) - 1
      while (after < last_position) {
        signal.throwIfAborted()
        const page = (await this.page(topic, after)).filter(({ position }) => position <= last_position)
        if (page.length === 0) break
        after = page.at(-1)!.position
        for (let index = 0; index < page.length; index += READ_EVENTS)
          yield page.slice(index, index + READ_EVENTS)
      }
    }
  }

  close = async (): Promise<void> => {
    this.#closed = true
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()))
    this.#consumers.clear()
    await this.#reading
    clearTimeout(this.#storeTimer)
    await this.#store()
  }

  async #append(events: readonly NewEvent[]): Promise<AppendedRow[]> {
    try {
      const rows = await this.database.query<AppendedRow>(
        `select appended_id, appended_position, t.timeline
        from log.append($1) cross join (select ${this.#timelineOf} as timeline) t`,
        [JSON.stringify(events.map(toJson))],
      )
      this.#appendTrouble = undefined
      return rows
    } catch (error) {
      this.#appendTrouble = { why: reason(error), at: performance.now() }
      throw error
    }
  }

  /** A page of one topic for a consumer that is older than what is in memory. */
  async page(topic: string, after: number): Promise<LoggedEvent[]> {
    const rows = await this.database.query<EventRow>(
      `select ${EVENT_COLUMNS} from log.event e where e.topic = $1 and e.position > $2 order by e.position limit ${PAGE_EVENTS}`,
      [topic, after],
    )
    return rows.map(fromRow)
  }

  /** A consumer has come further. */
  moved(consumer: GroupConsumer): void {
    if (consumer.subscription.position === 'memory') return
    this.#toStore.set(consumer, consumer.positions)
    this.#storeSoon()
  }

  #storeSoon(): void {
    if (this.#closed) return
    this.#storeTimer ??= setTimeout(() => {
      this.#storeTimer = undefined
      // Tried again though nothing more may be heard: until it is stored the group counts as behind.
      this.#store().catch(() => this.#storeSoon())
    }, STORE_EVERY_MS).unref()
  }

  /** Every position that has moved, in one statement. A late writer never turns a position back, one of another history writes none. */
  async #store(): Promise<void> {
    while (this.#storing) await this.#storing.catch(() => {})
    if (this.#toStore.size === 0) return
    const batch = [...this.#toStore]
    const { timeline } = this
    this.#toStore.clear()
    const rows = batch.flatMap(([{ subscription }, positions]) =>
      [...positions].map(([topic, position]) => ({ group: subscription.group, topic, position })),
    )
    this.#storing = this.database
      .query(
        `with relaxed as materialized (select set_config('synchronous_commit', 'off', true) as value)
        insert into log.cursor as c ("group", topic, position)
        select r."group", r.topic, r.position
        from relaxed, jsonb_to_recordset($1::jsonb) as r ("group" text, topic text, position bigint)
        where relaxed.value is not null and ${this.#timelineOf} = $2
        order by r."group", r.topic
        on conflict ("group", topic) do update set position = excluded.position, moved_at = now()
        where excluded.position > c.position`,
        [JSON.stringify(rows), timeline],
      )
      .then(
        () => undefined,
        (error: unknown) => {
          if (timeline !== this.timeline) return
          for (const [consumer, positions] of batch)
            if (!this.#toStore.has(consumer)) this.#toStore.set(consumer, positions)
          throw error
        },
      )
      .finally(() => {
        this.#storing = undefined
      })
    await this.#storing
  }

  async #subscribed(subscription: Subscription): Promise<GroupConsumer> {
    for (;;) {
      const { timeline, rows } = await this.#positions([subscription])
      this.timeline ??= timeline
      if (timeline !== this.timeline) {
        await this.#changeHistory()
        continue
      }
      const positions = new Map<string, number>()
      for (const { topic, last, stored } of rows) {
        if (!this.tails.has(topic)) this.tails.set(topic, { events: [], end: last, members: new Set() })
        positions.set(topic, subscription.position === 'memory' ? last : stored)
      }
      const consumer = new GroupConsumer(this, subscription, positions)
      this.#consumers.add(consumer)
      for (const topic of subscription.topics) this.tails.get(topic)!.members.add(consumer)
      return consumer
    }
  }

  /** Where the topics of these subscriptions end, and where their groups stood at last. */
  async #positions(subscriptions: readonly Subscription[]) {
    const rows = await this.database.query<{
      timeline: string
      group: string
      topic: string
      last: number
      stored: number
    }>(
      `select ${this.#timelineOf} as timeline, r."group", r.topic,
        coalesce(t.last_position, 0) as last, coalesce(c.position, 0) as stored
      from jsonb_to_recordset($1::jsonb) as r ("group" text, topic text)
      left join log.topic t on t.name = r.topic
      left join log.cursor c on c.topic = r.topic and c."group" = r."group"`,
      [
        JSON.stringify(
          subscriptions.flatMap(({ group, topics }) => topics.map((topic) => ({ group, topic }))),
        ),
      ],
    )
    return { timeline: rows[0]!.timeline, rows }
  }

  /**
   * Another server has taken over, which may lack the last events of the one before and have others at their positions. What memory holds is
   * void. Groups go on where that server has them: what they did since, it does not know of either, or their inbox has it. Positions in
   * memory go back by more than such a server may lack.
   */
  async #changeHistory(): Promise<void> {
    const consumers = [...this.#consumers]
    if (consumers.length === 0) {
      this.timeline = undefined
      this.tails.clear()
      return
    }
    const { timeline, rows } = await this.#positions(consumers.map(({ subscription }) => subscription))
    if ([...this.#consumers].some((consumer) => !consumers.includes(consumer))) return this.#changeHistory()
    this.timeline = timeline
    this.#toStore.clear()
    const before = new Map([...this.tails].map(([topic, { end }]) => [topic, end]))
    const ends = new Map(rows.map(({ topic, last }) => [topic, last]))
    for (const [topic, tail] of this.tails) {
      const end = ends.get(topic)
      // Nobody here hears it any more.
      if (end === undefined) this.tails.delete(topic)
      else {
        tail.events.length = 0
        tail.end = end
      }
    }
    for (const consumer of consumers) {
      const { group, topics, position } = consumer.subscription
      const stored = new Map(rows.filter((row) => row.group === group).map((row) => [row.topic, row.stored]))
      for (const topic of topics)
        consumer.positions.set(
          topic,
          position === 'stored'
            ? stored.get(topic)!
            : Math.max(0, Math.min(this.tails.get(topic)!.end, before.get(topic)!) - WINDOW_EVENTS),
        )
      consumer.begin()
    }
  }

  /** Events of our own append, when they continue what is in memory without a gap: saves reading them back. */
  #offer(events: readonly LoggedEvent[]): void {
    const grown = new Set<Tail>()
    for (const event of events) {
      const tail = this.tails.get(event.topic)
      if (!tail || event.position <= tail.end) continue
      if (event.position === tail.end + 1) {
        push(tail, event)
        grown.add(tail)
      } else this.look()
    }
    for (const tail of grown) wakeMembers(tail)
  }

  async #read(): Promise<void> {
    do {
      this.#readAgain = false
      const topics = [...this.tails.keys()]
      const after = topics.map((topic) => this.tails.get(topic)!.end)
      const { timeline } = this
      try {
        const [first, ...others] = await this.database.query<
          (EventRow | { topic: null }) & { timeline: string }
        >(
          `select h.timeline, ${EVENT_COLUMNS} from (select ${this.#timelineOf} as timeline) h
          left join (unnest($1::text[], $2::bigint[]) as t (topic, position)
          cross join lateral (select * from log.event e where e.topic = t.topic and e.position > t.position
            order by e.position limit ${PAGE_EVENTS}) e) on true`,
          [topics, after],
        )
        this.#readTrouble = undefined
        if (first!.timeline !== this.timeline) await this.#changeHistory()
        if (timeline !== this.timeline) {
          this.#readAgain = true
          continue
        }
        const rows = [first!, ...others].filter((row) => row.topic !== null)
        const grown = new Set<Tail>()
        for (const row of rows) {
          const tail = this.tails.get(row.topic)!
          if (row.position <= tail.end) continue
          push(tail, fromRow(row))
          grown.add(tail)
        }
        for (const tail of grown) wakeMembers(tail)
        if (rows.length >= PAGE_EVENTS) this.#readAgain = true
      } catch (error) {
        this.#readTrouble = reason(error)
        // The database is away: whoever wakes us next, at the latest the periodic look, tries again.
        await sleep(RETRY_MS)
        return
      }
    } while (this.#readAgain && !this.#closed)
  }
}

class GroupConsumer {
  readonly subscription: Subscription
  readonly positions: Map<string, number>
  readonly #log: PostgresLog
  /** What was read from the table for topics where this consumer is older than the memory. */
  readonly #pages = new Map<string, LoggedEvent[]>()
  #firstTopic = 0
  readonly #turns: Turns

  constructor(log: PostgresLog, subscription: Subscription, positions: Map<string, number>) {
    this.#log = log
    this.subscription = subscription
    this.positions = positions
    this.#turns = new Turns(() => this.#run(), { gatherMs: log.gatherMs })
  }

  wake(): void {
    this.#turns.wake()
  }

  /** Its positions are others now. */
  begin(): void {
    this.#pages.clear()
    this.wake()
  }

  async #run(): Promise<void> {
    for (;;) {
      try {
        const { timeline } = this.#log
        const { events, positions } = await this.#nextList()
        if (timeline !== this.#log.timeline) continue
        if (events.length > 0) await this.subscription.handle(events)
        if (this.#turns.stopped && timeline !== this.#log.timeline) return
        // Where this list ended means nothing in another history.
        if (timeline !== this.#log.timeline) continue
        let moved = false
        for (const [topic, position] of positions) {
          if (position === this.positions.get(topic)) continue
          this.positions.set(topic, position)
          moved = true
        }
        if (moved) this.#log.moved(this)
        if (!moved || this.#turns.stopped) return
        if (events.length > 0 && events.length < WORTHWHILE_EVENTS) {
          if (this.lag() > 0) this.wake()
          return
        }
      } catch {
        if (this.#turns.stopped) return
        await sleep(RETRY_MS)
        if (this.#turns.stopped) return
      }
    }
  }

  /** At most `limit` events that are heard, and where the position stands behind them. */
  async #nextList(): Promise<{ events: LoggedEvent[]; positions: Map<string, number> }> {
    const { topics, hears, limit } = this.subscription
    const events: LoggedEvent[] = []
    const positions = new Map<string, number>()
    // Another topic goes first each time, so that a busy one does not starve the others.
    this.#firstTopic = (this.#firstTopic + 1) % topics.length
    for (let step = 0; step < topics.length && events.length < limit; step += 1) {
      const topic = topics[(this.#firstTopic + step) % topics.length]!
      let position = this.positions.get(topic)!
      const { end } = this.#log.tails.get(topic)!
      const after = await this.#after(topic, position)
      // Everything up to the end has left the log by retention.
      if (after.length === 0) position = Math.max(position, end)
      for (const event of after) {
        if (event.position <= position) continue
        if (events.length === limit) break
        position = event.position
        if (hears(event)) events.push(event)
      }
      positions.set(topic, position)
    }
    return { events, positions }
  }

  async #after(topic: string, position: number): Promise<readonly LoggedEvent[]> {
    const tail = this.#log.tails.get(topic)!
    if (position >= tail.end) return []
    const first = tail.events[0]
    if (first && first.position <= position + 1) {
      this.#pages.delete(topic)
      return tail.events.slice(indexAfter(tail.events, position))
    }
    const page = this.#pages.get(topic)
    if (page && page.length > 0 && page.at(-1)!.position > position) return page
    const { timeline } = this.#log
    const read = await this.#log.page(topic, position)
    if (timeline === this.#log.timeline) this.#pages.set(topic, read)
    return read
  }

  lag(): number {
    let lag = 0
    for (const [topic, position] of this.positions)
      lag += Math.max(0, this.#log.tails.get(topic)!.end - position)
    return lag
  }

  async stop(): Promise<void> {
    await this.#turns.stop()
  }
}

function push(tail: Tail, event: LoggedEvent): void {
  tail.events.push(event)
  tail.end = event.position
  // Cut in halves: removing the first of an array again and again would cost more than the events.
  if (tail.events.length > 2 * WINDOW_EVENTS) tail.events.splice(0, tail.events.length - WINDOW_EVENTS)
}

function wakeMembers(tail: Tail): void {
  for (const member of tail.members) member.wake()
}

/** Index of the first event behind `position`, by bisection. */
function indexAfter(events: readonly LoggedEvent[], position: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (events[middle]!.position <= position) low = middle + 1
    else high = middle
  }
  return low
}

const toJson = (event: NewEvent) => ({
  id: event.id,
  topic: event.topic,
  type: event.type,
  schema_version: event.schemaVersion,
  key: event.key,
  aggregate_version: event.version,
  payload: event.payload,
  traceparent: event.traceparent,
  occurred_at: event.occurredAt,
})

const fromRow = (row: EventRow): LoggedEvent => ({
  id: row.id,
  topic: row.topic,
  position: row.position,
  type: row.type,
  schemaVersion: row.schema_version,
  key: row.key,
  version: row.aggregate_version,
  payload: row.payload,
  traceparent: row.traceparent ?? undefined,
  occurredAt: row.occurred_at,
})
