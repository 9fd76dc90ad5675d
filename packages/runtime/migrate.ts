import { readdir, readFile } from 'node:fs/promises'
import type pg from 'pg'

const runtimeMigrations = new URL('./migrations/', import.meta.url)

/**
 * Brings a service's schema up to date: the runtime's tables, then the service's own `NNNN_name.sql`, oldest first.
 * All pending files commit together; any number of processes may start at once.
 */
export async function migrate(pool: pg.Pool, schema: string, directory: URL | undefined): Promise<void> {
  const files = [
    ...(await sqlFiles('runtime/', runtimeMigrations)),
    ...(directory ? await sqlFiles('', directory) : []),
  ]
  await applyMigrations(pool, schema, files)
}

export type MigrationFile = { readonly name: string; readonly url: URL }

/** Applies the files that the schema does not know yet, in one transaction under a lock. */
export async function applyMigrations(
  pool: pg.Pool,
  schema: string,
  files: readonly MigrationFile[],
): Promise<void> {
  if ((await pending(pool, schema, files)).length === 0) return
  const client = await pool.connect()
  try {
    await client.query('begin')
    // Another process may be at it, and filling an index may take its time.
    await client.query(`set local lock_timeout = '60s'; set local statement_timeout = '30min'`)
    // Any number; the same in every process, so that they take turns.
    await client.query('select pg_advisory_xact_lock(727001, hashtext($1))', [schema])
    // Asked of the catalogue's table: `if not exists` asks a cache, which does not hear of what was made while this transaction waited.
    const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [schema])
    if (rowCount === 0) await client.query(`create schema "${schema}"`)
    await client.query(`
      set local search_path to "${schema}", public;
      create table if not exists migration (name text primary key, applied_at timestamptz not null default now());`)
    for (const { name, url } of await pending(client, schema, files)) {
      await client.query(await readFile(url, 'utf8'))
      await client.query('insert into migration (name) values ($1)', [name])
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw new Error(`The migrations of ${schema} failed`, { cause: error })
  } finally {
    client.release()
  }
}

async function pending(
  connection: pg.Pool | pg.PoolClient,
  schema: string,
  files: readonly MigrationFile[],
): Promise<MigrationFile[]> {
  const table = await connection.query('select to_regclass($1) as found', [`"${schema}".migration`])
  if (table.rows[0].found === null) return [...files]
  const { rows } = await connection.query(`select name from "${schema}".migration`)
  const applied = new Set(rows.map((row) => row.name))
  return files.filter((file) => !applied.has(file.name))
}

export async function sqlFiles(prefix: string, directory: URL): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
  return names.map((name) => ({ name: prefix + name, url: new URL(name, directory) }))
}
