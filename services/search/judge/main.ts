import { readFileSync } from 'node:fs'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { openEmbeddedEngine } from '../engines/embedded/embedded-engine.ts'
import type { RankingSettings, SearchEngine } from '../engines/engine.ts'
import { openOpenSearchEngine } from '../engines/opensearch/opensearch-engine.ts'
import { defaultRanking } from '../ranking/default-settings.ts'
import { bootstrapInterval } from './bootstrap-interval.ts'
import { crossValidate } from './cross-validate.ts'
import { gridOf, knobs, rankingAt } from './grid.ts'
import { icecatFolder, readIcecat } from './icecat.ts'
import { type Judge, mean, openJudge } from './judge-ranking.ts'
import { type QueryJudged, readJudgements } from './ndcg.ts'
import { steps } from './steps.ts'

/**
 * `npm run search:judge`: how good the default ranking is, query by query.
 * `-- --a before.json --b after.json`: two rankings (as in ranking/default-settings.ts) compared; one alone is compared with the default.
 * `-- --steps`: what each step of the default ranking adds.
 * `-- --cross-validate`: weights chosen without the queries that they are scored on, and those chosen on all (a minute or two).
 * `-- --engine opensearch`: through the cluster at OPENSEARCH_URL, in an index of its own that is gone afterwards.
 * `-- --judgements file.csv`, `-- --catalogue folder`: others than icecat's.
 */
const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'embedded' },
    judgements: { type: 'string' },
    catalogue: { type: 'string' },
    a: { type: 'string' },
    b: { type: 'string' },
    steps: { type: 'boolean' },
    'cross-validate': { type: 'boolean' },
  },
})

const FOLDS = 8

const folder = values.catalogue ?? icecatFolder()
if (folder === undefined) {
  console.log('There is no icecat catalogue here: name its folder with --catalogue, or set STOA_DATA.')
  process.exit(0)
}
const judgements = readJudgements(readFileSync(values.judgements ?? `${folder}/judgements.csv`, 'utf8'))
const opened = openEngine(values.engine)
const judge = await openJudge(opened.engine, { catalogue: readIcecat(folder), judgements })

if (values.steps) await showSteps(judge)
else if (values['cross-validate']) await showValidation(judge)
else if (values.a !== undefined || values.b !== undefined)
  await compare(judge, { a: readRanking(values.a), b: readRanking(values.b) })
else await show(judge)

await opened.close()

function openEngine(name: string): { engine: SearchEngine; close: () => Promise<void> } {
  if (name === 'embedded') {
    const engine = openEmbeddedEngine()
    return { engine, close: () => engine.close() }
  }
  const url = process.env.OPENSEARCH_URL
  if (name !== 'opensearch' || !url) {
    console.error('--engine is embedded, or opensearch with its address in OPENSEARCH_URL')
    process.exit(1)
  }
  const engine = openOpenSearchEngine({ url, prefix: `judge-${process.pid}-`, shards: 1, replicas: 0 })
  return {
    engine,
    close: async () => {
      await engine.destroy()
      await engine.close()
    },
  }
}

function readRanking(path: string | undefined): RankingSettings {
  return path === undefined ? defaultRanking : JSON.parse(readFileSync(path, 'utf8'))
}

async function show(judge: Judge): Promise<void> {
  const queries = (await judge.judge(defaultRanking, { deep: true })).toSorted((a, b) => a.ndcg - b.ndcg)
  console.log('  nDCG@10  ceiling  judged@10  recall   found  query')
  for (const { query, ndcg, ceiling, judged, recall, found } of queries)
    console.log(
      `  ${digits(ndcg)}    ${digits(ceiling)}    ${digits(judged)}      ${digits(recall)}  ${String(found).padStart(6)}  ${query}`,
    )
  summary('default', queries)
  const { none, relaxed } = await judge.zeroResults(defaultRanking)
  console.log(
    `of all ${judgements.size} queries: zero results ${digits(none)}, only after relaxing ${digits(relaxed)}`,
  )
}

function summary(name: string, queries: readonly QueryJudged[]): void {
  const of = (what: 'ndcg' | 'judged' | 'recall' | 'ceiling') =>
    digits(mean(queries.map((query) => query[what])))
  console.log(
    `${name}: ${queries.length} queries, nDCG@10 ${of('ndcg')}, judged@10 ${of('judged')}, recall ${of('recall')}, ceiling ${of('ceiling')}`,
  )
}

async function compare(
  judge: Judge,
  { a, b }: { readonly a: RankingSettings; readonly b: RankingSettings },
): Promise<void> {
  const before = await judge.judge(a)
  const after = await judge.judge(b)
  const differences = after.map(({ ndcg }, at) => ndcg - before[at]!.ndcg)
  const byDifference = after
    .map(({ query }, at) => ({ query, by: differences[at]! }))
    .sort((x, y) => x.by - y.by)
  for (const { query, by } of byDifference) if (by !== 0) console.log(`  ${signed(by)}  ${query}`)
  for (const [name, queries] of [
    ['a', before],
    ['b', after],
  ] as const)
    console.log(
      `${name}: nDCG@10 ${digits(mean(queries.map(({ ndcg }) => ndcg)))}, judged@10 ${digits(mean(queries.map(({ judged }) => judged)))}`,
    )
  const { low, high } = bootstrapInterval(differences)
  console.log(
    `b - a: ${signed(mean(differences))}, 95 % of resampled queries within ${signed(low)} to ${signed(high)}`,
  )
}

async function showSteps(judge: Judge): Promise<void> {
  console.log('| step | nDCG@10 | gain | 95 % interval of the gain | judged@10 | recall |')
  console.log('|---|---|---|---|---|---|')
  let before: readonly QueryJudged[] | undefined
  for (const { name, ranking } of steps()) {
    const queries = await judge.judge(ranking, { deep: true })
    const differences = queries.map(({ ndcg }, at) => ndcg - (before?.[at]?.ndcg ?? ndcg))
    const { low, high } = bootstrapInterval(differences)
    const of = (what: 'ndcg' | 'judged' | 'recall') => digits(mean(queries.map((query) => query[what])))
    const gain = before ? `${signed(mean(differences))} | ${signed(low)} to ${signed(high)}` : '| '
    console.log(`| ${name} | ${of('ndcg')} | ${gain} | ${of('judged')} | ${of('recall')} |`)
    before = queries
  }
}

async function showValidation(judge: Judge): Promise<void> {
  const points = gridOf(knobs)
  const scores: number[][] = []
  for (const point of points) scores.push((await judge.judge(rankingAt(point))).map(({ ndcg }) => ndcg))
  const grid = { points, scores }
  const queries = scores[0]!.length
  for (const folds of [FOLDS, queries]) {
    const { heldOut, chosen } = crossValidate(grid, folds)
    const { low, high } = bootstrapInterval(heldOut)
    console.log(
      `${folds} folds over ${points.length} points: held out ${digits(mean(heldOut))} (95 % of resampled queries within ${digits(low)} to ${digits(high)}), fitted ${digits(mean(scores[chosen]!))}`,
    )
  }
  const { chosen } = crossValidate(grid, FOLDS)
  knobs.forEach(({ name, values }, knob) => {
    const means = values.map((value, at) => {
      const those = scores.filter((_, index) => points[index]![knob] === at)
      return `${value}: ${digits(mean(those.map(mean)))}`
    })
    console.log(`${name} ${values[points[chosen]![knob]!]} (mean of the grid at ${means.join(', ')})`)
  })
  const isDefault = isDeepStrictEqual(rankingAt(points[chosen]!), defaultRanking)
  console.log(
    isDefault ? 'The default ranking is the chosen one.' : 'The default ranking is NOT the chosen one.',
  )
}

function digits(value: number): string {
  return value.toFixed(3)
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(3)}`
}
