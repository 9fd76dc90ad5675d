import pg from 'pg'

export type StatementCount = { query: string; calls: number }

/** Statements on the log's and the job library's schemas, and those by which the relay empties an outbox. */
const PLATFORM =
  /\blog\.|graphile_worker|^\s*notify\b|pg_notify|pg_wal_lsn_diff|\b(from|join|delete from)\s+"?\w+"?\."?outbox\b/i

/**
 * Counts the SQL that a database was asked, by whomever, through pg_stat_statements. Statements inside functions
 * count; transaction control does not, nor what runs in other databases (these two statements for instance).
 */
export function statements(databaseUrl: string) {
  const name = decodeURIComponent(new URL(databaseUrl).pathname.slice(1))

  async function ask<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    const url = new URL(databaseUrl)
    url.pathname = '/postgres'
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    try {
      // Two test files may come here first at the same time, and `if not exists` is no protection against that.
      await client.query(`begin; select pg_advisory_xact_lock(hashtext('pg_stat_statements'));
        create extension if not exists pg_stat_statements; commit`)
      return (await client.query<Row>(sql, [name])).rows
    } finally {
      await client.end()
    }
  }

  /** Since the last reset, the most frequent first. Constants are replaced: `where id = $1`. */
  const snapshot = () =>
    ask<StatementCount>(`
      select query, sum(calls)::int as calls
      from pg_stat_statements s join pg_database d on d.oid = s.dbid
      where d.datname = $1
        and query !~* '^\\s*(begin|start transaction|commit|end|rollback|abort|savepoint|release|set|show|discard|listen|unlisten)\\M'
      group by query
      order by calls desc, query`)
  const sum = (rows: StatementCount[]) => ({
    total: rows.reduce((total, row) => total + row.calls, 0),
    statements: rows,
  })

  return {
    snapshot,
    /** What services asked: the platform's own work is left out. */
    ofServices: async () => sum((await snapshot()).filter((row) => !PLATFORM.test(row.query))),
    /** What the log, the relay, the job library, leases and notifications asked. */
    ofPlatform: async () => sum((await snapshot()).filter((row) => PLATFORM.test(row.query))),
    /** Counting begins anew. */
    async reset(): Promise<void> {
      await ask('select pg_stat_statements_reset(0, oid, 0) from pg_database where datname = $1')
    },
  }
}
