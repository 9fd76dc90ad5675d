import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openEmbeddedEngine } from '@stoa/search/engines/embedded/embedded-engine'
import type { SearchEngine, SearchRequest } from '@stoa/search/engines/engine'
import { defaultRanking } from '@stoa/search/ranking/default-settings'
import { quantile } from './quantile.ts'
import { searchGoods, searchQueries } from './search-goods.ts'
import { bounded, type Figure, number, type Section } from './section.ts'
import { together } from './together.ts'

const QUERIES = 400
const SMALL = 20_000
const LARGE = 200_000
const CHANGES = 200
/** The measurement's own part of each turn. */
const LOOP_SLEEPS_MS = 1

/** Faceted search, suggestions, freshness and building in the embedded engine. */
export const search: Section = {
  name: 'search',
  always: true,
  run: async (bench) => {
    const figures: Figure[] = []
    for (const [products, p95Ms] of [
      [SMALL, 15],
      [LARGE, 60],
    ] as const) {
      const goods = searchGoods(products)
      if (!goods) return [{ name: 'Search', measured: 'skipped: there is no icecat catalogue here' }]
      bench.say(`search: building ${products}`)
      const engine = openEmbeddedEngine()
      try {
        const title = (what: string) => `Search, ${number(products)} products: ${what}`
        await engine.configure({
          version: 1,
          language: 'en',
          attributes: goods.attributes,
          synonyms: [],
          rankings: { default: defaultRanking },
          rules: [],
          popularQueries: [],
        })
        const delay = monitorEventLoopDelay({ resolution: 1 })
        delay.enable()
        const startedAt = performance.now()
        await engine.put(goods.documents)
        const buildS = (performance.now() - startedAt) / 1_000
        delay.disable()
        const { bytes } = await engine.stats()
        const queries = searchQueries(goods, QUERIES)
        const requests = queries.map(
          (query, at): SearchRequest => ({
            query,
            filters:
              at % 3 === 0
                ? { brands: ['hp', 'targus', 'canon'] }
                : at % 3 === 1
                  ? { price: { max: 20_000 } }
                  : {},
            sort: 'relevance',
            currency: 'EUR',
            limit: 24,
            facets: 'all',
          }),
        )
        const measured = async (work: (at: number) => Promise<unknown>, times: number) => {
          const all: number[] = []
          for (let at = 0; at < times; at += 1) {
            const from = performance.now()
            await work(at)
            all.push(performance.now() - from)
          }
          return all
        }
        bench.say(`search: asking ${products}`)
        await measured((at) => engine.search(requests[at]!), QUERIES / 4)
        const times = await measured((at) => engine.search(requests[at]!), QUERIES)
        const rateFrom = performance.now()
        let asked = 0
        await together({ times: QUERIES, concurrency: 8 }, () => {
          asked += 1
          return engine.search(requests[asked % QUERIES]!)
        })
        const perSecond = (1_000 * QUERIES) / (performance.now() - rateFrom)
        const typed = queries.flatMap((query) => [query.slice(0, 2), query.slice(0, 4)])
        const suggestions = await measured(
          (at) => engine.suggest({ prefix: typed[at]!, limit: 6 }),
          typed.length,
        )
        const fresh = await measured((at) => change(engine, goods.documents[at * 17]!, at), CHANGES)
        figures.push(
          bounded(
            title('faceted, p95'),
            quantile(times, 0.95),
            'ms',
            { atMost: p95Ms },
            `p50 ${number(quantile(times, 0.5))} ms`,
          ),
          products === SMALL
            ? bounded(title('faceted, at once'), perSecond, '/s', { atLeast: 300 }, 'one core')
            : { name: title('faceted, at once'), measured: `${number(perSecond)} /s` },
          bounded(title('suggestions, p95'), quantile(suggestions, 0.95), 'ms', { atMost: 5 }),
          { name: title('a changed name found, p99'), measured: `${number(quantile(fresh, 0.99))} ms` },
          products === SMALL
            ? bounded(title('built in'), buildS, 's', { atMost: 10 })
            : { name: title('built in'), measured: `${number(buildS)} s` },
          { name: title('memory'), measured: `${number(bytes / 2 ** 20)} MB` },
          bounded(
            title("the caller's event loop meanwhile, p99"),
            delay.percentile(99) / 1e6 - LOOP_SLEEPS_MS,
            'ms',
            {
              atMost: 5,
            },
          ),
        )
      } finally {
        await engine.close()
      }
    }
    return figures
  },
}

async function change(
  engine: SearchEngine,
  document: Parameters<SearchEngine['put']>[0][number],
  at: number,
): Promise<void> {
  const word = `fresh${at}`
  await engine.put([{ ...document, version: 2, name: `${document.name} ${word}` }])
  const { hits } = await engine.search({
    query: word,
    filters: {},
    sort: 'relevance',
    currency: 'EUR',
    limit: 1,
    facets: 'none',
  })
  if (hits[0]?.productId !== document.productId) throw new Error(`${word} was not found`)
}
