import assert from 'node:assert/strict'
import { freePort } from '@stoa/engines'
import productService from '@stoa/product'
import { readConfig } from '@stoa/runtime'
import autocannon from 'autocannon'
import pg from 'pg'
import type { BareCachedRoute } from './bare-cached-route.ts'
import type { BareRoute } from './bare-route.ts'
import { startChild } from './child.ts'
import { cpuMs } from './process-use.ts'
import { profiled } from './profile.ts'
import { median } from './quantile.ts'
import { bounded, type Figure, number, type Section } from './section.ts'
import { openShop } from './shop.ts'

const CONNECTIONS = 32
const ROUNDS = 3
const ROUND_S = 3
const WARM_UP_S = 2
/** The platform's default `POOL_SIZE`. */
const POOL_SIZE = 10
/** A read never touches the same product all the time. */
const PRODUCTS_READ = 20

/** What a read costs that the gateway has not kept. */
const WITHOUT_CACHE = { GATEWAY_CACHE_BYTES: '0' }

/** Reads of the catalogue through the whole shop, beside a bare route that runs the same statements. */
export const productReads: Section = {
  name: 'product',
  always: true,
  run: async (bench) => {
    await using shop = await openShop(bench, 'product', { environment: WITHOUT_CACHE })
    const slugs = shop.goods.slugs.slice(0, PRODUCTS_READ)
    const list = [{ path: '/v1/products?limit=20', operation: 'list', input: { limit: 20 } }]
    const detail = slugs.map((slug) => ({
      path: `/v1/products/${slug}`,
      operation: 'get',
      input: { idOrSlug: slug },
    }))
    const routes: BareRoute[] = []
    for (const read of [...list, ...detail])
      routes.push({ path: read.path.split('?')[0]!, ...(await recordStatement(shop.databaseUrl, read)) })
    const port = await freePort()
    const bareUrl = `http://127.0.0.1:${port}`
    await using bare = await startChild('./bare-route.ts', {
      readyUrl: `${bareUrl}/readyz`,
      environment: {
        DATABASE_URL: shop.databaseUrl,
        POOL_SIZE: String(POOL_SIZE),
        PORT: String(port),
        ROUTES: JSON.stringify(routes),
      },
    })
    const whole = { url: shop.url, pid: shop.host.pid }
    const floor = { url: bareUrl, pid: bare.pid }
    const figures: Figure[] = []
    for (const { name, paths } of [
      { name: 'Product list', paths: list.map(({ path }) => path) },
      { name: 'Product detail', paths: detail.map(({ path }) => path) },
    ])
      figures.push(await compare(name, paths, { whole, floor }, { atLeast: 60 }))
    return figures
  },
}

/** Reads that the gateway has kept, beside a bare route that has the same bytes in its hand, and logs and measures alike. */
export const productCached: Section = {
  name: 'product-cached',
  always: true,
  run: async (bench) => {
    await using shop = await openShop(bench, 'cached')
    const list = ['/v1/products?limit=20']
    const detail = shop.goods.slugs.slice(0, PRODUCTS_READ).map((slug) => `/v1/products/${slug}`)
    const routes: BareCachedRoute[] = await Promise.all(
      [...list, ...detail].map(async (path) => ({
        path: path.split('?')[0]!,
        body: await (await fetch(`${shop.url}${path}`)).text(),
      })),
    )
    const port = await freePort()
    const bareUrl = `http://127.0.0.1:${port}`
    await using bare = await startChild('./bare-cached-route.ts', {
      readyUrl: `${bareUrl}/readyz`,
      environment: { PORT: String(port), ROUTES: JSON.stringify(routes) },
    })
    const servers = { whole: { url: shop.url, pid: shop.host.pid }, floor: { url: bareUrl, pid: bare.pid } }
    return [
      await compare('Product list, cached', list, servers, { atLeast: 50 }),
      await compare('Product detail, cached', detail, servers, { atLeast: 50 }),
    ]
  },
}

/** Where the host's CPU goes when a kept answer is given. */
export const productCachedProfile: Section = {
  name: 'product-cached-profile',
  always: false,
  run: async (bench) => {
    await using shop = await openShop(bench, 'profile')
    const server = { url: shop.url, pid: shop.host.pid }
    const paths = shop.goods.slugs.slice(0, PRODUCTS_READ).map((slug) => `/v1/products/${slug}`)
    await load(server, paths, WARM_UP_S)
    console.log(await profiled(shop.host, async () => (await load(server, paths, ROUND_S)).answered))
    return []
  },
}

/** Where the host's CPU goes when a product is read. */
export const productProfile: Section = {
  name: 'product-profile',
  always: false,
  run: async (bench) => {
    await using shop = await openShop(bench, 'profile', { environment: WITHOUT_CACHE })
    const server = { url: shop.url, pid: shop.host.pid }
    const paths = shop.goods.slugs.slice(0, PRODUCTS_READ).map((slug) => `/v1/products/${slug}`)
    await load(server, paths, WARM_UP_S)
    console.log(await profiled(shop.host, async () => (await load(server, paths, ROUND_S)).answered))
    return []
  },
}

type Server = { readonly url: string; readonly pid: number }
type Round = { readonly answered: number; readonly perSecond: number; readonly cpuMsEach: number }

async function compare(
  name: string,
  paths: readonly string[],
  { whole, floor }: { whole: Server; floor: Server },
  bound: { readonly atLeast: number },
): Promise<Figure> {
  for (const path of paths) await assertSameAnswer(path, { whole, floor })
  for (const server of [whole, floor]) await load(server, paths, WARM_UP_S)
  const rounds: { whole: Round; floor: Round }[] = []
  for (let round = 0; round < ROUNDS; round += 1)
    rounds.push({
      whole: await load(whole, paths, ROUND_S),
      floor: await load(floor, paths, ROUND_S),
    })
  const middle = (which: 'whole' | 'floor', what: keyof Round) =>
    median(rounds.map((round) => round[which][what]))
  const share = median(rounds.map((round) => round.whole.perSecond / round.floor.perSecond))
  const beside = (which: 'whole' | 'floor') =>
    `${number(middle(which, 'perSecond'))}/s at ${number(middle(which, 'cpuMsEach'))} ms of CPU`
  return bounded(
    `${name}: rate through the shop / bare route`,
    share * 100,
    '%',
    bound,
    `${beside('whole')}; bare ${beside('floor')}`,
  )
}

async function assertSameAnswer(
  path: string,
  { whole, floor }: { whole: Server; floor: Server },
): Promise<void> {
  const read = async ({ url }: Server) => {
    const response = await fetch(`${url}${path}`)
    assert.equal(response.status, 200, `${url}${path} answered ${response.status}`)
    return response.text()
  }
  assert.equal(await read(whole), await read(floor), `the bare route answers ${path} with something else`)
}

async function load({ url, pid }: Server, paths: readonly string[], durationS: number): Promise<Round> {
  const cpuBefore = cpuMs(pid)
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: durationS,
    requests: paths.map((path) => ({ path })),
  })
  const answered = result['2xx']
  assert.equal(result.non2xx + result.errors + result.timeouts, 0, `${url} refused some of ${paths[0]}`)
  return { answered, perSecond: answered / result.duration, cpuMsEach: (cpuMs(pid) - cpuBefore) / answered }
}

/**
 * What a handler asks of PostgreSQL, taken from the handler itself while it runs: the floor can never fall behind the service.
 */
async function recordStatement(
  databaseUrl: string,
  { operation, input }: { operation: string; input: object },
): Promise<{ text: string; values: readonly unknown[] }> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const asked: { text: string; values: readonly unknown[] }[] = []
    await productService.operations[operation]!(input, {
      config: readConfig(productService.config, {}),
      actor: { kind: 'anonymous' },
      query: async (text: string, values: readonly unknown[] = []) => {
        asked.push({ text, values })
        return (await client.query(text, [...values])).rows
      },
    })
    assert.equal(asked.length, 1, `${operation} runs ${asked.length} statements; the bare route can run one`)
    return asked[0]!
  } finally {
    await client.end()
  }
}
