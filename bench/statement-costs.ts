import type pg from 'pg'

const STATEMENTS = 30

/** Forgets what was counted in this database so far. */
export async function resetStatements(pool: pg.Pool): Promise<void> {
  await pool.query('create extension if not exists pg_stat_statements')
  await pool.query(
    'select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()), 0)',
  )
}

/**
 * What PostgreSQL did since, dearest first: calls and execution time for each of `times` repetitions. Transaction control, the
 * relay and the job runner included; planning, parsing and the network are not in the time.
 */
export async function describeStatements(pool: pg.Pool, times: number): Promise<string> {
  const { rows } = await pool.query<{ calls: number; ms: number; text: string }>(
    `select sum(calls)::float8 as calls, sum(total_exec_time + total_plan_time) as ms,
       regexp_replace(query, '\\s+', ' ', 'g') as text
     from pg_stat_statements
     where toplevel and dbid = (select oid from pg_database where datname = current_database())
     group by text order by ms desc`,
  )
  const sum = (what: 'calls' | 'ms') => rows.reduce((total, row) => total + row[what], 0) / times
  return [
    `${sum('calls').toFixed(1)} statements each, ${sum('ms').toFixed(2)} ms in PostgreSQL's executor`,
    ...rows
      .slice(0, STATEMENTS)
      .map(
        ({ calls, ms, text }) =>
          `${(ms / times).toFixed(3).padStart(8)} ms ${(calls / times).toFixed(2).padStart(6)} calls  ${text.trim().slice(0, 120)}`,
      ),
  ].join('\n')
}
