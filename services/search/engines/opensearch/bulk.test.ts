import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EngineAway } from '../engine.ts'
import { type BulkItem, bulk } from './bulk.ts'
import { IndexGone, type PartError, type Remote } from './remote.ts'

type Said = { readonly status: number; readonly error?: PartError }

const BUSY: Said = { status: 429, error: { type: 'rejected_execution_exception', reason: 'too much to do' } }
const WRONG: Said = { status: 400, error: { type: 'mapper_parsing_exception', reason: 'no number' } }
const WRITTEN: Said = { status: 201 }

/** In a cluster's place. `says`: what becomes of an item, by how often it was sent before. */
function aRemote(says: (id: string, before: number) => Said) {
  const sent: string[][] = []
  const remote: Pick<Remote, 'ask' | 'whole'> = {
    ask: async (_method, _path, { lines = '' } = {}) => {
      const ids = lines
        .split('\n')
        .flatMap((line) => (line.startsWith('{"create"') ? [JSON.parse(line).create._id as string] : []))
      const answers = ids.map((id) => says(id, sent.flat().filter((one) => one === id).length))
      sent.push(ids)
      return { status: 200, body: { errors: true, items: answers.map((one) => ({ create: one })) } }
    },
    whole: (index, parts) => {
      if (parts.length > 0) throw new IndexGone(index)
    },
  }
  return { sent, remote: remote as Remote }
}

const items = (...ids: readonly string[]): BulkItem[] =>
  ids.map((id) => ({ action: 'create', id, body: { name: id } }))
const OPTIONS = { index: 'products', visible: false, accept: [] }

describe('A list of documents that is written', () => {
  it('is sent again only in the items that the cluster has no room for', async () => {
    const { sent, remote } = aRemote((id, before) => (id === 'b' && before < 2 ? BUSY : WRITTEN))
    const { results, refusals } = await bulk(remote, items('a', 'b', 'c'), OPTIONS)
    assert.deepEqual(sent, [['a', 'b', 'c'], ['b'], ['b']])
    assert.deepEqual(results.map(({ id }) => id).toSorted(), ['a', 'b', 'c'])
    assert.equal(refusals.count, 0)
  })

  it('is given up after five tries within some 3 s, as by a cluster that is away', async () => {
    const { sent, remote } = aRemote((id) => (id === 'b' ? BUSY : WRITTEN))
    const startedAt = performance.now()
    await assert.rejects(bulk(remote, items('a', 'b'), OPTIONS), EngineAway)
    assert.deepEqual(sent, [['a', 'b'], ['b'], ['b'], ['b'], ['b']])
    assert.ok(performance.now() - startedAt > 2_900)
  })

  it('is written but for the items that the cluster refuses, which are named and not sent again', async () => {
    const { sent, remote } = aRemote((id) => (id === 'b' ? WRONG : WRITTEN))
    const { results, refusals } = await bulk(remote, items('a', 'b', 'c'), OPTIONS)
    assert.deepEqual(sent, [['a', 'b', 'c']])
    assert.deepEqual(
      results.map(({ id }) => id),
      ['a', 'c'],
    )
    assert.deepEqual([refusals.count, refusals.first], [1, [{ id: 'b', reason: 'no number' }]])
  })

  it('has its refusals counted, and the first of them named in short', async () => {
    const { remote } = aRemote(() => ({ status: 400, error: { reason: 'x'.repeat(10_000) } }))
    const ids = Array.from({ length: 1_000 }, (_, at) => String(at))
    const { results, refusals } = await bulk(remote, items(...ids), OPTIONS)
    assert.deepEqual([results.length, refusals.count], [0, 1_000])
    assert.ok(JSON.stringify(refusals).length < 10_000)
  })

  it('takes a conflict for none where it is told so, and else tries again', async () => {
    const conflict = { status: 409, error: { type: 'version_conflict_engine_exception' } }
    const { sent, remote } = aRemote((_, before) => (before === 0 ? conflict : WRITTEN))
    assert.equal((await bulk(remote, items('a'), { ...OPTIONS, accept: [409] })).results[0]!.status, 409)
    await bulk(remote, items('b'), OPTIONS)
    assert.deepEqual(sent, [['a'], ['b'], ['b']])
  })

  it('is sent in requests of 250 items and two million characters at most', async () => {
    const { sent, remote } = aRemote(() => WRITTEN)
    await bulk(remote, items(...Array.from({ length: 600 }, (_, at) => String(at))), OPTIONS)
    assert.deepEqual(
      sent.map(({ length }) => length),
      [250, 250, 100],
    )
    sent.length = 0
    const large = items('a', 'b', 'c').map((item) => ({ ...item, body: { name: 'x'.repeat(900_000) } }))
    await bulk(remote, large, OPTIONS)
    assert.deepEqual(sent, [['a', 'b'], ['c']])
  })
})
