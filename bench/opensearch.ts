import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { EngineDocument, SearchEngine, SearchRequest } from '@stoa/search/engines/engine'
import { openOpenSearchEngine } from '@stoa/search/engines/opensearch/opensearch-engine'
import { unconfigured } from '@stoa/search/engines/unconfigured'
import type { Pool } from 'undici'
import { median, quantile } from './quantile.ts'
import { bareClient, recordRequests, type Sent, send } from './recorded-requests.ts'
import { searchGoods, searchQueries } from './search-goods.ts'
import { type Bench, bounded, type Figure, number, type Section } from './section.ts'
import { together } from './together.ts'

const PRODUCTS = 20_000
const QUERIES = 100
const ROUNDS = 5
const WRITTEN = 8_000
/** As a service that fills an index brings them. */
const PAGE = 50
const AT_ONCE = 3
/** Documents a request, of a bare loop. */
const BATCHES = [125, 250, 500, 1_000, 2_000]

/** The search engine in OpenSearch at `OPENSEARCH_URL` beside the same requests from a client that does nothing else. */
export const opensearch: Section = {
  name: 'opensearch',
  always: true,
  needs: 'OPENSEARCH_URL',
  run: async (bench) => {
    const url = process.env.OPENSEARCH_URL?.split(',')[0]
    if (!url) throw new Error('The section opensearch needs OPENSEARCH_URL: npm run engines -- up prints it')
    const goods = searchGoods(PRODUCTS)
    if (!goods) return [{ name: 'OpenSearch', measured: 'skipped: there is no icecat catalogue here' }]
    const prefix = `bench-${randomBytes(4).toString('hex')}-`
    const client = bareClient(url)
    // As the service brings them: with stock and sales.
    const documents = goods.documents.map((document) => ({ available: 1, sold: 0, ...document }))
    const shared: Shared = { bench, url, prefix, client, documents, attributes: goods.attributes }
    try {
      return [...(await searching(shared, searchQueries(goods, QUERIES))), ...(await writing(shared))]
    } finally {
      await client.request({ method: 'DELETE', path: `/${prefix}*` })
      await client.close()
    }
  },
}

type Shared = {
  readonly bench: Bench
  readonly url: string
  readonly prefix: string
  readonly client: Pool
  readonly documents: readonly EngineDocument[]
  readonly attributes: (typeof unconfigured)['attributes']
}

/**
 * Each query by the engine and as the requests that it sends, by a bare client; with facets, which is what is judged, and without,
 * which says what they cost. One after the other.
 */
async function searching(shared: Shared, queries: readonly string[]): Promise<Figure[]> {
  const { bench, client, documents, prefix } = shared
  await using recorder = await recordRequests(shared.url)
  await using engine = await openEngine(shared, 'search')
  await using recorded = await openEngine({ ...shared, url: recorder.url }, 'search')
  bench.say(`opensearch: indexing ${documents.length}`)
  const rebuild = await engine.engine.startRebuild()
  await rebuild.fill(documents)
  await rebuild.finish(documents.length)
  // A shop's index changes all the time: an answer of the node's memory would be neither's merit.
  await client.request({
    method: 'PUT',
    path: `/${prefix}search-products/_settings`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ 'index.requests.cache.enable': false }),
  })
  const requests = queries.map(
    (query, at): SearchRequest => ({
      query,
      filters:
        at % 3 === 0 ? { brands: ['hp', 'targus', 'canon'] } : at % 3 === 1 ? { price: { max: 20_000 } } : {},
      sort: 'relevance',
      currency: 'EUR',
      limit: 24,
      facets: 'all',
    }),
  )
  const unfaceted = requests.map((request): SearchRequest => ({ ...request, facets: 'none' }))

  bench.say('opensearch: recording what is asked')
  const record = async (asked: readonly SearchRequest[]): Promise<Sent[][]> => {
    for (const request of asked) await recorded.engine.search(request)
    const sent: Sent[][] = []
    for (const request of asked)
      sent.push((await recorder.during(() => recorded.engine.search(request))).sent)
    return sent
  }
  const sent = { faceted: await record(requests), unfaceted: await record(unfaceted) }
  for (const request of [...requests, ...unfaceted]) await engine.engine.search(request)

  const sendAll = async (all: readonly Sent[]) => {
    for (const one of all) await send(client, one)
  }
  const ways = {
    engine: (at: number) => engine.engine.search(requests[at]!),
    bare: (at: number) => sendAll(sent.faceted[at]!),
    engineUnfaceted: (at: number) => engine.engine.search(unfaceted[at]!),
    bareUnfaceted: (at: number) => sendAll(sent.unfaceted[at]!),
  }
  const names = Object.keys(ways) as (keyof typeof ways)[]
  const tookMs = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    keyof typeof ways,
    number[]
  >
  for (let round = 0; round < ROUNDS; round += 1) {
    bench.say(`opensearch: asking, round ${round + 1}`)
    for (const at of requests.keys())
      for (const step of names.keys()) {
        const name = names[(step + at + round) % names.length]!
        const startedAt = performance.now()
        await ways[name](at)
        tookMs[name].push(performance.now() - startedAt)
      }
  }
  const said = (times: readonly number[]) =>
    `p50 ${number(median(times))} ms, p95 ${number(quantile(times, 0.95))} ms`
  const title = `OpenSearch, ${number(documents.length)} products`
  return [
    bounded(
      `${title}: faceted search over the bare requests, p50`,
      median(tookMs.engine) / median(tookMs.bare),
      'times',
      { atMost: 1.5 },
      `${said(tookMs.engine)}; bare ${said(tookMs.bare)}, ${number(sent.faceted.flat().length / requests.length)} requests each`,
    ),
    {
      name: `${title}: the same at p95`,
      measured: `${number(quantile(tookMs.engine, 0.95) / quantile(tookMs.bare, 0.95))} times`,
    },
    {
      name: `${title}: faceted search over the bare query without facets, p50`,
      measured: `${number(median(tookMs.engine) / median(tookMs.bareUnfaceted))} times  (without facets ${said(tookMs.engineUnfaceted)}; bare ${said(tookMs.bareUnfaceted)})`,
    },
  ]
}

/**
 * From documents to an index that shows them, in turns with two bare loops: one sends the bodies that the engine sent, as many at once as
 * it did; the other puts the same documents as a user would who does without the engine.
 */
async function writing(shared: Shared): Promise<Figure[]> {
  const { bench, client, prefix } = shared
  const documents = shared.documents.slice(0, WRITTEN)
  const rebuilt = async (engine: SearchEngine, fill: (one: Filling) => Promise<unknown>) => {
    const rebuild = await engine.startRebuild()
    return async () => {
      await fill(rebuild)
      await rebuild.finish(documents.length)
    }
  }
  const inPages = async (rebuild: Filling) => {
    let next = 0
    await together({ times: documents.length / PAGE, concurrency: AT_ONCE }, () => {
      const at = PAGE * next
      next += 1
      return rebuild.fill(documents.slice(at, at + PAGE))
    })
  }
  const ways: readonly Way[] = [
    {
      name: 'filling an index',
      index: 'products-filling',
      prepare: (engine) => rebuilt(engine, (rebuild) => rebuild.fill(documents)),
    },
    {
      name: `filling it ${PAGE} documents at a time, ${AT_ONCE} at once`,
      index: 'products-filling',
      prepare: (engine) => rebuilt(engine, inPages),
    },
    { name: 'put as changes', index: 'products', prepare: async (engine) => () => engine.put(documents) },
  ]
  let opened = 0
  /** Into an index of its own, which goes again. */
  const written = async (way: Way, { records }: { readonly records: boolean }) => {
    opened += 1
    const name = `write${opened}`
    await using recorder = records ? await recordRequests(shared.url) : undefined
    await using opening = await openEngine({ ...shared, url: recorder?.url ?? shared.url }, name)
    const work = await way.prepare(opening.engine)
    const shape = await shapeOf(client, `${prefix}${name}-${way.index}`)
    const startedAt = performance.now()
    const recording = await recorder?.during(work)
    if (!recorder) await work()
    const perSecond = (1_000 * documents.length) / (performance.now() - startedAt)
    await opening.engine.destroy()
    const bodies = recording?.sent.filter(({ path }) => path.includes('/_bulk')).map(({ body }) => body) ?? []
    return { perSecond, shape, bodies, atOnce: recording?.atOnce ?? 1 }
  }
  const bare = async (bodies: readonly string[], atOnce: number, shape: object): Promise<number> => {
    const index = `${prefix}floor`
    await client.request({ method: 'DELETE', path: `/${index}` }).then(({ body }) => body.dump())
    await send(client, {
      method: 'PUT',
      path: `/${index}`,
      type: 'application/json',
      body: JSON.stringify(shape),
    })
    const waiting = bodies.values()
    const startedAt = performance.now()
    await together({ times: bodies.length, concurrency: atOnce }, () =>
      send(client, {
        method: 'POST',
        path: `/${index}/_bulk`,
        type: 'application/x-ndjson',
        body: waiting.next().value!,
      }),
    )
    await send(client, { method: 'POST', path: `/${index}/_refresh`, type: 'application/json', body: '' })
    return (1_000 * documents.length) / (performance.now() - startedAt)
  }

  const figures: Figure[] = []
  let actions: string[] | undefined
  for (const way of ways) {
    bench.say(`opensearch: ${way.name}`)
    const { bodies, atOnce, shape } = await written(way, { records: true })
    // All ways bring the same documents; the first one creates them, which is nothing but the documents.
    actions ??= indexActions(bodies)
    assert.equal(actions.length, documents.length)
    const plain = await fastest(actions, (batches) => bare(batches, 1, shape))
    const rates = { engine: [] as number[], same: [] as number[], plain: [] as number[] }
    const turns = [
      async () => rates.engine.push((await written(way, { records: false })).perSecond),
      async () => rates.same.push(await bare(bodies, atOnce, shape)),
      async () => rates.plain.push(await bare(plain.batches, 1, shape)),
    ]
    for (let round = 0; round < ROUNDS; round += 1)
      for (const step of turns.keys()) await turns[(step + round) % turns.length]!()
    const title = `OpenSearch, ${number(documents.length)} documents: ${way.name}`
    const engine = median(rates.engine)
    figures.push(
      bounded(
        `${title}, of a bare _bulk loop of the same bodies`,
        (100 * engine) / median(rates.same),
        '%',
        { atLeast: 70 },
        `${number(engine)}/s; bare ${number(median(rates.same))}/s, ${bodies.length} requests, ${atOnce} at once`,
      ),
      bounded(
        `${title}, of a bare _bulk loop of plain index actions`,
        (100 * engine) / median(rates.plain),
        '%',
        { atLeast: 70 },
        `bare ${number(median(rates.plain))}/s, ${plain.size} documents a request, one after the other`,
      ),
    )
  }
  return figures
}

/** The documents of recorded `create` actions, each as an action that puts it whatever is there. */
const indexActions = (bodies: readonly string[]): string[] =>
  bodies.flatMap((body) =>
    [...body.matchAll(/(.+)\n(.+)\n/g)].map(
      ([, action, document]) => `${JSON.stringify({ index: JSON.parse(action!).create })}\n${document}\n`,
    ),
  )

/** In batches of the size that is written fastest, of those that one would try. */
async function fastest(
  actions: readonly string[],
  write: (batches: readonly string[]) => Promise<number>,
): Promise<{ readonly size: number; readonly batches: readonly string[] }> {
  const tries: { size: number; batches: string[]; perSecond: number }[] = []
  for (const size of BATCHES) {
    const batches = Array.from({ length: Math.ceil(actions.length / size) }, (_, at) =>
      actions.slice(at * size, (at + 1) * size).join(''),
    )
    tries.push({ size, batches, perSecond: await write(batches) })
  }
  return tries.reduce((best, one) => (one.perSecond > best.perSecond ? one : best))
}

type Filling = { fill(documents: readonly EngineDocument[]): Promise<void> }
type Way = {
  readonly name: string
  /** Which of the engine's indices is written. */
  readonly index: string
  /** Answers what is timed. */
  readonly prepare: (engine: SearchEngine) => Promise<() => Promise<void>>
}

async function openEngine({ url, prefix, attributes }: Shared, name: string) {
  const engine = openOpenSearchEngine({ url, prefix: `${prefix}${name}-`, shards: 1, replicas: 0 })
  await engine.configure({ ...unconfigured, version: 1, attributes })
  return { engine, [Symbol.asyncDispose]: () => engine.close() }
}

/** What an index was made with. */
async function shapeOf(client: Pool, index: string): Promise<object> {
  const { body } = await client.request({ method: 'GET', path: `/${index}` })
  type Told = Record<
    string,
    { mappings: object; settings: { index: { analysis: object; refresh_interval: string } } }
  >
  const { mappings, settings } = Object.values((await body.json()) as Told)[0]!
  const { analysis, refresh_interval } = settings.index
  return {
    mappings,
    settings: { index: { analysis, refresh_interval, number_of_shards: 1, number_of_replicas: 0 } },
  }
}
