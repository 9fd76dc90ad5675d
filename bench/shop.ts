import { freePort } from '@stoa/engines'
import { serviceNames } from '@stoa/host'
import { type EngineAddresses, shareEngines } from '@stoa/testing/shared-engines'
import { type Child, startChild } from './child.ts'
import { type Goods, seedGoods } from './goods.ts'
import type { Bench } from './section.ts'

/** A whole shop as in production: every service in one process or in one of its own, the outside world in another. */
export type Shop = AsyncDisposable & {
  readonly url: string
  readonly sandboxUrl: string
  /** The process that hosts the gateway, with everything else or alone. */
  readonly host: Child
  readonly processes: readonly ShopProcess[]
  readonly goods: Goods
  readonly databaseUrl: string
}

export type ShopProcess = {
  readonly name: string
  readonly child: Child
  /** The internal port of a process that has one. */
  readonly internalUrl: string | undefined
}

type ShopOptions = {
  readonly topology?: 'one' | 'split'
  readonly environment?: Readonly<Record<string, string>>
  /** What it runs over besides PostgreSQL; it uses a part of its own. */
  readonly engines?: EngineAddresses
}

/** What the processes of a split shop prove to each other. */
export const INTERNAL_SECRET = 'secret-of-the-bench'

export async function openShop(
  bench: Bench,
  name: string,
  { topology = 'one', environment = {}, engines = {} }: ShopOptions = {},
): Promise<Shop> {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await bench.createDatabase(name))
  const goods = await seedGoods(database.url)
  const shared = stack.use(shareEngines('bench', engines))
  const [port, sandboxPort, smtpPort] = [await freePort(), await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`
  stack.use(
    await startChild('../sandbox/main.ts', {
      readyUrl: sandboxUrl,
      environment: {
        SANDBOX_PORT: String(sandboxPort),
        SANDBOX_SMTP_PORT: String(smtpPort),
        SANDBOX_WEBHOOK_URL: `${url}/v1/payments/webhooks/stripe`,
      },
    }),
  )
  const common = {
    DATABASE_URL: database.url,
    PORT: String(port),
    STRIPE_URL: sandboxUrl,
    SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
    LOG_LEVEL: 'info',
    // Counted as in a shop, and not to an end: the bench has one address.
    GATEWAY_RATE_PER_ADDRESS: '100000',
    GATEWAY_RATE_PER_USER: '100000',
    ...shared.environment,
    ...environment,
  }
  const placed = await (topology === 'one' ? placeInOne(url) : placeEachAlone(url))
  const processes: ShopProcess[] = []
  const starting = await Promise.allSettled(
    placed.map(async (place) => {
      const child = await startChild('../host/main.ts', {
        readyUrl: place.readyUrl,
        isReady: hearsEvents,
        environment: { ...common, ...place.environment },
      })
      processes.push({ name: place.name, child: stack.use(child), internalUrl: place.internalUrl })
    }),
  )
  for (const one of starting) if (one.status === 'rejected') throw one.reason
  const host = processes.find((one) => one.name === (topology === 'one' ? 'everything' : 'gateway'))!.child
  const open = stack.move()
  return {
    url,
    sandboxUrl,
    host,
    processes,
    goods,
    databaseUrl: database.url,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** Calls are answered sooner than reactions run: with Kafka their groups form first. */
const hearsEvents = (said: string): boolean => (JSON.parse(said).checks.reactions ?? 'ok') === 'ok'

type Place = {
  readonly name: string
  readonly internalUrl: string | undefined
  readonly readyUrl: string
  readonly environment: Readonly<Record<string, string>>
}

const placeInOne = async (url: string): Promise<Place[]> => [
  { name: 'everything', internalUrl: undefined, readyUrl: `${url}/readyz`, environment: {} },
]

async function placeEachAlone(url: string): Promise<Place[]> {
  const ports = new Map<string, number>()
  for (const name of serviceNames) ports.set(name, await freePort())
  const internalUrl = (name: string) => `http://127.0.0.1:${ports.get(name)}`
  const addresses = Object.fromEntries(
    serviceNames.map((name) => [`${name.toUpperCase()}_URL`, internalUrl(name)]),
  )
  return serviceNames.map((name) => ({
    name,
    internalUrl: internalUrl(name),
    readyUrl: `${name === 'gateway' ? url : internalUrl(name)}/readyz`,
    environment: { ...addresses, SERVICES: name, INTERNAL_PORT: String(ports.get(name)), INTERNAL_SECRET },
  }))
}
