import type { Query } from '@stoa/runtime'

/** Says that changes may have been heard that the index which all share was not told. */
export async function noteMissedChanges(query: Query): Promise<void> {
  await query(
    `insert into search.missed_changes (at) values (clock_timestamp())
     on conflict (singleton) do update set at = excluded.at`,
  )
}

/** Up to when, as PostgreSQL writes it; undefined when the index was told everything. */
export async function missedChanges(query: Query): Promise<string | undefined> {
  const rows = await query<{ at: string }>('select at::text from search.missed_changes')
  return rows[0]?.at
}

/** What was missed until then has been read again. */
export async function forgetMissedChanges(query: Query, until: string): Promise<void> {
  await query('delete from search.missed_changes where at <= $1::timestamptz', [until])
}
