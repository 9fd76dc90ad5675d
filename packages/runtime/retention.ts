import type { Database } from './database.ts'
import type { HostedService } from './hosted.ts'
import type { Chore } from './jobs.ts'
import { INBOX_DAYS, LOG_DAYS } from './log.ts'
import { firstSince } from './postgres-log.ts'

/** Rows that one statement deletes, and statements of one sweep: at most a million rows an hour per table, of the log per topic. */
const BATCH_ROWS = 5_000
const MAX_BATCHES = 200

/** Sweeps of a service's own runtime tables, hourly. */
export const serviceRetention = ({ name, database }: HostedService): Chore => ({
  name: `${name}/runtime-retention`,
  cron: `${minuteOf(name)} * * * *`,
  run: async (signal) => {
    await sweep(database, signal, `"${name}".inbox`, `handled_at < now() - interval '${INBOX_DAYS} days'`)
    await sweep(database, signal, `"${name}".parked`, `parked_at < now() - interval '90 days'`)
    await sweep(
      database,
      signal,
      `"${name}".idempotency`,
      `created_at < now() - interval '24 hours' and (locked_until is null or locked_until < now())`,
    )
  },
})

/** Jobs that were given up a month ago, hourly, once per database. */
export const jobRetention = (database: Database): Chore => ({
  name: 'runtime/job-retention',
  cron: '29 * * * *',
  run: (signal) =>
    sweep(
      database,
      signal,
      'graphile_worker._private_jobs',
      `attempts >= max_attempts and locked_at is null and updated_at < now() - interval '30 days'`,
    ),
})

/**
 * The log's own sweep, hourly. Events stay 14 days; as long as some group has not come to them they stay up to 28, then they
 * go all the same: a group that has been away for a month fills itself by republishing. Positions and leases that nobody
 * has touched for 60 days (of reactions that no longer exist) and for a day go, too.
 */
export const logRetention = (database: Database): Chore => ({
  name: 'runtime/log-retention',
  cron: '41 * * * *',
  run: async (signal) => {
    await sweep(database, signal, 'log.lease', `until < now() - interval '1 day'`)
    await sweep(
      database,
      signal,
      'log.cursor',
      `moved_at < now() - interval '60 days' and exists (
        select from log.event e where e.topic = cursor.topic and e.position > cursor.position)`,
    )
    await sweepEvents(database, signal)
  },
})

/** By position, which the table's key has in order: looking for what is old enough would read all that is not. */
async function sweepEvents({ query }: Database, signal: AbortSignal): Promise<void> {
  const topics = await query<{
    topic: string
    first: number
    last: number
    heard: number | null
    old: Date
    too_old: Date
  }>(
    `select topic, first, last, heard, now() - interval '${LOG_DAYS} days' as old, now() - interval '28 days' as too_old
    from (select t.name as topic,
      (select min(e.position) from log.event e where e.topic = t.name) as first,
      (select max(e.position) from log.event e where e.topic = t.name) as last,
      (select min(c.position) from log.cursor c where c.topic = t.name) as heard
      from log.topic t) t
    where first is not null`,
  )
  for (const { topic, first, last, heard, old, too_old } of topics) {
    let end = await firstSince(query, topic, old, [first, last])
    if (heard !== null && heard + 1 < end)
      end = Math.max(heard + 1, await firstSince(query, topic, too_old, [first, last]))
    for (
      let batch = 0, from = first;
      batch < MAX_BATCHES && from < end && !signal.aborted;
      batch += 1, from += BATCH_ROWS
    )
      await query('delete from log.event where topic = $1 and position >= $2 and position < $3', [
        topic,
        from,
        Math.min(from + BATCH_ROWS, end),
      ])
  }
}

async function sweep(
  database: Database,
  signal: AbortSignal,
  table: string,
  condition: string,
): Promise<void> {
  for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch += 1) {
    const rows = await database.query<{ deleted: number }>(
      `with gone as (
        delete from ${table} where ctid = any(array(select ctid from ${table} where ${condition} limit ${BATCH_ROWS})) returning 1)
      select count(*) as deleted from gone`,
    )
    if (rows[0]!.deleted < BATCH_ROWS) return
  }
}

/** Spreads the services over the hour, the same in every process. */
const minuteOf = (name: string): number =>
  [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 60
