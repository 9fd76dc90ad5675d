/** SQL for the JSON text of a `timestamptz`: UTC, ISO 8601. */
export const isoTimestamp = (column: string): string =>
  `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
