import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDatabase } from '@stoa/testing'
import pg from 'pg'
import { floorTransaction, rowsOfEach } from './floor-rows.ts'

test('the floor inserts as many rows of the same width as what it stands for, in one statement', async () => {
  await using database = await createDatabase()
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  await using _ = { [Symbol.asyncDispose]: () => pool.end() }
  await pool.query(
    `create table line (id uuid default uuidv7(), body text); insert into line (body) select repeat('y', 200) from generate_series(1, 20)`,
  )
  // 20 rows over 10 repetitions; one of the other table in 10 is not a repetition's own.
  const shape = await rowsOfEach(pool, {
    before: new Map([['public.line', 5]]),
    after: new Map([
      ['public.line', 25],
      ['public.other', 1],
    ]),
    times: 10,
  })
  assert.equal(shape.length, 1)
  assert.equal(shape[0]!.rows, 2)
  const write = await floorTransaction(pool, shape)
  await write()
  await write()
  const { rows } = await pool.query('select pg_column_size(t) as width from floor.t0 t')
  assert.equal(rows.length, 4)
  for (const { width } of rows)
    assert(Math.abs(width - shape[0]!.widthBytes) <= 8, `${width} is another width`)
})
