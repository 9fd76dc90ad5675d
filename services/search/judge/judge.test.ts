import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { openShelf } from '../engines/embedded/shelf.ts'
import { shelfEngine } from '../engines/embedded/testing.ts'
import { defaultRanking } from '../ranking/default-settings.ts'
import { bootstrapInterval } from './bootstrap-interval.ts'
import { crossValidate } from './cross-validate.ts'
import { gridOf, knobs, rankingAt } from './grid.ts'
import { icecatFolder, readIcecat } from './icecat.ts'
import { mean, openJudge } from './judge-ranking.ts'
import { judge, readJudgements } from './ndcg.ts'

/** Reached 0.828 (docs/decisions/0010-search-engine.md); a change that costs as much as a query is looked at. */
const AT_LEAST = 0.81

const folder = icecatFolder()

test(`the default ranking reaches an nDCG@10 of ${AT_LEAST} on the judged queries`, {
  skip: folder ? false : 'there is no icecat catalogue here',
}, async () => {
  const judgements = readJudgements(readFileSync(`${folder}/judgements.csv`, 'utf8'))
  const engine = shelfEngine(openShelf({ now: Date.now }))
  const catalogue = readIcecat(folder!)
  const judged = await (await openJudge(engine, { catalogue, judgements })).judge(defaultRanking)
  assert.equal(judged.length, 56)
  const reached = mean(judged.map(({ ndcg }) => ndcg))
  assert.ok(reached >= AT_LEAST, String(reached))
})

test('nDCG gains 2^g - 1, discounts by the logarithm of the rank, and counts what nobody judged as nothing', () => {
  const grades = new Map([
    ['a', 3],
    ['b', 1],
    ['c', 0],
  ])
  const of = (...ranked: string[]) => judge('q', grades, { ranked, all: new Set(ranked) })
  assert.equal(of('a', 'b', 'c').ndcg, 1)
  const ideal = 7 + 1 / Math.log2(3)
  assert.ok(Math.abs(of('x', 'a').ndcg - 7 / Math.log2(3) / ideal) < 1e-12)
  assert.deepEqual([of('x', 'a').judged, of('x', 'a').recall], [0.5, 0.5])
  assert.ok(Math.abs(of('b').ceiling - 1 / ideal) < 1e-12, 'the best order of what was found')
})

test('judgements are read with commas in queries and either line end, and a broken line is named', () => {
  const read = readJudgements('query,product_id,grade\r\nlamp,1,3\r\nlamp, red,2,0\n')
  assert.deepEqual([...read.keys()], ['lamp', 'lamp, red'])
  assert.throws(() => readJudgements('query,product_id,grade\nlamp,1,7'), /not a judgement: lamp,1,7/)
})

test('the interval of resampled differences holds their mean, and is the same each time', () => {
  const differences = Array.from({ length: 56 }, (_, at) => (at % 7 === 0 ? 0.3 : -0.01))
  const { low, high } = bootstrapInterval(differences)
  assert.ok(low < mean(differences) && mean(differences) < high && low < high)
  assert.deepEqual(bootstrapInterval(differences), { low, high })
})

test('each query is scored at the point chosen without its fold', () => {
  const points = gridOf([{ name: 'only', values: [0, 1, 2, 3, 4], set: (ranking) => ranking }])
  assert.deepEqual(points, [[0], [1], [2], [3], [4]])
  // The first query alone makes the far end look best; without it the near end is.
  const scores = [
    [0, 0.6, 0.6, 0.6],
    [0, 0.6, 0.6, 0.6],
    [0, 0, 0, 0],
    [1, 0.5, 0.5, 0.5],
    [1, 0.5, 0.5, 0.5],
  ]
  const { heldOut, chosen } = crossValidate({ points, scores }, 4)
  assert.equal(chosen, 4)
  assert.deepEqual(heldOut, [0, 0.5, 0.5, 0.5])
})

test('a plateau is chosen before a peak', () => {
  const points = gridOf([{ name: 'only', values: [0, 1, 2, 3, 4, 5], set: (ranking) => ranking }])
  const scores = [[0.1], [0.9], [0.1], [0.7], [0.7], [0.7]]
  assert.equal(crossValidate({ points, scores }, 1).chosen, 4)
})

test('the default ranking is a point of the grid that cross-validation chooses from', () => {
  assert.ok(gridOf(knobs).some((point) => isDeepStrictEqual(rankingAt(point), defaultRanking)))
})
