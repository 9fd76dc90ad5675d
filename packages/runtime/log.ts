/** A fact on its way into the log. */
export type NewEvent = {
  readonly id: string
  /** The service that announced it. */
  readonly topic: string
  readonly type: string
  readonly schemaVersion: number
  /** Events of one key keep their order. */
  readonly key: string
  /** Of the aggregate. */
  readonly version: number
  readonly payload: unknown
  readonly traceparent: string | undefined
  readonly occurredAt: Date
}

export type LoggedEvent = NewEvent & {
  /**
   * Where it stands, for people who look for it. Grows from one event of a key to the next: on PostgreSQL within the topic and without
   * gaps, on Kafka (an offset) within the key's partition. Nothing may be decided by it: a repetition has another.
   */
  readonly position: number
}

export type Subscription = {
  /** Its position survives restarts; a new group starts at the oldest event that the log still has. */
  readonly group: string
  /** `memory`: no group at all: starts at the log's end, and forgets its position with the process. */
  readonly position: 'stored' | 'memory'
  readonly topics: readonly string[]
  /** Events that it refuses are passed over. */
  readonly hears: (event: Omit<LoggedEvent, 'payload'>) => boolean
  /** Longest list that is handed over at once. */
  readonly limit: number
  /**
   * Gets lists in the order of each key, one at a time. When it resolves the position moves on; when it rejects, the same list comes
   * again. Every event comes at least once, and may come again: after a crash, when the group's members change (then for a moment even
   * to two of them at once), or because it was appended again. A repetition may come after later events of its key.
   */
  readonly handle: (events: readonly LoggedEvent[]) => Promise<void>
}

export type Consumer = {
  /**
   * Events between its group's position and the log's end, wherever the group's members run; as far as this process knows, which may be some
   * seconds old.
   */
  readonly lag: () => number
  /** Hands over no further list, waits for the one that runs, and stores the position. */
  readonly stop: () => Promise<void>
}

/**
 * Where services tell each other facts. Implemented on PostgreSQL tables and on Kafka; what is said here holds on both. Whoever reacts
 * bears repetitions: effects by their inbox, projections by versions, `everywhere` by reading again.
 */
export type EventLog = {
  /**
   * Appends in order; durable when it resolves. When it rejects, some of the events may be there and others not, but none of a key
   * without those before it: appending all of them again, in their order, makes it whole. What is there already may be there twice
   * then. Bounded: it rejects when the log is away.
   */
  readonly append: (events: readonly NewEvent[]) => Promise<void>
  /**
   * With a position in memory it resolves when the subscription stands: what is appended from then on will be delivered. With a stored
   * one it need not wait, for nothing can be missed. While the log is away it waits, and does not reject.
   */
  readonly consume: (subscription: Subscription) => Promise<Consumer>
  /**
   * Reads what was appended from a time on until now, for whoever wants to see it again: in the order of each key, in lists of at most
   * `READ_EVENTS`. Ends at what was the log's end when it began. May begin a little before `from`, never after.
   */
  readonly read: (options: ReadOptions) => AsyncIterable<readonly LoggedEvent[]>
  /** Whether the log itself spreads a group's work over its members. If not, callers elect one. */
  readonly assignsGroups: boolean
  /** Something may have been appended by another process. */
  readonly look: () => void
  /**
   * Which of these groups have not handled everything that is in the log now, wherever they run; those of other processes as of
   * their last stored position, which may be a second old. For tests.
   */
  readonly behind: (groups: readonly Pick<Subscription, 'group' | 'topics'>[]) => Promise<readonly string[]>
  /** Why appends and deliveries wait; undefined when they do not, as far as is known. What is announced stays in the outbox meanwhile. */
  readonly trouble: () => string | undefined
  /** Stops all consumers and stores their positions. */
  readonly close: () => Promise<void>
}

export type ReadOptions = {
  readonly topics: readonly string[]
  readonly from: Date
  readonly signal: AbortSignal
}

/** An append that has failed and is not tried again for so long is another process's by now: a relay pauses for 5 s, and a request takes 33 s at most. */
export const APPEND_TROUBLE_MS = 60_000

/** Days that the log keeps an event at least, whether or not every group has come to it. */
export const LOG_DAYS = 14
/** Days that an inbox remembers one: longer than it can be handed over again. Kafka drops up to a day's events at once, with the last of them. */
export const INBOX_DAYS = LOG_DAYS + 2

/** Longest list that `read` yields. */
export const READ_EVENTS = 500

/** The topic of an event's name: the part before the dot. */
export const topicOf = (eventName: string): string => eventName.slice(0, eventName.indexOf('.'))
