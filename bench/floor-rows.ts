import type pg from 'pg'

/** How many rows of which width one transaction inserts into one table. */
export type Rows = { readonly table: string; readonly rows: number; readonly widthBytes: number }

/** Of rows that are gone when we look (the outbox, the job queue): about an event with its payload. */
const WIDTH_OF_GONE_ROWS_BYTES = 400

/** Rows inserted since the database was made, per table. The server tells up to 10 s late. */
export async function insertedRows(pool: pg.Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ name: string; inserted: string }>(
    `select format('%I.%I', schemaname, relname) as name, n_tup_ins as inserted from pg_stat_user_tables`,
  )
  return new Map(rows.map(({ name, inserted }) => [name, Number(inserted)]))
}

/** What one of `times` repetitions inserted on average: its own rows, without what happens now and then. */
export async function rowsOfEach(
  pool: pg.Pool,
  { before, after, times }: { before: Map<string, number>; after: Map<string, number>; times: number },
): Promise<Rows[]> {
  const found: Rows[] = []
  for (const [table, inserted] of after) {
    const rows = Math.round((inserted - (before.get(table) ?? 0)) / times)
    if (rows === 0) continue
    const { rows: answer } = await pool.query<{ width: number | null }>(
      `select avg(pg_column_size(t))::int as width from (select * from ${table} limit 2000) t`,
    )
    found.push({ table, rows, widthBytes: answer[0]!.width ?? WIDTH_OF_GONE_ROWS_BYTES })
  }
  return found
}

/**
 * The floor of a checkout: one transaction, one statement, that inserts as many rows of the same width into as many tables,
 * each with a primary key and nothing else.
 */
export async function floorTransaction(pool: pg.Pool, shape: readonly Rows[]): Promise<() => Promise<void>> {
  await pool.query('drop schema if exists floor cascade; create schema floor')
  for (const [index] of shape.entries())
    await pool.query(
      `create table floor.t${index} (id uuid primary key default uuidv7(), body text not null)`,
    )
  const inserts = shape.map(
    ({ rows }, index) =>
      `i${index} as (insert into floor.t${index} (body) select $${index + 1} from generate_series(1, ${rows}))`,
  )
  const text = `with ${inserts.join(', ')} select 1`
  // A tuple's header and the key are part of the width.
  const values = shape.map(({ widthBytes }) => 'x'.repeat(Math.max(1, widthBytes - 44)))
  return async () => {
    await pool.query({ name: 'floor', text, values })
  }
}
