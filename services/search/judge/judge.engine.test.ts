import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { engineAddress } from '@stoa/testing'
import { openShelf } from '../engines/embedded/shelf.ts'
import { shelfEngine } from '../engines/embedded/testing.ts'
import type { SearchEngine } from '../engines/engine.ts'
import { openPatiently } from '../engines/opensearch/testing.ts'
import { defaultRanking } from '../ranking/default-settings.ts'
import { icecatFolder, readIcecat, withoutIcecat } from './icecat.ts'
import { mean, openJudge } from './judge-ranking.ts'
import { readJudgements } from './ndcg.ts'

/** Of the mean of 56 queries: scores have 32 bits there, and what ties nearly may change places. */
const LESS_BY = 0.001

const { address, skip } = engineAddress('opensearch')

test('OpenSearch reaches the figures of the embedded engine on the judged queries', {
  skip: skip || withoutIcecat(),
}, async (test) => {
  const folder = icecatFolder()
  assert.ok(folder !== undefined, 'the icecat catalogue is missing')
  const judgements = readJudgements(readFileSync(`${folder}/judgements.csv`, 'utf8'))
  const catalogue = readIcecat(folder)
  const reached = async (engine: SearchEngine) => {
    const judge = await openJudge(engine, { catalogue, judgements })
    const judged = await judge.judge(defaultRanking, { deep: true })
    assert.equal(judged.length, 56)
    const of = (figure: 'ndcg' | 'recall' | 'judged') => mean(judged.map((query) => query[figure]))
    const { none, relaxed } = await judge.zeroResults(defaultRanking)
    return {
      better: { 'nDCG@10': of('ndcg'), recall: of('recall'), 'judged@10': of('judged') },
      worse: { 'zero results': none, 'only after relaxing': relaxed },
    }
  }
  const embedded = await reached(shelfEngine(openShelf({ now: Date.now })))
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  const engine = openPatiently({ url: address, prefix, shards: 1 })
  try {
    const shared = await reached(engine)
    test.diagnostic(`${JSON.stringify(shared)} in OpenSearch, ${JSON.stringify(embedded)} embedded`)
    for (const [figure, its] of Object.entries(embedded.better) as [keyof typeof embedded.better, number][])
      assert.ok(shared.better[figure] >= its - LESS_BY, `${figure}: ${shared.better[figure]}, and ${its}`)
    assert.deepEqual(shared.worse, embedded.worse)
  } finally {
    await engine.destroy()
    await engine.close()
  }
})
