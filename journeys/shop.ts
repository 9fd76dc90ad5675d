import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Client, Contract } from '@stoa/contract'
import { auth } from '@stoa/contracts/auth'
import { loadServices, serviceNames } from '@stoa/host'
import { type Host, type HostOptions, startHost } from '@stoa/runtime'
import { type Sandbox, startSandbox } from '@stoa/sandbox'
import { eventually } from '@stoa/testing'
import type pg from 'pg'
import { pino } from 'pino'
import { oneDatabase, ownDatabases } from './databases.ts'
import { Http } from './http.ts'
import { sharedEngines } from './shared-engines.ts'

/**
 * How the services live. `inside`: in the test's own process. `one`: in one process of their own. `split`: one process per
 * service, over PostgreSQL. `replicated`: two processes per service, each service in a database of its own, over Kafka, Redis and
 * OpenSearch too. The same sentences hold in all of them.
 */
export type Topology = 'inside' | 'one' | 'split' | 'replicated'

export const topology = (process.env.TOPOLOGY ?? 'inside') as Topology
assert(['inside', 'one', 'split', 'replicated'].includes(topology), `TOPOLOGY=${topology} is not known`)

export type Shop = AsyncDisposable & {
  readonly topology: Topology
  readonly http: Http
  readonly urls: readonly string[]
  /** What its processes are told, and what an operator of the shop exports for his commands. */
  readonly environment: Readonly<Record<string, string>>
  /** Sees the tables of all services, wherever they are; only to look. */
  readonly pool: pg.Pool
  /** The database of a service, to change and to lock what is there. */
  readonly poolOf: (service: string) => pg.Pool
  readonly sandbox: Sandbox
  /** The host, when the services live in the test's process. */
  readonly host: Host | undefined
  /** Processes of their own; empty when the services live in the test's. */
  readonly processes: readonly ShopProcess[]
  /** Calls a service from inside the platform. */
  readonly inner: <C extends Contract>(contract: C) => Client<C>
  /** An access token of a member of staff. */
  readonly staffToken: () => Promise<string>
  /** Puts a new item on sale; answers its SKU. */
  readonly sell: (item: { quantity: number; priceMinor?: number }) => Promise<string>
}

export type ShopProcess = {
  readonly services: readonly string[]
  /** Where other processes of the platform call it, and its metrics are: `http://127.0.0.1:<port>`. */
  readonly internalUrl: string
  readonly pid: () => number | undefined
  /** kill -9. */
  readonly kill: () => Promise<void>
  /** SIGTERM, and the end of what runs. Answers the exit code. */
  readonly stop: () => Promise<number | null>
  readonly start: () => Promise<void>
  readonly ready: () => Promise<void>
}

type ShopOptions = {
  readonly topology?: Topology
  /** `inside` alone. Default `all`; what counts statements does without the crontab. */
  readonly jobs?: HostOptions['jobs']
  /** A database of the journey's own making, when it wants to hurt it: all services live in it. */
  readonly databaseUrl?: string
  /** Each service lives in a database of its own. Default: in the topology `replicated`, where there is no `databaseUrl`. */
  readonly ownDatabases?: boolean
  /** The outside world, when the journey stands between it and the shop. */
  readonly sandbox?: Sandbox
  /** Engines of the journey's own making; else, in the topology `replicated`, those that all journeys share. */
  readonly engines?: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
  /** What the processes of one service have besides. */
  readonly environmentOf?: (service: string) => Readonly<Record<string, string>>
}

const SECRET = 'secret-of-the-journeys'
/** 18 processes load their code on two cores, perhaps beside another journey's. */
const START_TIMEOUT_MS = 180_000
const attendParent = import.meta.resolve('@stoa/testing/attend-parent')
const hostProgram = fileURLToPath(new URL('../host/main.ts', import.meta.url))

/** Opens a shop on databases of its own, with a sandbox of its own. */
export async function startShop(options: ShopOptions = {}): Promise<Shop> {
  const wanted = options.topology ?? topology
  const undo: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const sandbox = options.sandbox ?? (await startSandbox({}))
    if (!options.sandbox) undo.push(() => sandbox.stop())
    const engines = wanted === 'replicated' && !options.engines ? sharedEngines() : undefined
    if (engines) undo.push(async () => engines[Symbol.asyncDispose]())
    const engineAddresses = options.engines ?? engines?.environment ?? {}
    const apart = options.ownDatabases ?? (wanted === 'replicated' && options.databaseUrl === undefined)
    const databases = apart
      ? await ownDatabases({ withLog: !('KAFKA_BROKERS' in engineAddresses) })
      : await oneDatabase(options.databaseUrl)
    undo.push(() => databases.drop())
    const environment = {
      ...databases.environment,
      INTERNAL_SECRET: SECRET,
      STRIPE_URL: sandbox.url,
      SMTP_URL: sandbox.smtpUrl,
      POOL_SIZE: '2',
      LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'fatal',
      // All buyers, and all who send nonsense, have one address.
      GATEWAY_RATE_PER_ADDRESS: '0',
      GATEWAY_RATE_PER_USER: '0',
      GATEWAY_SENSITIVE_PER_ADDRESS: '0',
      ...engineAddresses,
      ...options.environment,
    }
    const { urls, host, processes, inner, stop } =
      wanted === 'inside'
        ? await startInside(environment, options.jobs)
        : await startProcesses(wanted, environment, options.environmentOf ?? (() => ({})))
    undo.push(stop)
    await databases.open()
    for (const url of urls.slice(0, 1)) {
      const registered = await fetch(`${sandbox.url}/sandbox/stripe/webhook_endpoints`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url: `${url}/v1/payments/webhooks/stripe`, secret: sandbox.keys.webhook }),
      })
      assert(registered.ok, `the sandbox answered ${registered.status}`)
    }
    const http = new Http(urls)
    let token: Promise<string> | undefined
    const staffToken = () => {
      token ??= signInStaff(http, inner(auth)).catch((error) => {
        token = undefined
        throw error
      })
      return token
    }
    return {
      topology: wanted,
      http,
      urls,
      environment,
      pool: databases.pool,
      poolOf: databases.of,
      sandbox,
      host,
      processes,
      inner,
      staffToken,
      sell: async (item) => sell(http, await staffToken(), item),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function startInside(environment: Record<string, string>, jobs: HostOptions['jobs']) {
  const host = await startHost({
    services: await loadServices(),
    environment: { ...environment, PORT: '0' },
    logger: pino({ level: environment.LOG_LEVEL ?? 'fatal' }),
    ...(jobs && { jobs }),
    checkAnswers: true,
  })
  return {
    urls: [host.url!],
    host,
    processes: [],
    inner: <C extends Contract>(contract: C) => host.client(contract, { via: 'journeys' }),
    stop: () => host.stop(),
  }
}

async function startProcesses(
  wanted: Exclude<Topology, 'inside'>,
  environment: Record<string, string>,
  environmentOf: (service: string) => Readonly<Record<string, string>>,
) {
  const names = serviceNames
  const groups = wanted === 'one' ? [names] : names.map((name) => [name])
  const replicas = wanted === 'replicated' ? 2 : 1
  const placed: { services: readonly string[]; port: number; internalPort: number }[] = []
  for (const services of groups) {
    for (let replica = 0; replica < replicas; replica += 1)
      placed.push({ services, port: await freePort(), internalPort: await freePort() })
  }
  const addresses = Object.fromEntries(
    names.map((name) => [
      `${name.toUpperCase()}_URL`,
      placed
        .filter(({ services }) => services.includes(name))
        .map(({ internalPort }) => `http://127.0.0.1:${internalPort}`)
        .join(','),
    ]),
  )
  const processes = placed.map(({ services, port, internalPort }) =>
    shopProcess(services, services.includes('gateway') ? port : undefined, internalPort, {
      ...environment,
      ...addresses,
      ...(wanted === 'one' ? {} : { SERVICES: services.join(','), ...environmentOf(services[0]!) }),
      PORT: String(port),
      INTERNAL_PORT: String(internalPort),
    }),
  )
  const stop = async () => {
    await Promise.all(processes.map((one) => one.stop()))
    await caller.stop()
  }
  const caller = await startHost({
    services: [],
    environment: { ...environment, ...addresses },
    logger: pino({ level: 'silent' }),
    background: false,
  })
  try {
    await Promise.all(processes.map((one) => one.start()))
    await Promise.all(processes.map((one) => one.ready()))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    urls: placed
      .filter(({ services }) => services.includes('gateway'))
      .map(({ port }) => `http://127.0.0.1:${port}`),
    host: undefined,
    processes,
    inner: <C extends Contract>(contract: C) => caller.client(contract, { via: 'journeys' }),
    stop,
  }
}

function shopProcess(
  services: readonly string[],
  publicPort: number | undefined,
  internalPort: number,
  environment: Record<string, string>,
): ShopProcess {
  let child: ChildProcess | undefined
  const ended = (one: ChildProcess) =>
    one.exitCode !== null || one.signalCode !== null
      ? Promise.resolve(one.exitCode)
      : new Promise<number | null>((resolve) => one.once('exit', (code) => resolve(code)))
  return {
    services,
    internalUrl: `http://127.0.0.1:${internalPort}`,
    pid: () => child?.pid,
    start: async () => {
      child = spawn(process.execPath, ['--import', attendParent, hostProgram], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        env: { PATH: process.env.PATH ?? '', ...environment },
      })
      child.channel!.unref()
    },
    ready: () =>
      eventually(
        async () => {
          assert(
            child && child.exitCode === null && child.signalCode === null,
            `${services} ended at its start`,
          )
          const port = publicPort ?? internalPort
          const response = await fetch(`http://127.0.0.1:${port}/readyz`, {
            signal: AbortSignal.timeout(2_000),
          })
          const said = await response.text()
          assert.equal(response.status, 200, said)
          // It takes calls as soon as it is ready; a journey also wants what it hears of to have its effect at once.
          assert.equal(JSON.parse(said).checks.reactions ?? 'ok', 'ok', said)
        },
        { timeoutMs: START_TIMEOUT_MS },
      ),
    kill: async () => {
      child!.kill('SIGKILL')
      await ended(child!)
    },
    stop: async () => {
      if (!child) return null
      child.kill('SIGTERM')
      return ended(child)
    },
  }
}

async function signInStaff(http: Http, accounts: Client<typeof auth>): Promise<string> {
  const email = `staff-${crypto.randomUUID()}@example.com`
  const { oneTimePassword } = await accounts.addStaff({ email, role: 'admin' })
  const signIn = async (password: string) => {
    const { status, body } = await http.post('/v1/auth/login', { email, password })
    assert.equal(status, 200, JSON.stringify(body))
    return body.accessToken as string
  }
  const first = await signIn(oneTimePassword)
  const password = `own-${crypto.randomUUID()}`
  const changed = await http.post(
    '/v1/auth/password',
    { currentPassword: oneTimePassword, newPassword: password },
    { token: first },
  )
  assert.equal(changed.status, 204, JSON.stringify(changed.body))
  return signIn(password)
}

async function sell(
  http: Http,
  token: string,
  item: { quantity: number; priceMinor?: number },
): Promise<string> {
  const sku = `J-${crypto.randomUUID().slice(0, 13)}`
  const created = await http.post(
    '/v1/admin/products',
    {
      name: `Thing ${sku}`,
      variants: [{ sku, prices: [{ amountMinor: item.priceMinor ?? 1000, currency: 'EUR' }] }],
    },
    { token, key: `create-${sku}` },
  )
  assert.equal(created.status, 201, JSON.stringify(created.body))
  const published = await http.send('PATCH', `/v1/admin/products/${created.body.productId}`, {
    token,
    body: { status: 'published' },
    headers: { 'if-match': `"${created.body.version}"` },
  })
  assert.equal(published.status, 200, JSON.stringify(published.body))
  const warehouse = await http.send('PUT', '/v1/admin/inventory/warehouses/main', {
    token,
    body: { name: 'Main', priority: 1 },
  })
  assert.equal(warehouse.status, 200, JSON.stringify(warehouse.body))
  if (item.quantity > 0) {
    const received = await http.post(
      '/v1/admin/inventory/receipts',
      { warehouse: 'main', lines: [{ sku, quantity: item.quantity }] },
      { token, key: `receive-${sku}` },
    )
    assert.equal(received.status, 201, JSON.stringify(received.body))
  }
  return sku
}

/** Below the ports that engines and the system take: 20000 and more. */
const FIRST_PORT = 10_000
const BLOCK = 64
const BLOCKS = 150
let block: { next: number; end: number } | undefined

/**
 * Of a block of ports that is this process's alone. Its processes listen seconds after they were told their ports: test files that run side by side
 * would else choose the same.
 */
async function freePort(): Promise<number> {
  for (;;) {
    block ??= await takeBlock()
    while (block.next < block.end) {
      const port = block.next++
      if (await isFree(port)) return port
    }
    block = undefined
  }
}

/** A block is whose who listens at its first port, until his process ends. */
async function takeBlock(): Promise<{ next: number; end: number }> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const first = FIRST_PORT + Math.floor(Math.random() * BLOCKS) * BLOCK
    const sign = await listenAt(first)
    sign?.unref()
    if (sign) return { next: first + 1, end: first + BLOCK }
  }
  throw new Error('There is no free port')
}

async function isFree(port: number): Promise<boolean> {
  const server = await listenAt(port)
  if (server) await new Promise((resolve) => server.close(resolve))
  return server !== undefined
}

const listenAt = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1' }, () => resolve(server))
  })
