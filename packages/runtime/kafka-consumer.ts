import { setTimeout as sleep } from 'node:timers/promises'
import {
  ConnectionPool,
  type GroupAssignment,
  type GroupPartitionsAssigner,
  Consumer as KafkaClient,
} from '@platformatic/kafka'
import type { Logger } from 'pino'
import {
  clientOptions,
  discard,
  heedErrors,
  isProtocolError,
  isUnknownTopic,
  reason,
} from './kafka-clients.ts'
import { eventOf, fromRecord, type ReadRecord } from './kafka-record.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import type { LoggedEvent, Subscription } from './log.ts'
import { Turns } from './turns.ts'

/** A member that is not heard of for this long is taken for dead, and its partitions go to the others. */
export const SESSION_MS = 15_000
/** Members say this often that they live, and learn at the latest then that others came or went. */
const HEARTBEAT_MS = 3_000
/** Tries of a join that another member who came or went has overtaken. */
const JOIN_TRIES = 3
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
type Metadata = Awaited<ReturnType<KafkaClient['metadata']>>

/** Of Kafka's protocol. */
const OFFSET_OUT_OF_RANGE = 1

export type GroupPartition = { readonly group: string; readonly topic: string; readonly partition: number }
export type StoredPosition = GroupPartition & { readonly position: number; readonly epoch: number }

/** What a consumer asks of the log that it belongs to. */
export type ConsumerHost = {
  readonly settings: KafkaSettings
  readonly logger: Logger
  readonly kafkaTopic: (topic: string) => string
  /** Creates them when they are missing, and again by the next call when the work finds them gone. */
  readonly withTopics: <T>(topics: readonly string[], work: () => Promise<T>) => Promise<T>
  /** Offsets of every partition of these topics, of their first and behind their last event. */
  readonly edges: (topics: readonly string[], edge: 'first' | 'end') => Promise<Map<string, number[]>>
  /** What groups have stored, below 0 where that is nothing. */
  readonly stored: (wanted: readonly GroupPartition[]) => Promise<readonly StoredPosition[]>
  /** Behind the last event of a partition, as of the last look. */
  readonly knownEnd: (topic: string, partition: number) => number
}

type Place = {
  readonly position: number
  readonly committed: number
  readonly epoch?: number | undefined
  readonly topicId?: string | undefined
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
  /**
   * Of the leader that wrote the event before `fetched`, or of a later one; -1: not known. A broker whose log of that time ends before it says
   * so (it has lost its end, and grown anew); with an offset alone it would go on in the midst of what is new.
   */
  epoch: number
  /** Which topic of this name. */
  topicId: string | undefined
  waiting: ReadRecord[] = []
  /** Index of the first of `waiting` that is not handed over. */
  next = 0
  bytes = 0

  constructor(topic: string, number: number, { position, committed, epoch = -1, topicId }: Place) {
    this.topic = topic
    this.number = number
    this.position = position
    this.fetched = position
    this.committed = committed
    this.end = position
    this.epoch = epoch
    this.topicId = topicId
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
  /** Partitions of each topic that the last join, or the last count, knew of; undefined until we have come. */
  #counts: ReadonlyMap<string, number> | undefined
  /** A topic that we know was gone when a position was stored: nothing is stored until its id has been looked at. */
  #unsure = false
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

  /** Topics have so many partitions now: others than there were when we came, perhaps. */
  async counted(counts: ReadonlyMap<string, number>): Promise<void> {
    const client = this.#client
    const known = this.#counts
    const { topics } = this.subscription
    if (!client || !known || this.#stopped) return
    if (topics.every((topic) => counts.get(topic) === known.get(topic))) return
    this.#counts = counts
    client.clearMetadata()
    if (this.subscription.position === 'stored') {
      await this.#join(client).catch((error: unknown) => this.#lose(client, error))
      return
    }
    for (const topic of topics)
      for (let number = 0; number < (counts.get(topic) ?? 0); number += 1)
        if (!this.#partitions.has(keyOf(topic, number)))
          this.#partitions.set(
            keyOf(topic, number),
            new Partition(topic, number, { position: 0, committed: 0 }),
          )
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
        await this.#host.withTopics(this.subscription.topics, () => this.#connect())
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
    client.on('error', (error: Error) => {
      if (client === this.#client && isOvertaken(error))
        this.#join(client).catch((again: unknown) => this.#lose(client, again))
      else this.#lose(client, error)
    })
    client.on('consumer:heartbeat:end', () => {
      if (client !== this.#client) return
      this.#heardAt = performance.now()
      // With partitions, a fetch tells more.
      if (this.#partitions.size === 0) this.#trouble = undefined
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
    this.#counts = undefined
    this.#heardAt = performance.now()
    // What is looked up here is what the join goes by.
    const metadata = await client.metadata({ topics: topics.map(kafkaTopic) })
    const known = new Map(topics.map((topic) => [topic, metadata.topics.get(kafkaTopic(topic))!]))
    if (position === 'stored') {
      await this.#join(client)
      this.#counts = new Map([...known].map(([topic, { partitionsCount }]) => [topic, partitionsCount]))
    } else {
      const ends = await this.#host.edges(topics, 'end')
      const isBack = this.#partitions.size > 0
      for (const [topic, offsets] of ends)
        offsets.forEach((offset, number) => {
          // What we had read before a reconnect goes on where it was.
          if (this.#partitions.has(keyOf(topic, number))) return
          const { id, partitions } = known.get(topic)!
          // One that came while we were cut off is heard from its beginning.
          const at = isBack
            ? { position: 0, committed: 0, topicId: id }
            : { position: offset, committed: offset, epoch: partitions[number]?.leaderEpoch, topicId: id }
          this.#partitions.set(keyOf(topic, number), new Partition(topic, number, at))
        })
      this.#counts = new Map([...ends].map(([topic, offsets]) => [topic, offsets.length]))
      this.#epoch += 1
      this.#restartFetches()
    }
  }

  /** Overtaken, the same member joins again: to leave and come as another would overtake those who are joining. */
  async #join(client: KafkaClient): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await client.joinGroup({})
        return
      } catch (error) {
        if (!isOvertaken(error) || tries === JOIN_TRIES || client !== this.#client) throw error
      }
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
        await this.#adopt(epoch, assignments)
        return
      } catch (error) {
        this.#warn(error, 'the positions of a reaction could not be read')
        await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => {})
      }
    }
  }

  /** Positions of what is assigned: stored ones, else the oldest event. What we had already goes on, unless another got further. */
  async #adopt(epoch: number, assignments: readonly GroupAssignment[]): Promise<void> {
    const prefix = this.#host.settings.prefix.length
    const { group } = this.subscription
    const stored = await this.#host.stored(
      assignments.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ group, topic: topic.slice(prefix), partition })),
      ),
    )
    const fresh = [...new Set(stored.filter(({ position }) => position < 0).map(({ topic }) => topic))]
    const first = fresh.length > 0 ? await this.#host.edges(fresh, 'first') : new Map<string, number[]>()
    if (epoch !== this.#epoch) return
    for (const { topic, partition: number, position: committed, epoch } of stored) {
      const had = this.#partitions.get(keyOf(topic, number))
      if (had && had.position >= committed) {
        // The brokers may have lost what was stored: then it is stored again.
        had.committed = committed
        continue
      }
      const position = committed >= 0 ? committed : (first.get(topic)?.[number] ?? 0)
      this.#partitions.set(keyOf(topic, number), new Partition(topic, number, { position, committed, epoch }))
    }
    this.#restartFetches()
    this.#turns.wake()
    this.#commitSoon()
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
    const { kafkaTopic, withTopics } = this.#host
    const { topics } = this.subscription
    const unsure = this.#unsure
    const metadata = await withTopics(topics, () => client.metadata({ topics: topics.map(kafkaTopic) }))
    if (this.#beginAnew(metadata.topics)) return
    if (unsure) {
      this.#unsure = false
      this.#commitSoon()
    }
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
          partitions: own.map(({ number, fetched, epoch }) => ({
            partition: number,
            currentLeaderEpoch: -1,
            fetchOffset: BigInt(fetched),
            lastFetchedEpoch: epoch,
            partitionMaxBytes: FETCH_PARTITION_BYTES,
          })),
        })),
        names: new Map(
          [...byTopic.keys()].map((topic) => [metadata.topics.get(kafkaTopic(topic))!.id, topic]),
        ),
      })
    }
  }

  /** A topic that was made anew under its name has nothing of what we have read: it is read from its beginning. */
  #beginAnew(found: Metadata['topics']): boolean {
    let begun = false
    for (const partition of this.#partitions.values()) {
      const { topic, number } = partition
      const { id, partitionsCount } = found.get(this.#host.kafkaTopic(topic))!
      partition.topicId ??= id
      if (partition.topicId === id) continue
      this.#moveTo(
        { topic, number, position: 0, topicId: id },
        'a topic was made anew: a reaction goes on at its beginning',
      )
      // It may have fewer partitions now; of a group's, the next join tells.
      if (number >= partitionsCount && this.subscription.position === 'memory')
        this.#partitions.delete(keyOf(topic, number))
      begun = true
    }
    if (begun) this.#restartFetches()
    return begun
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
      await this.#fetchFailed(client, answer, names)
      if (pool !== this.#pool || this.#stopped) return
    } else {
      this.#trouble = undefined
      this.#receive(answer, names)
      if (pool !== this.#pool) return
    }
    this.#fetching.delete(node)
    await this.#pump()
  }

  async #fetchFailed(client: KafkaClient, error: Error, names: ReadonlyMap<string, string>): Promise<void> {
    const { response } = error as { response?: FetchResponse }
    client.clearMetadata()
    try {
      if (response && isProtocolError(error, 'OFFSET_OUT_OF_RANGE')) {
        await this.#backIntoRange(response, names)
        return
      }
    } catch {
      // Looked at again with the next answer that says so.
    }
    this.#warn(error, 'a reaction cannot fetch')
    await sleep(RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {})
    // A connection on which a request has timed out is not to be used again.
    if (client === this.#client && !this.#stopped && !response) this.#restartFetches()
  }

  /** The broker has nothing where we are: what we had not come to has left the log by retention, or nothing tells how much of its end the log has lost. */
  async #backIntoRange(response: FetchResponse, names: ReadonlyMap<string, string>): Promise<void> {
    const outside = response.responses.flatMap(({ topicId, partitions }) =>
      partitions
        .filter(({ errorCode }) => errorCode === OFFSET_OUT_OF_RANGE)
        .flatMap(
          ({ partitionIndex }) => this.#partitions.get(keyOf(names.get(topicId)!, partitionIndex)) ?? [],
        ),
    )
    const first = await this.#host.edges(this.subscription.topics, 'first')
    for (const partition of outside) {
      const { topic, number, topicId } = partition
      if (this.#partitions.get(keyOf(topic, number)) !== partition) continue
      const position = first.get(topic)?.[number] ?? 0
      this.#moveTo(
        { topic, number, position, topicId },
        'a reaction goes on at the oldest event: what it had not come to is no longer in the log',
      )
    }
    this.#restartFetches()
  }

  /** Drops what waits of a partition, and what runs of it moves nothing any more. Fetches that are under way must be begun anew. */
  #moveTo(
    to: Omit<Place, 'committed'> & { readonly topic: string; readonly number: number },
    why: string,
  ): void {
    const { topic, number, position } = to
    const from = this.#partitions.get(keyOf(topic, number))?.fetched
    this.#host.logger.error(
      { group: this.subscription.group, topic, partition: number, from, to: position },
      why,
    )
    this.#partitions.set(keyOf(topic, number), new Partition(topic, number, { ...to, committed: -1 }))
    this.#commitSoon()
  }

  #receive(response: FetchResponse, names: ReadonlyMap<string, string>): void {
    let grown = false
    let lost = false
    // What comes is behind what waits, so a partition with nothing under way has come as far as was fetched.
    for (const { topicId, partitions } of response.responses) {
      const topic = names.get(topicId)
      if (topic === undefined) continue
      for (const { partitionIndex, errorCode, highWatermark, records, divergingEpoch } of partitions) {
        const partition = this.#partitions.get(keyOf(topic, partitionIndex))
        if (!partition || errorCode !== 0) continue
        if (divergingEpoch && divergingEpoch.epoch >= 0) {
          const { topicId, number } = partition
          // All that we have read is there: the broker only knows no term so late, because nothing was written in it.
          if (divergingEpoch.endOffset >= BigInt(partition.fetched)) {
            partition.epoch = divergingEpoch.epoch
            continue
          }
          const position = Math.min(partition.position, Number(divergingEpoch.endOffset))
          this.#moveTo(
            { topic, number, position, epoch: divergingEpoch.epoch, topicId },
            'the log has lost its end: a reaction goes on behind what is left',
          )
          lost = true
          continue
        }
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
          partition.epoch = batch.partitionLeaderEpoch
          grown = true
        }
        if (partition.count === 0 && !this.#list?.last.has(partition)) this.#moved(partition)
      }
    }
    if (grown) this.#turns.wake()
    if (lost) this.#restartFetches()
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
      // What a fetch that is under way brings would not begin there.
      this.#restartFetches()
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
    if (!client || this.subscription.position === 'memory') return
    if (this.#unsure) return
    const moved = [...this.#partitions.values()].filter(({ position, committed }) => position > committed)
    if (moved.length === 0) return
    // The group is being spread anew: what is still ours is stored once we know it, though nothing more may be heard by then.
    if (client.generationId !== this.#generation) {
      this.#commitSoon()
      return
    }
    const positions = moved.map(({ position }) => position)
    this.#committing = client
      .commit({
        offsets: moved.map(({ topic, number, position, epoch }) => ({
          topic: this.#host.kafkaTopic(topic),
          partition: number,
          offset: BigInt(position),
          leaderEpoch: epoch,
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
          if (isUnknownTopic(error)) {
            // It may be made anew before the next try, which would store there how far we had come in the old one.
            this.#unsure = true
            client.clearMetadata()
            void this.#pump()
          } else this.#commitSoon()
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

const isOvertaken = (error: unknown): boolean => isProtocolError(error, 'REBALANCE_IN_PROGRESS')

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
