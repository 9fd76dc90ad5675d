import type { RankingSettings, SearchEngine, SearchRequest, SearchResult } from '../engines/engine.ts'
import { unconfigured } from '../engines/unconfigured.ts'
import type { Catalogue } from './icecat.ts'
import { hasPositive, type Judgements, judge, type QueryJudged } from './ndcg.ts'

export type Judge = {
  /** Of the queries that have a positive grade. `deep`: with recall and ceiling, for which all results are read. */
  readonly judge: (
    ranking: RankingSettings,
    options?: { readonly deep?: boolean },
  ) => Promise<readonly QueryJudged[]>
  /** Of all queries: those that find nothing, and those that find only what was relaxed. */
  readonly zeroResults: (
    ranking: RankingSettings,
  ) => Promise<{ readonly none: number; readonly relaxed: number }>
}

const PAGES = 60
/** Newness is measured from here, so that figures can be compared next year. */
const AT = '2026-01-01T00:00:00Z'

/** `engine`: an empty one; it is filled with the catalogue. */
export async function openJudge(
  engine: SearchEngine,
  { catalogue, judgements }: { readonly catalogue: Catalogue; readonly judgements: Judgements },
): Promise<Judge> {
  let version = 1
  const configure = async (ranking: RankingSettings) => {
    version += 1
    const settings = {
      ...unconfigured,
      version,
      attributes: catalogue.attributes,
      rankings: { default: ranking },
    }
    await engine.configure(settings)
  }
  const ask = (query: string, limit: number, after?: string): Promise<SearchResult> => {
    const request: SearchRequest = {
      query,
      filters: {},
      sort: 'relevance',
      currency: 'EUR',
      limit,
      facets: 'none',
      at: AT,
      ...(after && { after }),
    }
    return engine.search(request)
  }
  const numbersOf = (result: SearchResult) =>
    result.hits.map(({ productId }) => catalogue.numbers.get(productId)!)

  await configure(unconfigured.rankings.default)
  const rebuild = await engine.startRebuild()
  await rebuild.fill(catalogue.documents)
  await rebuild.finish(catalogue.documents.length)
  return {
    judge: async (ranking, { deep = false } = {}) => {
      await configure(ranking)
      const judged: QueryJudged[] = []
      for (const [query, grades] of judgements) {
        if (!hasPositive(grades)) continue
        let page = await ask(query, deep ? 100 : 10)
        const found = numbersOf(page)
        for (let pages = 1; deep && page.next !== null && pages < PAGES; pages += 1) {
          page = await ask(query, 100, page.next)
          found.push(...numbersOf(page))
        }
        judged.push(judge(query, grades, { ranked: found.slice(0, 10), all: new Set(found) }))
      }
      return judged
    },
    zeroResults: async (ranking) => {
      await configure(ranking)
      const results: SearchResult[] = []
      for (const query of judgements.keys()) results.push(await ask(query, 1))
      return {
        none: results.filter(({ total }) => total === 0).length / results.length,
        relaxed: results.filter(({ relaxation }) => relaxation !== null).length / results.length,
      }
    },
  }
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
