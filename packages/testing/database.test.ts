import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { createDatabase, eventually, statements, templateDatabase } from './index.ts'

test('a database is empty, and gone after it was dropped', async () => {
  const database = await createDatabase()
  const { rows } = await query(
    database.url,
    `select count(*)::int as n from pg_tables where schemaname = 'public'`,
  )
  assert.deepEqual(rows, [{ n: 0 }])
  await database.drop()
  await assert.rejects(query(database.url, 'select 1'), /does not exist/)
})

test('a database is dropped although somebody is connected', async () => {
  const database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  client.on('error', () => {})
  await client.connect()
  await database.drop()
  await assert.rejects(query(database.url, 'select 1'), /does not exist/)
})

test('a template is prepared once for many who ask at once, and each copy is its own', async () => {
  let prepared = 0
  const ask = () =>
    templateDatabase('shop', async (url) => {
      prepared++
      await query(url, 'create table shelf (books int); insert into shelf values (5)')
    })
  const [template] = await Promise.all([ask(), ask(), ask()])
  assert.equal(prepared, 1)
  await using one = await createDatabase({ template: template! })
  await using two = await createDatabase({ template: template! })
  await query(one.url, 'update shelf set books = 4')
  assert.deepEqual((await query(two.url, 'select books from shelf')).rows, [{ books: 5 }])
})

test('a template whose preparation failed is prepared again', async () => {
  await assert.rejects(
    templateDatabase('fails', async (url) => {
      await query(url, 'create table half (done int)')
      throw new Error('no')
    }),
    /no/,
  )
  const template = await templateDatabase('fails', async (url) => {
    await query(url, 'create table half (done int)')
  })
  await using copy = await createDatabase({ template })
  assert.deepEqual((await query(copy.url, 'select * from half')).rows, [])
})

test('statements are counted per database, without transaction control and the counting itself', async () => {
  await using counted = await createDatabase()
  await using other = await createDatabase()
  const counter = statements(counted.url)
  await query(counted.url, 'create table goods (id int)')
  await counter.reset()
  await query(counted.url, 'begin')
  await query(counted.url, 'select id from goods where id = 1')
  await query(counted.url, 'select id from goods where id = 2')
  await query(other.url, 'select 1')
  assert.deepEqual(await counter.snapshot(), [{ query: 'select id from goods where id = $1', calls: 2 }])
})

test('eventually gives the answer as soon as the check holds', async () => {
  let asked = 0
  const answer = await eventually(() => {
    asked++
    assert.ok(asked >= 3)
    return 'here'
  })
  assert.equal(answer, 'here')
  assert.equal(asked, 3)
})

test('eventually fails with the last reason', async () => {
  await assert.rejects(
    eventually(() => assert.equal(1, 2, 'still one'), { timeoutMs: 30 }),
    /still one/,
  )
  await assert.rejects(
    eventually(() => false, { timeoutMs: 30 }),
    /still false after 30 ms/,
  )
})

function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url })
  return client
    .connect()
    .then(() => client.query(sql))
    .finally(() => client.end().catch(() => {}))
}
