import { setTimeout as sleep } from 'node:timers/promises'
import {
  ConnectionPool,
  type GroupAssignment,
  type GroupPartitionsAssigner,
  Consumer as KafkaClient,
} from '@platformatic/kafka'
import type { Logger } from 'pino'
import { clientOptions, discard, heedErrors, isProtocolError } from './kafka-clients.ts'
import { eventOf, fromRecord, type ReadRecord } from './kafka-record.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import type { LoggedEvent, Subscription } from './log.ts'
import { Turns } from './turns.ts'

/** A member that is not heard of for this long is taken for dead, and its partitions go to the others. */
export const SESSION_MS = 15_000
/** Members say this often that they live, and learn at the latest then that others came or went. */
const HEARTBEAT_MS = 3_000
/** A join may wait for the others as long as a session lasts. */
const GROUP_REQUEST_TIMEOUT_MS = 20_000

/** A fetch waits this long for something new; on a connection that was cut without a word, it fails after the second. */
const FETCH_WAIT_MS = 3_000
const FETCH_TIMEOUT_MS = 10_000
/** The same while some partitions are full: they are asked for again when they have room. The second while handlers do not get on. */
const FETCH_WAIT_FULL_MS = 25
const FETCH_WAIT_STUCK_MS = 1_000
/** What one fetch brings at most, and of one partition; more only when a single batch is larger (1 MB at most). */
const FETCH_BYTES = 512 * 1024
const FETCH_PARTITION_BYTES = 128 * 1024
/** What waits to be handed over, per partition and per group: no more is fetched beyond that. */
const PARTITION_EVENTS = 400
const BUFFER_EVENTS = 2_000
const BUFFER_BYTES = 1024 * 1024

/** Lists of one group start at least this far apart while it has little to do, so that a stream of events shares transactions. */
const GATHER_MS = 20
/** A list this long is worth a transaction of its own at once. */
const WORTHWHILE_EVENTS = 20
/** Positions are stored at most this often; a crash repeats the lists of this time. */
const STORE_EVERY_MS = 1_000
/** Pause after a failed list. */
const RETRY_MS = 500
/** Pauses while the brokers are away: doubled from the first to the last. */
const AWAY_FIRST_MS = 100
const AWAY_LAST_MS = 5_000

type FetchResponse = Awaited<ReturnType<KafkaClient['fetch']>>

/** What a consumer asks of the log that it belongs to. */
export type ConsumerHost = {
  readonly settings: KafkaSettings
  readonly logger: Logger
  readonly kafkaTopic: (topic: string) => string
  /** Creates them when they are missing. */
  readonly ensureTopics: (topics: readonly string[]) => Promise<void>
  /** Offsets of every partition of these topics, of their first and behind their last event. */
  readonly edges: (topics: readonly string[], edge: 'first' | 'end') => Promise<Map<string, number[]>>
  /** Behind the last event of a partition, as of the last look. */
  readonly knownEnd: (topic: string, partition: number) => number
}

/** One partition that this member reads, for as long as it is assigned without a break. */
class Partition {
  readonly topic: string
  readonly number: number
  /** All before it is handled. */
  position: number
  /** Where the next fetch begins; all between `position` and here that is heard waits in `waiting`. */
  fetched: number
  committed: number
  end: number
  waiting: ReadRecord[] = []
  /** Index of the first of `waiting` that is not handed over. */
  next = 0
  bytes = 0

  constructor(topic: string, number: number, position: number, committed: number) {
    this.topic = topic
    this.number = number
    this.position = position
    this.fetched = position
    this.committed = committed
    this.end = position
  }

  get count(): number {
    return this.waiting.length - this.next
  }

  /** What was handed over up to `index` is handled. */
  handledTo(offset: number): void {
    this.position = this.count === 0 ? this.fetched : offset + 1
  }

  take(): ReadRecord {
    const record = this.waiting[this.next]!
    this.next += 1
    this.bytes -= record.value?.length ?? 0
    if (this.next === this.waiting.length) {
      this.waiting = []
      this.next = 0
    }
    return record
  }

  restart(position: number): void {
    this.position = position
    this.fetched = position
    this.waiting = []
    this.next = 0
    this.bytes = 0
  }
}

const keyOf = (topic: string, partition: number) => `${topic}:${partition}`

type List = { readonly events: LoggedEvent[]; readonly last: Map<Partition, number> }

/**
 * One member of a group, or one reader of everything with its position in memory.
 *
 * It joins the group, fetches what is assigned to it ahead of the handler (bounded), and hands over one list at a time. The client's
 * heartbeats run beside the handler, so a list that waits for an outage costs no membership. When partitions are taken away, what waits
 * of them is dropped and the list that runs does not move their position any more; the next owner begins at the last stored position
 * and meets some events again.
 */
export class KafkaConsumer {
  readonly subscription: Subscription
  readonly #host: ConsumerHost
  readonly #groupId: string
  #client: KafkaClient | undefined
  #pool: ConnectionPool | undefined
  /** Counts assignments: what was begun under an older one is void. */
  #epoch = 0
  #generation = 0
  #heardAt = 0
  #partitions = new Map<string, Partition>()
  readonly #fetching = new Set<number>()
  #pumping = false
  #pumpAgain = false
  #firstToFetch = 0
  #firstToHand = 0
  #list: List | undefined
  readonly #turns = new Turns(() => this.#run(), { gatherMs: GATHER_MS })
  #lastHandled = performance.now()
  #commitTimer: NodeJS.Timeout | undefined
  #committing: Promise<void> | undefined
  #stopped = false
  readonly #stopping = new AbortController()
  #trouble: string | undefined

  constructor(host: ConsumerHost, subscription: Subscription) {
    this.#host = host
    this.subscription = subscription
    this.#groupId = `${host.settings.prefix}${subscription.group}`
  }

  /** With a position in memory it resolves when that is known, else at once. */
  async start(): Promise<void> {
    const stands = this.#untilConnected()
    if (this.subscription.position === 'memory') await stands
    else stands.catch(() => {})
  }

  trouble(): string | undefined {
    return this.#trouble
  }

  /** Events between what is handled and the end, of the partitions that this member has. */
  lag(): number {
    let lag = 0
    for (const { topic, number, position, end } of this.#partitions.values())
      lag += Math.max(0, end - position, this.#host.knownEnd(topic, number) - position)
    return lag
  }

  /** Handled up to here; undefined when the partition is not this member's. */
  positionOf(topic: string, partition: number): number | undefined {
    return this.#partitions.get(keyOf(topic, partition))?.position
  }

  /** A topic has more partitions than before. */
  async grown(counts: ReadonlyMap<string, number>): Promise<void> {
    const client = this.#client
    if (!client || this.#stopped) return
    client.clearMetadata()
    if (this.subscription.position === 'stored') {
      await client.joinGroup({}).catch((error: unknown) => this.#lose(client, error))
      return
    }
    for (const [topic, count] of counts)
      for (let number = 0; number < count; number += 1)
        if (!this.#partitions.has(keyOf(topic, number)))
          this.#partitions.set(keyOf(topic, number), new Partition(topic, number, 0, 0))
    this.#restartFetches()
  }

  /** The member leaves when the list that runs has ended; its position is stored. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#commitTimer)
    const ended = this.#turns.stop()
    this.#stopping.abort()
    await ended
    await this.#commit()
    const client = this.#client
    this.#client = undefined
    this.#epoch += 1
    void this.#pool?.close().catch(() => {})
    if (client) await leave(client)
  }

  // ---- membership ----

  async #untilConnected(): Promise<void> {
    for (let pauseMs = AWAY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, AWAY_LAST_MS)) {
      if (this.#stopped) throw new Error('the log is closed')
      try {
        await this.#connect()
        this.#trouble = undefined
        return
      } catch (error) {
        this.#warn(error, 'a reaction waits for the brokers')
        const failed = this.#client
        this.#client = undefined
        if (failed) void leave(failed)
        await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => {})
      }
    }
  }

  async #connect(): Promise<void> {
    const { settings, kafkaTopic } = this.#host
    const { topics, position } = this.subscription
    await this.#host.ensureTopics(topics)
    const client = new KafkaClient({
      ...clientOptions(settings, { requestTimeoutMs: GROUP_REQUEST_TIMEOUT_MS, retries: 0 }),
      groupId: this.#groupId,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      partitionAssigner: spread,
      autocommit: false,
    })
    heedErrors(client.connections)
    client.topics.trackAll(...topics.map(kafkaTopic))
    client.on('error', (error: Error) => this.#lose(client, error))
    client.on('consumer:heartbeat:end', () => {
      if (client === this.#client) this.#heardAt = performance.now()
    })
    client.on('consumer:heartbeat:error', ({ error }) => this.#unheard(client, error))
    // While the group is being spread anew our last word still counts.
    client.on('consumer:group:rebalance', () => void this.#commit())
    client.on('consumer:group:join', () => {
      // A client that was given up must not hold partitions that nobody reads.
      if (client !== this.#client) client.leaveGroup(true, () => {})
      else void this.#assigned(client, client.assignments ?? [])
    })
    if (this.#stopped) return leave(client)
    this.#client = client
    this.#heardAt = performance.now()
    if (position === 'stored') await client.joinGroup({})
    else {
      const ends = await this.#host.edges(topics, 'end')
      for (const [topic, offsets] of ends)
        offsets.forEach((offset, number) => {
          // What we had read before a reconnect goes on where it was.
          if (!this.#partitions.has(keyOf(topic, number)))
            this.#partitions.set(keyOf(topic, number), new Partition(topic, number, offset, offset))
        })
      this.#epoch += 1
      this.#restartFetches()
    }
  }

  /** A heartbeat failed. The session may go on when the broker is back soon; when it is over we begin anew. */
  #unheard(client: KafkaClient, error: unknown): void {
    if (client !== this.#client) return
    this.#trouble = reason(error)
    if (performance.now() - this.#heardAt > SESSION_MS) this.#lose(client, error)
  }

  /** The membership is gone, or no good: another client joins. What waits of the partitions is dropped, unless it is in memory only. */
  #lose(client: KafkaClient, error: unknown): void {
    if (client !== this.#client || this.#stopped) return
    this.#warn(error, 'a reaction has lost its place in the group and joins again')
    this.#client = undefined
    this.#epoch += 1
    if (this.subscription.position === 'stored') this.#partitions = new Map()
    void leave(client)
    this.#untilConnected().catch(() => {})
  }

  async #assigned(client: KafkaClient, assignments: readonly GroupAssignment[]): Promise<void> {
    this.#epoch += 1
    const epoch = this.#epoch
    this.#heardAt = performance.now()
    this.#generation = client.generationId
    this.#trouble = undefined
    const prefix = this.#host.settings.prefix.length
    const wanted = new Set(
      assignments.flatMap(({ topic, partitions }) =>
        partitions.map((number) => keyOf(topic.slice(prefix), number)),
      ),
    )
    for (const key of this.#partitions.keys()) if (!wanted.has(key)) this.#partitions.delete(key)
    if (wanted.size === 0) return
    for (let pauseMs = AWAY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, AWAY_LAST_MS)) {
      if (epoch !== this.#epoch || this.#stopped) return
      try {
        await this.#adopt(client, epoch, assignments)
        return
      } catch (error) {
        this.#warn(error, 'the positions of a reaction could not be read')
        await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => {})
      }
    }
  }

  /** Positions of what is assigned: stored ones, else the oldest event. What we had already goes on, unless another got further. */
  async #adopt(client: KafkaClient, epoch: number, assignments: readonly GroupAssignment[]): Promise<void> {
    const prefix = this.#host.settings.prefix.length
    const stored = await client.listCommittedOffsets({ topics: [...assignments] })
    const fresh = assignments
      .filter(({ topic, partitions }) =>
        partitions.some((number) => (stored.get(topic)?.[number] ?? -1n) < 0n),
      )
      .map(({ topic }) => topic.slice(prefix))
    const first = fresh.length > 0 ? await this.#host.edges(fresh, 'first') : new Map<string, number[]>()
    if (epoch !== this.#epoch) return
    for (const { topic: kafkaTopic, partitions } of assignments) {
      const topic = kafkaTopic.slice(prefix)
      for (const number of partitions) {
        const committed = Number(stored.get(kafkaTopic)?.[number] ?? -1n)
        const had = this.#partitions.get(keyOf(topic, number))
        if (had && had.position >= committed) continue
        const position = committed >= 0 ? committed : (first.get(topic)?.[number] ?? 0)
        this.#partitions.set(keyOf(topic, number), new Partition(topic, number, position, committed))
      }
    }
    this.#restartFetches()
    this.#turns.wake()
  }

  // ---- fetching ----

  /** Fetches that are under way ask for what was assigned before: their connections are hung up. */
  #restartFetches(): void {
    const old = this.#pool
    this.#pool = new ConnectionPool('stoa', {
      ...clientOptions(this.#host.settings, { requestTimeoutMs: FETCH_TIMEOUT_MS, retries: 0 }),
    })
    heedErrors(this.#pool)
    this.#fetching.clear()
    void old?.close().catch(() => {})
    void this.#pump()
  }

  /** Starts a fetch at each broker that leads a partition with room, unless one is under way there. */
  async #pump(): Promise<void> {
    if (this.#pumping) {
      this.#pumpAgain = true
      return
    }
    this.#pumping = true
    let pauseMs = AWAY_FIRST_MS
    do {
      this.#pumpAgain = false
      const client = this.#client
      if (!client || this.#stopped || this.#partitions.size === 0) break
      try {
        await this.#startFetches(client)
        pauseMs = AWAY_FIRST_MS
      } catch (error) {
        client.clearMetadata()
        this.#warn(error, 'a reaction cannot fetch')
        await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => {})
        pauseMs = Math.min(pauseMs * 2, AWAY_LAST_MS)
        this.#pumpAgain = true
      }
    } while (this.#pumpAgain)
    this.#pumping = false
  }

  async #startFetches(client: KafkaClient): Promise<void> {
    const { kafkaTopic } = this.#host
    const metadata = await client.metadata({ topics: this.subscription.topics.map(kafkaTopic) })
    let events = 0
    let bytes = 0
    for (const partition of this.#partitions.values()) {
      events += partition.count
      bytes += partition.bytes
    }
    if (events >= BUFFER_EVENTS || bytes >= BUFFER_BYTES) return
    const byNode = new Map<number, Partition[]>()
    let full = false
    // Another partition goes first each time, so that a busy one does not take the whole answer again and again.
    this.#firstToFetch += 1
    for (const partition of rotated([...this.#partitions.values()], this.#firstToFetch)) {
      if (partition.count >= PARTITION_EVENTS) {
        full = true
        continue
      }
      const leader = metadata.topics.get(kafkaTopic(partition.topic))?.partitions[partition.number]?.leader
      if (leader === undefined || leader < 0) throw new Error(`${partition.topic} has no leader`)
      const list = byNode.get(leader)
      if (list) list.push(partition)
      else byNode.set(leader, [partition])
    }
    const stuck = performance.now() - this.#lastHandled > FETCH_WAIT_STUCK_MS
    const maxWaitTime = full ? (stuck ? FETCH_WAIT_STUCK_MS : FETCH_WAIT_FULL_MS) : FETCH_WAIT_MS
    for (const [node, partitions] of byNode) {
      if (this.#fetching.has(node)) continue
      this.#fetching.add(node)
      const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
      void this.#fetch(client, {
        node,
        maxWaitTime,
        topics: [...byTopic].map(([topic, own]) => ({
          topicId: metadata.topics.get(kafkaTopic(topic))!.id,
          partitions: own.map(({ number, fetched }) => ({
            partition: number,
            currentLeaderEpoch: -1,
            fetchOffset: BigInt(fetched),
            lastFetchedEpoch: -1,
            partitionMaxBytes: FETCH_PARTITION_BYTES,
          })),
        })),
        names: new Map(
          [...byTopic.keys()].map((topic) => [metadata.topics.get(kafkaTopic(topic))!.id, topic]),
        ),
      })
    }
  }

  async #fetch(
    client: KafkaClient,
    request: {
      readonly node: number
      readonly maxWaitTime: number
      readonly topics: Parameters<KafkaClient['fetch']>[0]['topics']
      readonly names: ReadonlyMap<string, string>
    },
  ): Promise<void> {
    const pool = this.#pool!
    const { node, topics, names, maxWaitTime } = request
    const answer = await client
      .fetch({
        node,
        topics,
        maxWaitTime,
        minBytes: 1,
        maxBytes: FETCH_BYTES,
        isolationLevel: 0,
        connectionPool: pool,
      })
      .catch((error: Error) => error)
    // Hung up on by ourselves: another has begun meanwhile.
    if (pool !== this.#pool || client !== this.#client || this.#stopped) return
    if (answer instanceof Error) {
      const { response } = answer as { response?: FetchResponse }
      if (response) this.#receive(response, names)
      await this.#fetchFailed(client, answer)
      if (pool !== this.#pool || this.#stopped) return
    } else {
      this.#trouble = undefined
      this.#receive(answer, names)
    }
    this.#fetching.delete(node)
    await this.#pump()
  }

  async #fetchFailed(client: KafkaClient, error: Error): Promise<void> {
    client.clearMetadata()
    try {
      if (isProtocolError(error, 'OFFSET_OUT_OF_RANGE')) {
        await this.#backIntoRange()
        return
      }
    } catch {
      // Looked at again with the next answer that says so.
    }
    this.#warn(error, 'a reaction cannot fetch')
    await sleep(RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {})
    // A connection on which a request has timed out is not to be used again.
    if (client === this.#client && !this.#stopped && !(error as { response?: unknown }).response)
      this.#restartFetches()
  }

  /** Events that we have not come to have left the log by retention, or the log has lost its end: go on at the oldest event. */
  async #backIntoRange(): Promise<void> {
    const { topics, group } = this.subscription
    const [first, end] = [await this.#host.edges(topics, 'first'), await this.#host.edges(topics, 'end')]
    for (const partition of this.#partitions.values()) {
      const { topic, number, fetched } = partition
      const oldest = first.get(topic)?.[number] ?? 0
      const latest = end.get(topic)?.[number] ?? oldest
      if (fetched >= oldest && fetched <= latest) continue
      this.#host.logger.error(
        { group, topic, partition: number, from: fetched, to: oldest },
        'a reaction goes on at the oldest event: what it had not come to is no longer in the log',
      )
      this.#partitions.set(keyOf(topic, number), new Partition(topic, number, oldest, -1))
    }
  }

  #receive(response: FetchResponse, names: ReadonlyMap<string, string>): void {
    let grown = false
    // What comes is behind what waits, so a partition with nothing under way has come as far as was fetched.
    for (const { topicId, partitions } of response.responses) {
      const topic = names.get(topicId)
      if (topic === undefined) continue
      for (const { partitionIndex, errorCode, highWatermark, records } of partitions) {
        const partition = this.#partitions.get(keyOf(topic, partitionIndex))
        if (!partition || errorCode !== 0) continue
        partition.end = Math.max(partition.end, Number(highWatermark))
        for (const batch of records ?? []) {
          const firstOffset = Number(batch.firstOffset)
          const next = firstOffset + batch.lastOffsetDelta + 1
          if (next <= partition.fetched) continue
          // Markers of transactions carry no events.
          if ((batch.attributes & 0x20) === 0)
            for (const record of batch.records) {
              const offset = firstOffset + record.offsetDelta
              if (offset < partition.fetched) continue
              const time = new Date(Number(batch.firstTimestamp + record.timestampDelta))
              const read = fromRecord(record, { topic, partition: partitionIndex, offset, time })
              if (!this.subscription.hears(read.about)) continue
              partition.waiting.push(read)
              partition.bytes += read.value?.length ?? 0
            }
          partition.fetched = next
          grown = true
        }
        if (partition.count === 0 && !this.#list?.last.has(partition)) this.#moved(partition)
      }
    }
    if (grown) this.#turns.wake()
  }

  /** Nothing waits and nothing runs of this partition: what was fetched was passed over. */
  #moved(partition: Partition): void {
    if (partition.position === partition.fetched) return
    partition.position = partition.fetched
    this.#commitSoon()
  }

  // ---- handing over ----

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const list = this.#nextList()
      if (list.events.length === 0) return
      this.#list = list
      try {
        await this.subscription.handle(list.events)
      } catch {
        if (this.#stopped) return
        await sleep(RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {})
        continue
      }
      this.#list = undefined
      this.#lastHandled = performance.now()
      for (const [partition, offset] of list.last) {
        // One that was taken away meanwhile is another's: its position is not ours to move.
        if (this.#partitions.get(keyOf(partition.topic, partition.number)) === partition)
          partition.handledTo(offset)
      }
      this.#commitSoon()
      void this.#pump()
      if (list.events.length < WORTHWHILE_EVENTS) {
        this.#turns.wake()
        return
      }
    }
  }

  /** At most `limit` events: the failed list again, without what was taken away meanwhile; else what waits, in turns. */
  #nextList(): List {
    const failed = this.#list
    if (failed) {
      const ours = [...failed.last.keys()].every(
        (partition) => this.#partitions.get(keyOf(partition.topic, partition.number)) === partition,
      )
      if (ours) return failed
      this.#list = undefined
      // What is still ours of it begins again where it is stored.
      for (const partition of failed.last.keys())
        if (this.#partitions.get(keyOf(partition.topic, partition.number)) === partition) {
          partition.restart(partition.position)
        }
      void this.#pump()
    }
    const { limit } = this.subscription
    const events: LoggedEvent[] = []
    const last = new Map<Partition, number>()
    this.#firstToHand += 1
    for (const partition of rotated([...this.#partitions.values()], this.#firstToHand)) {
      while (partition.count > 0 && events.length < limit) {
        const record = partition.take()
        events.push(eventOf(record))
        last.set(partition, record.about.position)
      }
      if (events.length === limit) break
    }
    return { events, last }
  }

  // ---- storing the position ----

  #commitSoon(): void {
    if (this.subscription.position === 'memory' || this.#stopped) return
    this.#commitTimer ??= setTimeout(() => {
      this.#commitTimer = undefined
      void this.#commit()
    }, STORE_EVERY_MS).unref()
  }

  /** Stores what has moved, of what is ours by the group's last word. A failure costs a repetition; the next call tries again. */
  async #commit(): Promise<void> {
    while (this.#committing) await this.#committing
    const client = this.#client
    if (!client || this.subscription.position === 'memory' || client.generationId !== this.#generation) return
    const moved = [...this.#partitions.values()].filter(({ position, committed }) => position > committed)
    if (moved.length === 0) return
    const positions = moved.map(({ position }) => position)
    this.#committing = client
      .commit({
        offsets: moved.map(({ topic, number, position }) => ({
          topic: this.#host.kafkaTopic(topic),
          partition: number,
          offset: BigInt(position),
          leaderEpoch: -1,
        })),
      })
      .then(
        () => {
          moved.forEach((partition, index) => {
            partition.committed = positions[index]!
          })
        },
        (error: unknown) => {
          this.#host.logger.debug({ err: error, group: this.subscription.group }, 'a position was not stored')
          this.#commitSoon()
        },
      )
      .finally(() => {
        this.#committing = undefined
      })
    await this.#committing
  }

  #warn(error: unknown, message: string): void {
    if (this.#stopped) return
    const why = reason(error)
    // Said once, not with each try.
    if (this.#trouble === undefined)
      this.#host.logger.warn({ err: error, group: this.subscription.group }, message)
    this.#trouble = why
  }
}

const leaveGroup = async (client: KafkaClient): Promise<void> => client.leaveGroup(true)

/** `close` alone would let a join that is under way end well, and its member send heartbeats from then on: the group is left first. */
const leave = (client: KafkaClient): Promise<void> =>
  discard({
    connections: client.connections,
    close: async () => {
      await leaveGroup(client).catch(() => {})
      await client.close(true)
    },
  })

/** Every topic's partitions in turns over those members that hear it; topics begin at different members, so that small ones spread. */
const spread: GroupPartitionsAssigner = (_, members, __, metadata) => {
  const assigned = new Map(
    [...members.keys()].sort().map((memberId) => [memberId, new Map<string, GroupAssignment>()]),
  )
  const topics = [...new Set([...members.values()].flatMap((member) => member.topics ?? []))].sort()
  topics.forEach((topic, start) => {
    const hearers = [...assigned.keys()].filter((memberId) => members.get(memberId)?.topics?.includes(topic))
    const count = metadata.topics.get(topic)?.partitionsCount ?? 0
    for (let number = 0; number < count; number += 1) {
      const own = assigned.get(hearers[(number + start) % hearers.length]!)!
      const assignment = own.get(topic)
      if (assignment) assignment.partitions.push(number)
      else own.set(topic, { topic, partitions: [number] })
    }
  })
  return [...assigned].map(([memberId, assignments]) => ({ memberId, assignments }))
}

const rotated = <T>(list: readonly T[], by: number): T[] => {
  const start = list.length === 0 ? 0 : by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}

/** What went wrong, in one line. */
export function reason(error: unknown): string {
  const parts: string[] = []
  let current = error
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    parts.push(current.message)
    current = current instanceof AggregateError ? current.errors.at(-1) : current.cause
  }
  return parts.join(': ') || String(error)
}
