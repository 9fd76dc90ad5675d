import type { z } from 'zod'

/** A fact in the past tense. Its payload carries no personal data beyond the subject's id. */
export type EventType<Name extends string = string, Payload extends z.ZodType = z.ZodType> = {
  /** `<service>.<past-participle>`; the part before the dot is also the topic. */
  readonly name: Name
  readonly version: number
  readonly payload: Payload
  /** The aggregate's id. Events with the same key are delivered in the order in which they were committed. */
  readonly key: (payload: z.output<Payload>) => string
}

export type PayloadOf<E extends EventType> = z.output<E['payload']>

export const event = <const Name extends `${string}.${string}`, Payload extends z.ZodType>(
  spec: EventType<Name, Payload>,
): EventType<Name, Payload> => spec
