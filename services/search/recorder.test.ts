import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Recorder, type Records } from './recorder.ts'

const search = { day: '2026-05-01', query: 'oak', testId: null, variant: 'default' } as const

function recorder({ fails = () => false }: { fails?: () => boolean } = {}) {
  const written: Records[] = []
  const warned: object[] = []
  const made = new Recorder({
    write: async (records) => {
      if (fails()) throw new Error('away')
      written.push(records)
    },
    log: { warn: (details) => void warned.push(details) },
  })
  return { made, written, warned }
}

test('what happens within a second is one row with its sum', async () => {
  const { made, written } = recorder()
  for (let n = 0; n < 100; n += 1) made.count(search, { searches: 1 })
  made.count(search, { clicks: 1 })
  await made.flush()
  assert.equal(written.length, 1)
  assert.deepEqual(written[0]!.queries, [{ ...search, searches: 100, zeroResults: 0, clicks: 1 }])
  await made.flush()
  assert.equal(written.length, 1)
})

test('what could not be written is written later, together with what came since', async () => {
  let away = true
  const { made, written } = recorder({ fails: () => away })
  made.count(search, { searches: 1 })
  made.clickAt(search.day, 3)
  await made.flush()
  made.count(search, { searches: 1 })
  away = false
  await made.flush()
  assert.equal(written[0]!.queries[0]!.searches, 2)
  assert.equal(written[0]!.positions[0]!.clicks, 1)
})

test('while nothing can be written, what is kept has a bound and what is lost is told', async () => {
  let away = true
  const { made, written, warned } = recorder({ fails: () => away })
  for (let n = 0; n < 6_000; n += 1) made.count({ ...search, query: `q${n}` }, { searches: 1 })
  await made.flush()
  away = false
  await made.flush()
  assert.equal(written[0]!.queries.length, 5_000)
  assert.ok(warned.some((details) => 'lost' in details))
})

test('a flood of distinct queries counts in the totals and is stored no further', async () => {
  const { made, written } = recorder()
  for (let n = 0; n < 50_500; n += 1) {
    made.count({ ...search, query: `q${n}` }, { searches: 1 })
    if (n % 400 === 0) await made.flush()
  }
  await made.flush()
  const rows = written.flatMap(({ queries }) => queries)
  assert.equal(rows.filter(({ query }) => query !== null).length, 50_000)
  assert.equal(
    rows.reduce((sum, { searches }) => sum + searches, 0),
    50_500,
  )
})

test('a flood of carts and of reformulations fills no table', async () => {
  const { made, written, warned } = recorder()
  const { day, query, testId, variant } = search
  for (let n = 0; n < 100_500; n += 1) {
    made.mark(day, { cartKey: `c${n}`, productId: 'p', skus: ['S'], query, testId, variant })
    made.reformulated(day, { from: `q${n % 400}`, to: `q${400 + Math.floor(n / 400)}` })
    if (n % 200 === 0) await made.flush()
  }
  await made.flush()
  assert.equal(written.flatMap(({ marks }) => marks).length, 100_000)
  assert.equal(written.flatMap(({ reformulations }) => reformulations).length, 50_000)
  assert.ok(warned.some((details) => 'lost' in details))
})

test('what was counted before the end is written at the end', async () => {
  const { made, written } = recorder()
  made.count(search, { searches: 1 })
  await made[Symbol.asyncDispose]()
  assert.equal(written.length, 1)
})
