import {
  Admin,
  ConnectionPool,
  compatibilityPartitioner,
  Consumer as KafkaClient,
  type MessageToProduce,
  Producer,
} from '@platformatic/kafka'
import type { Logger } from 'pino'
import { clientOptions, heedErrors, isProtocolError, renewable, untilAgreed } from './kafka-clients.ts'
import { KafkaConsumer, reason } from './kafka-consumer.ts'
import { eventOf, fromRecord, sizeOf, toRecord } from './kafka-record.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import {
  type Consumer,
  type EventLog,
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
/** How often the ends of the topics are looked at: what lags are measured from, and whether the brokers answer. */
const LOOK_EVERY_MS = 5_000
/** Events stay this long, whether or not every group has come to them. Longer than inboxes would be needed, as on PostgreSQL. */
const RETENTION_MS = 14 * 24 * 3_600_000

/** Answers in a row without an event, of a partition that has some. */
const MAX_EMPTY_READS = 100

const EARLIEST = -2n
const LATEST = -1n

/**
 * The log in Kafka: a topic per service, `<prefix><service>`, whose key is the aggregate; a consumer group per reaction,
 * `<prefix><service>.<reaction>`. Does not wait for the brokers: what cannot be done yet is done when they are there.
 */
export function createKafkaLog(settings: KafkaSettings, logger: Logger): EventLog {
  return new KafkaLog(settings, logger)
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
  #creating: Promise<void> = Promise.resolve()
  #appending: Promise<void> = Promise.resolve()
  #appendTrouble: string | undefined
  #lookTrouble: string | undefined
  #looking = false
  readonly #timer: NodeJS.Timeout
  #closed = false

  constructor(settings: KafkaSettings, logger: Logger) {
    this.settings = settings
    this.logger = logger
    this.#admin = renewable(
      () => new Admin(clientOptions(settings, { requestTimeoutMs: ADMIN_TIMEOUT_MS, retries: 0 })),
    )
    // One producer's batches are numbered per partition, and one is under way at a time: a repetition of it is known for what it is.
    this.#producer = renewable(
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
    return {
      lag: () => consumer.lag(),
      stop: async () => {
        await consumer.stop()
        this.#consumers.delete(consumer)
      },
    }
  }

  async *read({ topics, from, signal }: ReadOptions): AsyncIterable<readonly LoggedEvent[]> {
    await this.ensureTopics(topics)
    const end = await this.edges(topics, 'end')
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
    await this.ensureTopics(topics)
    const [end, first] = [await this.edges(topics, 'end'), await this.edges(topics, 'first')]
    for (const [topic, offsets] of end) this.#ends.set(topic, offsets)
    const here = Map.groupBy(this.#consumers, ({ subscription }) => subscription.group)
    const behind = new Set<string>()
    const elsewhere: { group: string; topic: string; partition: number }[] = []
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
    const asked = Map.groupBy(
      elsewhere.filter(({ group }) => !behind.has(group)),
      ({ group }) => group,
    )
    if (asked.size === 0) return [...behind]
    const answers = await this.#admin.use((admin) =>
      admin.listConsumerGroupOffsets({
        groups: [...asked].map(([group, wanted]) => ({
          groupId: `${this.settings.prefix}${group}`,
          topics: [...Map.groupBy(wanted, ({ topic }) => topic)].map(([topic, partitions]) => ({
            name: this.kafkaTopic(topic),
            partitionIndexes: partitions.map(({ partition }) => partition),
          })),
        })),
      }),
    )
    for (const { groupId, topics } of answers)
      for (const { name, partitions } of topics)
        for (const { partitionIndex, committedOffset } of partitions) {
          const last = end.get(name.slice(this.settings.prefix.length))?.[partitionIndex] ?? 0
          if (Number(committedOffset) < last) behind.add(groupId.slice(this.settings.prefix.length))
        }
    return [...behind]
  }

  trouble = (): string | undefined => {
    for (const consumer of this.#consumers) {
      const trouble = consumer.trouble()
      if (trouble !== undefined) return trouble
    }
    return this.#appendTrouble ?? this.#lookTrouble
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

  /** Creates those that are missing and looks at the others, once per process. One caller at a time. */
  ensureTopics = async (topics: readonly string[]): Promise<void> => {
    if (topics.every((topic) => this.#ready.has(topic))) return
    const ensured = this.#creating.then(() => untilAgreed(() => this.#ensure(topics)))
    this.#creating = ensured.catch(() => {})
    return ensured
  }

  edges = (topics: readonly string[], edge: 'first' | 'end'): Promise<Map<string, number[]>> =>
    this.#edges(topics, edge === 'first' ? EARLIEST : LATEST)

  // ----

  async #append(events: readonly NewEvent[]): Promise<void> {
    this.#checkOpen()
    try {
      await this.ensureTopics([...new Set(events.map(({ topic }) => topic))])
      let batch: MessageToProduce[] = []
      let bytes = 0
      // One after the other: when one fails, nothing that follows it is there.
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
      this.#appendTrouble = undefined
    } catch (error) {
      this.#appendTrouble = reason(error)
      throw error
    }
  }

  /**
   * The producer is thrown away when this fails: the broker may have the batch, and would take another one under the same number for its
   * repetition and drop it.
   */
  async #send(messages: MessageToProduce[]): Promise<void> {
    await this.#producer.use((producer) => producer.send({ messages }))
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

  /** Where the heard topics end now; tells consumers of topics that have grown. */
  async #look(): Promise<void> {
    if (this.#looking || this.#closed) return
    const topics = [
      ...new Set([...this.#consumers].flatMap(({ subscription }) => subscription.topics)),
    ].filter((topic) => this.#ready.has(topic))
    this.#looking = true
    try {
      if (topics.length === 0) {
        await this.#admin.use((admin) => admin.metadata({ topics: [], forceUpdate: true }))
      } else {
        const ends = await this.edges(topics, 'end')
        const grown = new Map<string, number>()
        for (const [topic, offsets] of ends) {
          const before = this.#ends.get(topic)
          if (before && before.length < offsets.length) grown.set(topic, offsets.length)
          this.#ends.set(topic, offsets)
        }
        if (grown.size > 0)
          for (const consumer of this.#consumers)
            if (consumer.subscription.topics.some((topic) => grown.has(topic)))
              void consumer.grown(
                new Map(consumer.subscription.topics.map((topic) => [topic, ends.get(topic)?.length ?? 0])),
              )
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
