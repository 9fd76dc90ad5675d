import { readFileSync } from 'node:fs'
import { icecatFolder } from '@stoa/search/judge/icecat'
import { mean } from '@stoa/search/judge/judge-ranking'
import { hasPositive, judge, readJudgements } from '@stoa/search/judge/ndcg'
import { quantile } from './quantile.ts'
import { type Candidate, type CandidateName, candidates } from './search-candidates.ts'
import { searchGoods, searchQueries } from './search-goods.ts'

/** `search-candidate.ts <name> <products>`: measures one candidate in a process of its own and prints what it measured as JSON. */
export type CandidateFigures = {
  readonly buildMs: number
  readonly residentMb: number
  readonly p50Ms: number
  readonly p95Ms: number
  /** All threads of the process; nothing of PostgreSQL's. Hardly moved by what else the machine does. */
  readonly cpuP50Ms: number
  readonly cpuP95Ms: number
  readonly changeMs: number
  /** NaN unless the catalogue is the judged one. */
  readonly ndcg: number
}

const QUERIES = 200
const WARM_UP = 40
const CHANGES = 20

const [name, products] = process.argv.slice(2) as [CandidateName, string]
const goods = searchGoods(Number(products))!
const open: Record<CandidateName, () => Candidate> = {
  ...candidates,
  ours: () => candidates.ours(goods.attributes),
  postgres: () => candidates.postgres(process.env.DATABASE_URL!),
}
globalThis.gc?.()
const before = process.memoryUsage().rss
const candidate = open[name]()
const buildMs = await timed(() => candidate.build(goods.documents))
globalThis.gc?.()
const residentMb = (process.memoryUsage().rss - before) / 2 ** 20

const queries = searchQueries(goods, QUERIES + WARM_UP)
for (const query of queries.slice(0, WARM_UP)) await candidate.search(query)
const times: number[] = []
const cpuTimes: number[] = []
for (const query of queries.slice(WARM_UP)) {
  const before = process.cpuUsage()
  times.push(await timed(() => candidate.search(query)))
  const { user, system } = process.cpuUsage(before)
  cpuTimes.push((user + system) / 1_000)
}

const changes: number[] = []
for (const document of goods.documents.slice(0, CHANGES))
  changes.push(
    await timed(() => candidate.change({ ...document, version: 2, name: `${document.name} renewed` })),
  )
const figures: CandidateFigures = {
  buildMs,
  residentMb,
  p50Ms: quantile(times, 0.5),
  p95Ms: quantile(times, 0.95),
  cpuP50Ms: quantile(cpuTimes, 0.5),
  cpuP95Ms: quantile(cpuTimes, 0.95),
  changeMs: quantile(changes, 0.95),
  ndcg: goods.documents.length > 20_000 ? Number.NaN : await ndcg(),
}
console.log(JSON.stringify(figures))
await candidate.close()
process.exit(0)

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

async function ndcg(): Promise<number> {
  const judgements = readJudgements(readFileSync(`${icecatFolder()}/judgements.csv`, 'utf8'))
  const scores: number[] = []
  for (const [query, grades] of judgements) {
    if (!hasPositive(grades)) continue
    const { ids } = await candidate.search(query)
    const ranked = ids.map((id) => goods.numbers.get(id)!)
    scores.push(judge(query, grades, { ranked, all: new Set(ranked) }).ndcg)
  }
  return mean(scores)
}
