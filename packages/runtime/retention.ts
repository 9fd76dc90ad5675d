import type { Database } from './database.ts'
import type { HostedService } from './hosted.ts'
import type { Chore } from './jobs.ts'

/** Rows that one statement deletes, and statements of one sweep: at most a million rows an hour per table. */
const BATCH_ROWS = 5_000
const MAX_BATCHES = 200

/** Sweeps of a service's own runtime tables, hourly. */
export const serviceRetention = ({ name, database }: HostedService): Chore => ({
  name: `${name}/runtime-retention`,
  cron: `${minuteOf(name)} * * * *`,
  run: async (signal) => {
    await sweep(database, signal, `"${name}".inbox`, `handled_at < now() - interval '14 days'`)
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
    await sweep(
      database,
      signal,
      'log.event',
      `appended_at < now() - interval '14 days' and (appended_at < now() - interval '28 days'
        or position <= coalesce((select min(c.position) from log.cursor c where c.topic = event.topic), position))`,
    )
    await sweep(
      database,
      signal,
      'log.cursor',
      `moved_at < now() - interval '60 days' and exists (
        select from log.event e where e.topic = cursor.topic and e.position > cursor.position)`,
    )
    await sweep(database, signal, 'log.lease', `until < now() - interval '1 day'`)
  },
})

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
