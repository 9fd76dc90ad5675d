import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createDatabase } from '@stoa/testing'
import pg from 'pg'
import { migrate } from './migrate.ts'

it('migrations bear twenty processes that start at once', async () => {
  await using database = await createDatabase()
  const pools = Array.from({ length: 20 }, () => {
    const pool = new pg.Pool({ connectionString: database.url, max: 1 })
    // The database goes while the last of them are still saying goodbye.
    pool.on('error', () => {})
    return pool
  })
  try {
    const boxes = new URL('./dispatch-test-migrations/', import.meta.url)
    // Connections that have made a schema before answer much from their caches, and those do not hear of what a transaction waited for.
    await Promise.all(pools.map((pool, index) => migrate(pool, `own_${index}`, boxes)))
    await Promise.all(pools.map((pool) => migrate(pool, 'shelf', boxes)))
    const { rows } = await pools[0]!.query('select name from shelf.migration order by name')
    assert.deepEqual(
      rows.map(({ name }) => name),
      [
        '0001_boxes.sql',
        'runtime/0001_runtime.sql',
        'runtime/0002_audit_version.sql',
        'runtime/0003_jobs_beside_events.sql',
        'runtime/0004_remembered_headers.sql',
      ],
    )
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
  }
})
