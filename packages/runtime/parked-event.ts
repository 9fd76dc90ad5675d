/** The name of the event that says that an event was parked; its topic is `parked`, which no service has. */
export const PARKED_EVENT = 'parked.event-parked'
