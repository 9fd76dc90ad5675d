import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineAddresses } from '@stoa/testing/shared-engines'
import { Pool } from 'undici'
import { buyMany } from './checkout.ts'
import { overEngines } from './engines.ts'
import { type HopCost, measureHop } from './hop.ts'
import { openPool } from './pool.ts'
import { cpuMs } from './process-use.ts'
import { profiled } from './profile.ts'
import { median, quantile } from './quantile.ts'
import { type Bench, bounded, type Figure, number, type Section } from './section.ts'
import { INTERNAL_SECRET, openShop, type Shop, type ShopProcess } from './shop.ts'
import { invite } from './shopper.ts'
import { describeStatements, resetStatements } from './statement-costs.ts'

/** Nine processes share a checkout, and V8 optimizes what each of them has run some thousand times: until then its compiler is much of what is measured. */
const WARM_UP = 4000
const CHECKOUTS = 150
const ROUNDS = 3
/** What reactions still do when the mail is there belongs to the checkout. */
const REST_MS = 500
const IDLE_MS = 10_000
/** Each process of a split shop has a pool of its own; the server has 100 connections for all. */
const SPLIT_POOL = { POOL_SIZE: '4' }

/** CPU of a checkout with one process per service, beside the same shop in one process. */
export const topology: Section = {
  name: 'topology',
  always: true,
  run: async (bench) => {
    bench.say('what a hop costs by itself')
    const hop = await measureHop(bench)
    const title = 'Split over the engines'
    return [
      {
        name: 'Split: one hop',
        measured: `${number(hop.callerMs + hop.calleeMs)} ms  (caller ${number(hop.callerMs)}, callee ${number(hop.calleeMs)}; the same call in process ${number(hop.inProcessMs)})`,
      },
      ...(await compare(bench, { title: 'Split', hop, engines: {} })),
      ...(await overEngines(title, ['KAFKA_BROKERS', 'REDIS_URL', 'OPENSEARCH_URL'], (engines) =>
        compare(bench, { title, hop, engines }),
      )),
    ]
  },
}

/** A split shop and one in one process, in turns, over PostgreSQL and these engines. What the engines use is not counted. */
async function compare(
  bench: Bench,
  { title, hop, engines }: { title: string; hop: HopCost; engines: EngineAddresses },
): Promise<Figure[]> {
  await using one = await openShop(bench, 'one', { environment: { POOL_SIZE: '6' }, engines })
  await using split = await openShop(bench, 'split', { topology: 'split', environment: SPLIT_POOL, engines })
  await using oneShoppers = invite(one)
  await using splitShoppers = invite(split)
  const shops = [
    { shop: one, shoppers: oneShoppers, rounds: [] as Use[] },
    { shop: split, shoppers: splitShoppers, rounds: [] as Use[] },
  ]
  for (const { shoppers } of shops) {
    bench.say(`${title}: ${WARM_UP} checkouts to warm up`)
    await buyMany(shoppers, WARM_UP)
  }
  await sleep(2_000)
  bench.say(`${title}: both shops idle`)
  const idle = await Promise.all(shops.map(({ shop }) => used(shop, () => sleep(IDLE_MS))))
  const callsBefore = await countCalls(split)
  for (let round = 0; round < ROUNDS; round += 1)
    for (const { shop, shoppers, rounds } of shops)
      rounds.push(
        await used(shop, async () => {
          await buyMany(shoppers, CHECKOUTS)
          await sleep(REST_MS)
        }),
      )
  const calls = difference(await countCalls(split), callsBefore, ROUNDS * CHECKOUTS)
  const [ofOne, ofSplit] = shops.map(({ rounds }) =>
    median(rounds.map(({ totalMs }) => totalMs / CHECKOUTS)),
  ) as [number, number]
  return [
    bounded(
      `${title}: CPU added to a checkout`,
      ofSplit - ofOne,
      'ms',
      { atMost: 15 },
      `${number(ofSplit)} ms in ${split.processes.length} processes, ${number(ofOne)} ms in one`,
    ),
    ...describe({
      title,
      split,
      rounds: shops[1]!.rounds,
      idle: idle[1]!,
      calls,
      hop,
      added: ofSplit - ofOne,
    }),
    {
      name: `${title}: CPU of all processes, idle`,
      measured: `${number(idle[1]!.totalMs / (idle[1]!.tookMs / 1000))} ms/s split, ${number(idle[0]!.totalMs / (idle[0]!.tookMs / 1000))} ms/s in one`,
    },
  ]
}

type Use = {
  readonly tookMs: number
  readonly totalMs: number
  readonly byProcess: ReadonlyMap<string, number>
}

/** CPU that the processes of a shop use while `work` runs. */
async function used(shop: Shop, work: () => Promise<unknown>): Promise<Use> {
  const read = () => shop.processes.map(({ name, child }) => [name, cpuMs(child.pid)] as const)
  const [before, startedAt] = [new Map(read()), performance.now()]
  await work()
  const tookMs = performance.now() - startedAt
  const byProcess = new Map(read().map(([name, ms]) => [name, ms - before.get(name)!]))
  return { tookMs, byProcess, totalMs: [...byProcess.values()].reduce((sum, ms) => sum + ms, 0) }
}

/** A line per process and one for the hops: where the difference goes. */
function describe({
  title,
  split,
  rounds,
  idle,
  calls,
  hop,
  added,
}: {
  title: string
  split: Shop
  rounds: readonly Use[]
  idle: Use
  calls: readonly Calls[]
  hop: HopCost
  added: number
}): Figure[] {
  const sum = (side: Side, match: (call: Calls) => boolean) =>
    calls.filter((call) => call.side === side && match(call)).reduce((total, { count }) => total + count, 0)
  const hops = sum('caller', () => true)
  const hopMs = hop.callerMs + hop.calleeMs
  const dearest = [...calls]
    .filter(({ side }) => side === 'caller')
    .sort((a, b) => b.count - a.count)
    .map(({ process, service, operation, count }) => `${process}>${service}.${operation} ${number(count)}`)
  const idleMs = median(rounds.map(({ tookMs }) => (idle.totalMs * tookMs) / idle.tookMs / CHECKOUTS))
  return [
    {
      name: `${title}: hops of a checkout`,
      measured: `${number(hops)}, ${number(hops * hopMs)} ms of ${number(added)} ms added; background without load ${number(idleMs)} ms`,
    },
    { name: `${title}: calls of a checkout`, measured: dearest.slice(0, 8).join(', ') },
    ...split.processes.map(({ name }) => {
      const wholeMs = median(rounds.map(({ byProcess }) => byProcess.get(name)! / CHECKOUTS))
      const ownIdleMs = median(
        rounds.map(({ tookMs }) => (idle.byProcess.get(name)! * tookMs) / idle.tookMs / CHECKOUTS),
      )
      const out = sum('caller', ({ process }) => process === name)
      const into = sum('callee', ({ process }) => process === name)
      const busyMs = wholeMs - ownIdleMs
      const hopsMs = out * hop.callerMs + into * hop.calleeMs
      return {
        name: `${title}: ${name}`,
        measured: `${number(busyMs)} ms, of which hops ${number(hopsMs)} ms  (${number(out)} out, ${number(into)} in; background ${number(ownIdleMs)} ms)`,
      }
    }),
  ]
}

type Side = 'caller' | 'callee'
type Calls = {
  readonly process: string
  readonly service: string
  readonly operation: string
  readonly side: Side
  readonly count: number
}

const COUNT =
  /^stoa_call_seconds_count\{service="([^"]+)",operation="([^"]+)",side="(caller|callee)"\} (\d+)$/gm

/** Calls between processes so far, as their metrics count them. */
async function countCalls(shop: Shop): Promise<Calls[]> {
  const read = async ({ name, internalUrl }: ShopProcess): Promise<Calls[]> => {
    const text = await (await fetch(`${internalUrl}/metrics`)).text()
    return [...text.matchAll(COUNT)].map(([, service, operation, side, count]) => ({
      process: name,
      service: service!,
      operation: operation!,
      side: side as Side,
      count: Number(count),
    }))
  }
  return (await Promise.all(shop.processes.map(read))).flat()
}

function difference(after: readonly Calls[], before: readonly Calls[], times: number): Calls[] {
  const key = ({ process, service, operation, side }: Calls) => [process, service, operation, side].join(' ')
  const counted = new Map(before.map((calls) => [key(calls), calls.count]))
  return after
    .map((calls) => ({ ...calls, count: (calls.count - (counted.get(key(calls)) ?? 0)) / times }))
    .filter(({ count }) => count > 0)
}

const PROXIED = 3_000
const PROXIED_WARM_UP = 1_000

/** What the gateway adds to a call: the same operation through it and at the service's internal port, in turns. */
export const gatewayOverhead: Section = {
  name: 'gateway-overhead',
  always: true,
  run: async (bench) => {
    const title = 'Gateway over Redis'
    return [
      await measureOverhead(bench, { title: 'Gateway', engines: {} }),
      ...(await overEngines(title, ['REDIS_URL'], async (engines) => [
        await measureOverhead(bench, { title, engines }),
      ])),
    ]
  },
}

async function measureOverhead(
  bench: Bench,
  { title, engines }: { title: string; engines: EngineAddresses },
): Promise<Figure> {
  await using shop = await openShop(bench, 'overhead', {
    topology: 'split',
    environment: { ...SPLIT_POOL, GATEWAY_CACHE_BYTES: '0' },
    engines,
  })
  const internal = shop.processes.find(({ name }) => name === 'product')!.internalUrl!
  await using stack = new AsyncDisposableStack()
  const pool = (url: string) => stack.adopt(new Pool(url, { connections: 1 }), (one) => one.close())
  const [edge, service] = [pool(shop.url), pool(internal)]
  const slug = shop.goods.slugs[0]!
  const ask = async (pool: Pool, options: Parameters<Pool['request']>[0]): Promise<string> => {
    const reply = await pool.request(options)
    const text = await reply.body.text()
    assert.equal(reply.statusCode, 200, text)
    return text
  }
  const proxied = () => ask(edge, { method: 'GET', path: `/v1/products/${slug}` })
  const direct = () =>
    ask(service, {
      method: 'POST',
      path: '/internal/product/get',
      headers: {
        'content-type': 'application/json',
        'stoa-secret': INTERNAL_SECRET,
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      },
      body: JSON.stringify({
        input: { idOrSlug: slug },
        actor: { kind: 'anonymous' },
        origin: {},
        deadlineMs: 10_000,
      }),
    })
  assert.equal(await proxied(), await direct(), 'the gateway answers with something else')
  const tookMs = { proxied: [] as number[], direct: [] as number[] }
  const timed = async (kept: number[], call: () => Promise<unknown>) => {
    const startedAt = performance.now()
    await call()
    kept.push(performance.now() - startedAt)
  }
  for (let call = 0; call < PROXIED_WARM_UP + PROXIED; call += 1) {
    if (call === PROXIED_WARM_UP) for (const kept of Object.values(tookMs)) kept.length = 0
    await timed(tookMs.proxied, proxied)
    await timed(tookMs.direct, direct)
  }
  const at = (which: 'proxied' | 'direct', q: number) => quantile(tookMs[which], q)
  return bounded(
    `${title}: time added to a call, p50`,
    at('proxied', 0.5) - at('direct', 0.5),
    'ms',
    { atMost: 1 },
    `${number(at('proxied', 0.5))} ms through it, ${number(at('direct', 0.5))} ms direct; p99 ${number(at('proxied', 0.99))} and ${number(at('direct', 0.99))} ms`,
  )
}

/** Where the CPU of each process of a split shop goes in a checkout. */
export const topologyProfile: Section = {
  name: 'topology-profile',
  always: false,
  run: async (bench) => {
    await using shop = await openShop(bench, 'profile', { topology: 'split', environment: SPLIT_POOL })
    await using shoppers = invite(shop)
    await using pool = openPool(shop.databaseUrl, 1)
    await buyMany(shoppers, WARM_UP)
    await resetStatements(pool)
    for (const { name, child } of shop.processes) {
      const described = await profiled(child, async () => {
        await buyMany(shoppers, CHECKOUTS)
        await sleep(REST_MS)
        return CHECKOUTS
      })
      console.log(`\n## ${name}\n${described}`)
    }
    console.log(`\n${await describeStatements(pool, CHECKOUTS * shop.processes.length)}`)
    return []
  },
}
