import { openShelf, unconfigured } from '../engines/embedded/shelf.ts'
import type { EngineDocument, RankingSettings, SearchRequest, SearchResult } from '../engines/engine.ts'
import type { Catalogue } from './icecat.ts'
import { hasPositive, type Judgements, judge, type QueryJudged } from './ndcg.ts'

export type Judge = {
  /** Of the queries that have a positive grade. `deep`: with recall and ceiling, for which all results are read. */
  readonly judge: (ranking: RankingSettings, options?: { readonly deep?: boolean }) => readonly QueryJudged[]
  /** Of all queries: those that find nothing, and those that find only what was relaxed. */
  readonly zeroResults: (ranking: RankingSettings) => { readonly none: number; readonly relaxed: number }
}

const PAGES = 60
/** Newness is measured from here, so that figures can be compared next year. */
const AT = '2026-01-01T00:00:00Z'

export function openJudge(catalogue: Catalogue, judgements: Judgements): Judge {
  const shelf = openShelf({ now: () => Date.parse(AT) })
  let version = 1
  const configure = (ranking: RankingSettings) => {
    version += 1
    const settings = {
      ...unconfigured,
      version,
      attributes: catalogue.attributes,
      rankings: { default: ranking },
    }
    shelf.handle({ kind: 'configure', settings })
  }
  const ask = (query: string, limit: number, after?: string): SearchResult => {
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
    return shelf.handle({ kind: 'search', request }) as SearchResult
  }
  const numbersOf = (result: SearchResult) =>
    result.hits.map(({ productId }) => catalogue.numbers.get(productId)!)

  configure(unconfigured.rankings.default)
  shelf.handle({ kind: 'put', documents: catalogue.documents as readonly EngineDocument[] })
  return {
    judge: (ranking, { deep = false } = {}) => {
      configure(ranking)
      return [...judgements]
        .filter(([, grades]) => hasPositive(grades))
        .map(([query, grades]) => {
          let page = ask(query, deep ? 100 : 10)
          const found = numbersOf(page)
          for (let pages = 1; deep && page.next !== null && pages < PAGES; pages += 1) {
            page = ask(query, 100, page.next)
            found.push(...numbersOf(page))
          }
          return judge(query, grades, { ranked: found.slice(0, 10), all: new Set(found) })
        })
    },
    zeroResults: (ranking) => {
      configure(ranking)
      const results = [...judgements.keys()].map((query) => ask(query, 1))
      return {
        none: results.filter(({ total }) => total === 0).length / results.length,
        relaxed: results.filter(({ relaxation }) => relaxation !== null).length / results.length,
      }
    },
  }
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
