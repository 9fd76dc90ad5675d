const dateFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
const timeFormat = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'UTC',
})

/** `23 November 2026`: the day in UTC. */
export const formatDate = (timestamp: string): string => dateFormat.format(new Date(timestamp))

/** `23 November 2026 at 13:05 UTC`. */
export const formatTime = (timestamp: string): string => `${timeFormat.format(new Date(timestamp))} UTC`
