import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createDatabase } from '@stoa/testing'
import pg from 'pg'
import { migrate } from './migrate.ts'

it('migrations bear twenty processes that start at once, each with connections that knew the database before', async () => {
  await using database = await createDatabase()
  const pools = Array.from({ length: 20 }, () => new pg.Pool({ connectionString: database.url, max: 1 }))
  try {
    // What a connection has asked before, its caches remember: that there is no such schema, for example.
    await Promise.all(pools.map((pool) => pool.query(`select to_regclass('shelf.migration')`)))
    const boxes = new URL('./dispatch-test-migrations/', import.meta.url)
    await Promise.all(pools.map((pool) => migrate(pool, 'shelf', boxes)))
    const { rows } = await pools[0]!.query('select name from shelf.migration order by name')
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['0001_boxes.sql', 'runtime/0001_runtime.sql'],
    )
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
  }
})
