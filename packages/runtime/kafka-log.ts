import {
  Admin,
  ConfigResourceTypes,
  ConnectionPool,
  compatibilityPartitioner,
  Consumer as KafkaClient,
  type MessageToProduce,
  Producer,
} from '@platformatic/kafka'
import type { Logger } from 'pino'
import {
  clientOptions,
  heedErrors,
  isProtocolError,
  isUnknownTopic,
  reason,
  renewable,
  untilAgreed,
} from './kafka-clients.ts'
import { type GroupPartition, KafkaConsumer, type StoredPosition } from './kafka-consumer.ts'
import { eventOf, fromRecord, sizeOf, toRecord } from './kafka-record.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import {
  APPEND_TROUBLE_MS,
  type Consumer,
  type EventLog,
  INBOX_DAYS,
  LOG_DAYS,
  type LoggedEvent,
  type NewEvent,
  READ_EVENTS,
  type ReadOptions,
  type Subscription,
} from './log.ts'

/** How long a broker may take to have an append on all its copies; and the request in all, on a connection that was cut without a word. */
const ACKS_TIMEOUT_MS = 5_000
const APPEND_TIMEOUT_MS = 8_000
/** Tries of one append after the first, 250 ms apart, while the producer's numbers still make a repetition harmless. */
const APPEND_RETRIES = 3
/** Bytes of one request: below a broker's usual bound for one batch (1,048,588), wherever its records go. */
const REQUEST_BYTES = 800_000
/** Requests about topics, groups and offsets. */
const ADMIN_TIMEOUT_MS = 5_000
/** How often the ends of the topics and the groups' stored positions are looked at: what lags are measured from, and whether the brokers answer. */
const LOOK_EVERY_MS = 5_000
const DAY_MS = 24 * 3_600_000
/** Kafka drops segments, each when its last event is old enough: a segment holds the events of at most a day. */
const RETENTION_MS = LOG_DAYS * DAY_MS
const SEGMENT_MS = DAY_MS

/** Answers in a row without an event, of a partition that has some. */
const MAX_EMPTY_READS = 100

const EARLIEST = -2n
const LATEST = -1n

/**
 * The log in Kafka: a topic per service, `<prefix><service>`, whose key is the aggregate; a consumer group per reaction,
 * `<prefix><service>.<reaction>`. Does not wait for the brokers: what cannot be done yet is done when they are there.
 */
export function createKafkaLog(
  settings: KafkaSettings,
  logger: Logger,
  { appendTroubleMs = APPEND_TROUBLE_MS } = {},
): EventLog {
  return new KafkaLog(settings, logger, appendTroubleMs)
}

class KafkaLog implements EventLog {
  readonly assignsGroups = true
  readonly settings: KafkaSettings
  readonly logger: Logger
  readonly #admin
  readonly #producer
  readonly #consumers = new Set<KafkaConsumer>()
  readonly #ready = new Set<string>()
  readonly #ends = new Map<string, number[]>()
  /** Of each group with a member here: events that none of its members has come to, as of the last look. */
  readonly #lags = new Map<string, number>()
  #creating: Promise<void> = Promise.resolve()
  #appending: Promise<void> = Promise.resolve()
  readonly #appendTroubleMs: number
  #appendTrouble: { readonly why: string; readonly at: number } | undefined
  #lookTrouble: string | undefined
  #looking = false
  readonly #timer: NodeJS.Timeout
  #closed = false

  constructor(settings: KafkaSettings, logger: Logger, appendTroubleMs: number) {
    this.settings = settings
    this.logger = logger
    this.#appendTroubleMs = appendTroubleMs
    this.#admin = renewable(
      settings,
      () => new Admin(clientOptions(settings, { requestTimeoutMs: ADMIN_TIMEOUT_MS, retries: 0 })),
    )
    // One producer's batches are numbered per partition, and one is under way at a time: a repetition of it is known for what it is.
    this.#producer = renewable(
      settings,
      () =>
        new Producer({
          ...clientOptions(settings, { requestTimeoutMs: APPEND_TIMEOUT_MS, retries: APPEND_RETRIES }),
          timeout: ACKS_TIMEOUT_MS,
          idempotent: true,
          acks: -1,
          partitioner: compatibilityPartitioner,
          repeatOnStaleMetadata: true,
        }),
    )
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref()
  }

  append = (events: readonly NewEvent[]): Promise<void> => {
    const appended = this.#appending.then(() => this.#append(events))
    this.#appending = appended.catch(() => {})
    return appended
  }

  consume = async (subscription: Subscription): Promise<Consumer> => {
    this.#checkOpen()
    const consumer = new KafkaConsumer(this, subscription)
    this.#consumers.add(consumer)
    try {
      await consumer.start()
    } catch (error) {
      this.#consumers.delete(consumer)
      throw error
    }
    const { group } = subscription
    return {
      // The group's as of the last look that succeeded, also while this member has no partitions; of its own it knows more by now.
      lag: () => Math.max(this.#lags.get(group) ?? 0, consumer.lag()),
      stop: async () => {
        await consumer.stop()
        this.#consumers.delete(consumer)
      },
    }
  }

  async *read({ topics, from, signal }: ReadOptions): AsyncIterable<readonly LoggedEvent[]> {
    const end = await this.withTopics(topics, () => this.edges(topics, 'end'))
    const start = await this.#edges(topics, BigInt(from.getTime()))
    for (const topic of topics)
      for (const [partition, last] of (end.get(topic) ?? []).entries()) {
        const first = start.get(topic)?.[partition] ?? -1
        // No event is as young as that.
        if (first < 0 || first >= last) continue
        yield* this.#readPartition({ topic, partition, first, last, signal })
      }
  }

  look = (): void => {
    // Fetches wait at the brokers: what is appended arrives by itself.
  }

  behind = async (groups: readonly Pick<Subscription, 'group' | 'topics'>[]): Promise<readonly string[]> => {
    const topics = [...new Set(groups.flatMap((group) => group.topics))]
    if (topics.length === 0) return []
    const end = await this.withTopics(topics, () => this.edges(topics, 'end'))
    const first = await this.edges(topics, 'first')
    for (const [topic, offsets] of end) this.#ends.set(topic, offsets)
    const here = Map.groupBy(this.#consumers, ({ subscription }) => subscription.group)
    const behind = new Set<string>()
    const elsewhere: GroupPartition[] = []
    for (const { group, topics } of groups)
      for (const topic of topics)
        for (const [partition, last] of (end.get(topic) ?? []).entries()) {
          if (last <= (first.get(topic)?.[partition] ?? 0)) continue
          const own = here.get(group) ?? []
          const position = own.flatMap((consumer) => consumer.positionOf(topic, partition) ?? [])[0]
          if (position === undefined) {
            // A position in memory is only known where it is.
            if (own[0]?.subscription.position !== 'memory') elsewhere.push({ group, topic, partition })
          } else if (position < last) behind.add(group)
        }
    const stored = await this.stored(elsewhere.filter(({ group }) => !behind.has(group)))
    for (const { group, topic, partition, position } of stored)
      if (position < (end.get(topic)?.[partition] ?? 0)) behind.add(group)
    return [...behind]
  }

  trouble = (): string | undefined => {
    for (const consumer of this.#consumers) {
      const trouble = consumer.trouble()
      if (trouble !== undefined) return trouble
    }
    const failed = this.#appendTrouble
    return failed && performance.now() - failed.at < this.#appendTroubleMs ? failed.why : this.#lookTrouble
  }

  close = async (): Promise<void> => {
    this.#closed = true
    clearInterval(this.#timer)
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()))
    this.#consumers.clear()
    await this.#appending
    await Promise.all([this.#producer.close(), this.#admin.close()])
  }

  // ---- what consumers ask for ----

  kafkaTopic = (topic: string): string => `${this.settings.prefix}${topic}`

  knownEnd = (topic: string, partition: number): number => this.#ends.get(topic)?.[partition] ?? 0

  withTopics = async <T>(topics: readonly string[], work: () => Promise<T>): Promise<T> => {
    await this.#ensureTopics(topics)
    try {
      return await work()
    } catch (error) {
      if (isUnknownTopic(error)) for (const topic of topics) this.#ready.delete(topic)
      throw error
    }
  }

  edges = (topics: readonly string[], edge: 'first' | 'end'): Promise<Map<string, number[]>> =>
    this.#edges(topics, edge === 'first' ? EARLIEST : LATEST)

  /** Where groups stand in these partitions by what they have stored, below 0 where they have stored nothing. One request. */
  stored = async (wanted: readonly GroupPartition[]): Promise<readonly StoredPosition[]> => {
    if (wanted.length === 0) return []
    const prefix = this.settings.prefix.length
    const answers = await this.#admin.use((admin) =>
      admin.listConsumerGroupOffsets({
        groups: [...Map.groupBy(wanted, ({ group }) => group)].map(([group, own]) => ({
          groupId: `${this.settings.prefix}${group}`,
          topics: [...Map.groupBy(own, ({ topic }) => topic)].map(([topic, partitions]) => ({
            name: this.kafkaTopic(topic),
            partitionIndexes: partitions.map(({ partition }) => partition),
          })),
        })),
      }),
    )
    return answers.flatMap(({ groupId, topics }) =>
      topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch }) => ({
          group: groupId.slice(prefix),
          topic: name.slice(prefix),
          partition: partitionIndex,
          position: Number(committedOffset),
          epoch: committedLeaderEpoch,
        })),
      ),
    )
  }

  // ----

  async #append(events: readonly NewEvent[]): Promise<void> {
    this.#checkOpen()
    try {
      await this.withTopics([...new Set(events.map(({ topic }) => topic))], () => this.#sendAll(events))
      this.#appendTrouble = undefined
    } catch (error) {
      this.#appendTrouble = { why: reason(error), at: performance.now() }
      throw error
    }
  }

  /** One request after the other: when one fails, nothing that follows it is there. */
  async #sendAll(events: readonly NewEvent[]): Promise<void> {
    let batch: MessageToProduce[] = []
    let bytes = 0
    for (const event of events) {
      const record = toRecord(event, this.kafkaTopic(event.topic))
      const size = sizeOf(record)
      if (bytes + size > REQUEST_BYTES && batch.length > 0) {
        await this.#send(batch)
        batch = []
        bytes = 0
      }
      batch.push(record)
      bytes += size
    }
    if (batch.length > 0) await this.#send(batch)
  }

  /**
   * The producer is thrown away when this fails: the broker may have the batch, and would take another one under the same number for its
   * repetition and drop it.
   */
  async #send(messages: MessageToProduce[]): Promise<void> {
    await this.#producer.use((producer) => producer.send({ messages }))
  }

  /** Creates those that are missing and looks at the others, until one is found to be gone. One caller at a time. */
  async #ensureTopics(topics: readonly string[]): Promise<void> {
    if (topics.every((topic) => this.#ready.has(topic))) return
    const ensured = this.#creating.then(() => untilAgreed(() => this.#ensure(topics)))
    this.#creating = ensured.catch(() => {})
    return ensured
  }

  async #ensure(topics: readonly string[]): Promise<void> {
    const missing = topics.filter((topic) => !this.#ready.has(topic))
    if (missing.length === 0) return
    const { partitions, replication } = this.settings
    await this.#admin.use(async (admin) => {
      const existing = new Set(await admin.listTopics())
      const toCreate = missing.map(this.kafkaTopic).filter((topic) => !existing.has(topic))
      if (toCreate.length > 0) {
        await admin
          .createTopics({
            topics: toCreate,
            partitions,
            replicas: replication,
            configs: [
              { name: 'cleanup.policy', value: 'delete' },
              { name: 'retention.ms', value: String(RETENTION_MS) },
              { name: 'segment.ms', value: String(SEGMENT_MS) },
              // An event counts as written when it survives the loss of a broker, if there are enough of them.
              { name: 'min.insync.replicas', value: String(Math.max(1, replication - 1)) },
            ],
          })
          .catch((error: unknown) => {
            // Another process was quicker.
            if (!isProtocolError(error, 'TOPIC_ALREADY_EXISTS')) throw error
          })
      }
      const metadata = await admin.metadata({ topics: missing.map(this.kafkaTopic), forceUpdate: true })
      for (const topic of missing) {
        const found = metadata.topics.get(this.kafkaTopic(topic))
        if (!found || found.partitions.some(({ leader }) => leader < 0))
          throw new Error(`Unknown topic ${this.kafkaTopic(topic)}, or nobody leads it yet.`)
        const copies = found.partitions[0]?.replicas.length ?? 0
        if (found.partitionsCount !== partitions || copies !== replication)
          this.logger.info(
            { topic: this.kafkaTopic(topic), partitions: found.partitionsCount, replication: copies },
            'a topic stands otherwise than KAFKA_PARTITIONS and KAFKA_REPLICATION say; it stays as it is',
          )
        this.#ready.add(topic)
      }
    })
    // We may not be allowed to ask.
    await this.#admin.use((admin) => this.#warnOfLongMemory(admin, missing)).catch(() => {})
  }

  /** Topics that somebody else has made, or changed, may have what inboxes have forgotten. */
  async #warnOfLongMemory(admin: Admin, topics: readonly string[]): Promise<void> {
    const described = await admin.describeConfigs({
      resources: topics.map((topic) => ({
        resourceType: ConfigResourceTypes.TOPIC,
        resourceName: this.kafkaTopic(topic),
        configurationKeys: ['retention.ms', 'segment.ms'],
      })),
    })
    for (const { resourceName, configs } of described) {
      const ms = configs.map(({ value }) => (Number(value) < 0 ? Number.POSITIVE_INFINITY : Number(value)))
      if (ms.reduce((sum, each) => sum + each, 0) > INBOX_DAYS * DAY_MS)
        this.logger.warn(
          { topic: resourceName, ...Object.fromEntries(configs.map(({ name, value }) => [name, value])) },
          `a topic keeps events longer than inboxes remember them: an effect that starts anew may be done twice. Set retention.ms to ${RETENTION_MS} and segment.ms to ${SEGMENT_MS}`,
        )
    }
  }

  async #edges(topics: readonly string[], timestamp: bigint): Promise<Map<string, number[]>> {
    const listed = () =>
      this.#admin.use(async (admin) => {
        const names = topics.map(this.kafkaTopic)
        const metadata = await admin.metadata({ topics: [...names] })
        const listed = await admin.listOffsets({
          topics: names.map((name) => ({
            name,
            partitions: Array.from({ length: metadata.topics.get(name)!.partitionsCount }, (_, index) => ({
              partitionIndex: index,
              timestamp,
            })),
          })),
        })
        const edges = new Map<string, number[]>()
        for (const { name, partitions } of listed) {
          const offsets = edges.get(name.slice(this.settings.prefix.length)) ?? []
          for (const { partitionIndex, offset } of partitions) offsets[partitionIndex] = Number(offset)
          edges.set(name.slice(this.settings.prefix.length), offsets)
        }
        return edges
      })
    return untilAgreed(listed)
  }

  /** How far the groups with members here are behind in all, whoever reads what. */
  async #measure(ends: ReadonlyMap<string, readonly number[]>): Promise<void> {
    const topicsOf = new Map(
      [...this.#consumers]
        .filter(({ subscription }) => subscription.position === 'stored')
        .map(({ subscription }) => [subscription.group, subscription.topics]),
    )
    const stored = await this.stored(
      [...topicsOf].flatMap(([group, topics]) =>
        topics.flatMap((topic) =>
          (ends.get(topic) ?? []).flatMap((end, partition) => (end > 0 ? [{ group, topic, partition }] : [])),
        ),
      ),
    )
    const unread = [...new Set(stored.filter(({ position }) => position < 0).map(({ topic }) => topic))]
    const first = unread.length > 0 ? await this.edges(unread, 'first') : new Map<string, number[]>()
    const lags = new Map([...topicsOf.keys()].map((group) => [group, 0]))
    for (const { group, topic, partition, position } of stored) {
      const from = position < 0 ? (first.get(topic)?.[partition] ?? 0) : position
      lags.set(group, lags.get(group)! + Math.max(0, ends.get(topic)![partition]! - from))
    }
    for (const [group, lag] of lags) this.#lags.set(group, lag)
  }

  /** Where the heard topics end now, and how far groups are from there; tells consumers how many partitions topics have. */
  async #look(): Promise<void> {
    if (this.#looking || this.#closed) return
    const topics = [...new Set([...this.#consumers].flatMap(({ subscription }) => subscription.topics))]
    this.#looking = true
    try {
      if (topics.length === 0) {
        await this.#admin.use((admin) => admin.metadata({ topics: [], forceUpdate: true }))
      } else {
        const ends = await this.withTopics(topics, () => this.edges(topics, 'end'))
        const counts = new Map<string, number>()
        for (const [topic, offsets] of ends) {
          this.#ends.set(topic, offsets)
          counts.set(topic, offsets.length)
        }
        for (const consumer of this.#consumers) void consumer.counted(counts)
        await this.#measure(ends)
      }
      this.#lookTrouble = undefined
    } catch (error) {
      if (!this.#closed) this.#lookTrouble = reason(error)
    } finally {
      this.#looking = false
    }
  }

  async *#readPartition(span: {
    topic: string
    partition: number
    first: number
    last: number
    signal: AbortSignal
  }): AsyncIterable<readonly LoggedEvent[]> {
    const { topic, partition, last, signal } = span
    const name = this.kafkaTopic(topic)
    const options = clientOptions(this.settings, { requestTimeoutMs: ADMIN_TIMEOUT_MS, retries: 2 })
    const client = new KafkaClient({
      ...options,
      groupId: `${this.settings.prefix}reader`,
      autocommit: false,
    })
    heedErrors(client.connections)
    const pool = new ConnectionPool('stoa', options)
    heedErrors(pool)
    client.topics.track(name)
    try {
      let empty = 0
      for (let next = span.first; next < last; ) {
        signal.throwIfAborted()
        if (empty > MAX_EMPTY_READS) throw new Error(`${name} does not give what it has from ${next} on`)
        const metadata = await client.metadata({ topics: [name] })
        const { id, partitions } = metadata.topics.get(name)!
        const answer = await client.fetch({
          node: partitions[partition]!.leader,
          maxWaitTime: 100,
          minBytes: 1,
          maxBytes: 1024 * 1024,
          isolationLevel: 0,
          connectionPool: pool,
          topics: [
            {
              topicId: id,
              partitions: [
                {
                  partition,
                  currentLeaderEpoch: -1,
                  fetchOffset: BigInt(next),
                  lastFetchedEpoch: -1,
                  partitionMaxBytes: 1024 * 1024,
                },
              ],
            },
          ],
        })
        const events: LoggedEvent[] = []
        for (const batch of answer.responses[0]?.partitions[0]?.records ?? []) {
          const firstOffset = Number(batch.firstOffset)
          if ((batch.attributes & 0x20) === 0)
            for (const record of batch.records) {
              const offset = firstOffset + record.offsetDelta
              if (offset < next || offset >= last) continue
              const time = new Date(Number(batch.firstTimestamp + record.timestampDelta))
              events.push(eventOf(fromRecord(record, { topic, partition, offset, time })))
            }
          next = Math.max(next, firstOffset + batch.lastOffsetDelta + 1)
        }
        empty = events.length === 0 ? empty + 1 : 0
        for (let from = 0; from < events.length; from += READ_EVENTS)
          yield events.slice(from, from + READ_EVENTS)
      }
    } finally {
      await pool.close().catch(() => {})
      await client.close(true).catch(() => {})
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error('the log is closed')
  }
}
