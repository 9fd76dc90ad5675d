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
  /** Grows within the topic, without order between topics. */
  readonly position: number
}

export type Subscription = {
  /** Its position survives restarts; a new group starts at the oldest event that the log still has. */
  readonly group: string
  /** `memory`: no group at all: starts at the log's end, and forgets its position with the process. */
  readonly position: 'stored' | 'memory'
  readonly topics: readonly string[]
  /** Events that it refuses are passed over. */
  readonly hears: (event: LoggedEvent) => boolean
  /** The types of all that it hears; absent: any. What spares a process the look at news that is for others. */
  readonly types?: readonly string[]
  /** Longest list that is handed over at once. */
  readonly limit: number
  /**
   * Gets lists in the order of each topic, one at a time. When it resolves the position moves on; when it rejects, the
   * same list comes again. After a crash some of what was handled comes again too.
   */
  readonly handle: (events: readonly LoggedEvent[]) => Promise<void>
}

export type Consumer = {
  /** Events between its position and what this process has seen of the log's end. */
  readonly lag: () => number
  /** Hands over no further list, waits for the one that runs, and stores the position. */
  readonly stop: () => Promise<void>
}

/** Where services tell each other facts. Implemented on PostgreSQL tables; made to fit Kafka as well. */
export type EventLog = {
  /** Appends in order, all or nothing; durable when it resolves. An id that the log has already is dropped. */
  readonly append: (events: readonly NewEvent[]) => Promise<void>
  /** Resolves when the subscription stands: what is appended from then on will be delivered. */
  readonly consume: (subscription: Subscription) => Promise<Consumer>
  /** Whether the log itself lets only one member of a group run. If not, callers elect one. */
  readonly assignsGroups: boolean
  /** Something may have been appended by another process: of these types, or of any. */
  readonly look: (types?: readonly string[]) => void
  /**
   * Which of these groups have not handled everything that is in the log now, wherever they run; those of other processes as of
   * their last stored position, which may be a second old. For tests.
   */
  readonly behind: (groups: readonly Pick<Subscription, 'group' | 'topics'>[]) => Promise<readonly string[]>
  /** Stops all consumers and stores their positions. */
  readonly close: () => Promise<void>
}

/** The topic of an event's name: the part before the dot. */
export const topicOf = (eventName: string): string => eventName.slice(0, eventName.indexOf('.'))
