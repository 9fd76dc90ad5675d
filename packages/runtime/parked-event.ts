import { event } from '@stoa/contract'
import { z } from 'zod'

/** The name of the event that says that an event was parked; its topic is `parked`, which no service has. */
export const PARKED_EVENT = 'parked.event-parked'

/** Longest error that is announced; the whole one, and the event, are in the service's table `parked`. */
export const MAX_ANNOUNCED_ERROR = 1_000

/** Announced with every event that is parked, in the same transaction, for whoever watches over all services. */
export const EventParked = event({
  name: PARKED_EVENT,
  version: 1,
  payload: z.strictObject({
    /** `<service>.<reaction>`. */
    reaction: z.string(),
    eventId: z.string(),
    type: z.string(),
    key: z.string(),
    error: z.string().max(MAX_ANNOUNCED_ERROR),
  }),
  key: ({ key }) => key,
})
