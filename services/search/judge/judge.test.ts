import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { defaultRanking } from '../ranking/default-settings.ts'
import { bootstrapInterval } from './bootstrap-interval.ts'
import { icecatFolder, readIcecat } from './icecat.ts'
import { mean, openJudge } from './judge-ranking.ts'
import { judge, readJudgements } from './ndcg.ts'

/** Reached 0.81 (docs/decisions/0010-search-engine.md); a change that costs more than a query or two is looked at. */
const AT_LEAST = 0.795

const folder = icecatFolder()

test(`the default ranking reaches an nDCG@10 of ${AT_LEAST} on the judged queries`, {
  skip: folder ? false : 'there is no icecat catalogue here',
}, () => {
  const judgements = readJudgements(readFileSync(`${folder}/judgements.csv`, 'utf8'))
  const judged = openJudge(readIcecat(folder!), judgements).judge(defaultRanking)
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
