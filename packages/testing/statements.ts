import { onServer, serverUrl } from './database.ts'

export type StatementCount = { readonly query: string; readonly calls: number }

export type StatementCounter = {
  /** Forgets what was counted so far. */
  readonly reset: () => Promise<void>
  /** What services ran since: transaction control and the platform's own work (log, relay, jobs, leases) left out. */
  readonly ofServices: () => Promise<{ total: number; statements: StatementCount[] }>
  /** What the platform ran since for the log, the relay, jobs and leases. */
  readonly ofPlatform: () => Promise<{ total: number; statements: StatementCount[] }>
}

const TRANSACTION_CONTROL = /^\s*(begin|commit|rollback|start transaction|savepoint|release|set |show |discard|listen|unlisten)\b/i
/** Statements on the log's and the job library's schemas, and those by which the relay empties an outbox. */
const PLATFORM = /\blog\.|graphile_worker|\bnotify\b|pg_notify|\/\* stoa|\b(from|join|delete from)\s+"?\w+"?\."?outbox\b/i

/** Counts SQL statements in one database with pg_stat_statements (`track = all`: what functions run counts, too). */
export async function statements(databaseName: string): Promise<StatementCounter> {
  const base = await serverUrl()
  await onServer(base, (client) => client.query('create extension if not exists pg_stat_statements'))
  const read = async (): Promise<StatementCount[]> =>
    onServer(base, async (client) => {
      const { rows } = await client.query(
        `select query, sum(calls)::int as calls from pg_stat_statements
         where dbid = (select oid from pg_database where datname = $1) group by query order by 2 desc, 1`,
        [databaseName],
      )
      return rows.filter((row) => !TRANSACTION_CONTROL.test(row.query))
    })
  const sum = (rows: StatementCount[]) => ({ total: rows.reduce((total, row) => total + row.calls, 0), statements: rows })
  return {
    reset: () =>
      onServer(base, async (client) => {
        await client.query(
          `select pg_stat_statements_reset(0, (select oid from pg_database where datname = $1), 0)`,
          [databaseName],
        )
      }),
    ofServices: async () => sum((await read()).filter((row) => !PLATFORM.test(row.query))),
    ofPlatform: async () => sum((await read()).filter((row) => PLATFORM.test(row.query))),
  }
}
