import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Engines, freePort, openEngines } from '@stoa/engines'
import { serviceNames } from '@stoa/host'
import { startEmbeddedPostgres } from '@stoa/runtime/embedded-postgres'
import { processIdentity } from '@stoa/runtime/process-identity'
import { startSandbox } from '@stoa/sandbox'
import { type Shop, startShop } from '../shop.ts'
import { type Line, openToxiproxy } from '../toxiproxy.ts'

/** A shop of two processes per service over engines of its own, with a line that can be made bad before each of them. */
export type Stand = AsyncDisposable & {
  readonly shop: Shop
  readonly lines: Readonly<Record<'postgres' | 'kafka' | 'lone' | 'redis' | 'opensearch' | 'gateway', Line>>
  readonly engines: Engines
  readonly postgres: { readonly stop: () => Promise<void>; readonly start: () => Promise<void> }
  /** The file system that holds nothing but Kafka's log; undefined where this machine does not let us make one. */
  readonly logDisk: { readonly fill: () => Promise<void>; readonly free: () => Promise<void> } | undefined
}

/** Its processes reach Kafka over a line of their own. */
export const loneService = 'inventory'

/** Enough for the topics of a run, and quickly full. */
const LOG_DISK_MB = 512
const runs = join(import.meta.dirname, '../../.data/faults')

/**
 * Takes some minutes on two cores. Orders that are not paid within `paymentWindowSeconds` are cancelled; the shop must cope
 * with every line being away, so its processes are told the lines' addresses and nothing else.
 */
export async function openStand(options: { paymentWindowSeconds: number }): Promise<Stand> {
  await removeLeftovers()
  const directory = join(runs, `run-${process.pid}`)
  const undo: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })]
  const close = async () => {
    // What cannot be ended keeps nothing else from being ended.
    for (const step of undo.splice(0).reverse()) await step().catch((error: unknown) => console.error(error))
  }
  try {
    await mkdir(directory, { recursive: true })
    const log = (line: string) => console.error(line)
    const logDirectory = await smallDisk(join(directory, 'kafka-log'))
    if (logDirectory) undo.push(() => unmount(logDirectory))

    const ports = new Set<number>()
    const port = async () => {
      const found = await freePort(ports)
      ports.add(found)
      return found
    }
    const doors = [
      { port: await port(), announcedPort: await port() },
      { port: await port(), announcedPort: await port() },
    ]
    const engines = openEngines({
      directory: join(directory, 'engines'),
      kafkaDoors: doors,
      ...(logDirectory ? { kafkaLog: join(logDirectory, 'log') } : {}),
      log,
    })
    undo.push(() => engines.down())
    const addresses = await engines.up(['kafka', 'redis', 'opensearch', 'toxiproxy'])

    const postgresOptions = {
      dataDirectory: join(directory, 'postgres'),
      // Each of 18 processes has a pool and a listener.
      settings: { max_connections: '300' },
    }
    let server = await startEmbeddedPostgres(postgresOptions)
    undo.push(() => server.stop())
    const sandbox = await startSandbox({})
    undo.push(() => sandbox.stop())

    const toxiproxy = openToxiproxy(addresses.TOXIPROXY_URL!)
    const line = async (name: string, upstream: string, listen?: number) =>
      toxiproxy.line({ name, listen: listen ?? (await port()), upstream })
    const lines = {
      postgres: await line('postgres', new URL(server.url).host),
      kafka: await line('kafka', `127.0.0.1:${doors[0]!.port}`, doors[0]!.announcedPort),
      lone: await line('lone', `127.0.0.1:${doors[1]!.port}`, doors[1]!.announcedPort),
      redis: await line('redis', new URL(addresses.REDIS_URL!).host),
      opensearch: await line('opensearch', new URL(addresses.OPENSEARCH_URL!).host),
      gateway: await line('gateway', new URL(sandbox.url).host),
    }
    const through = (url: string, { listen }: Line) => {
      const changed = new URL(url)
      changed.host = listen
      return changed.href.replace(/\/$/, '')
    }
    const shop = await startShop({
      topology: 'replicated',
      databaseUrl: server.url,
      sandbox,
      engines: {
        KAFKA_BROKERS: lines.kafka.listen,
        REDIS_URL: through(addresses.REDIS_URL!, lines.redis),
        OPENSEARCH_URL: through(addresses.OPENSEARCH_URL!, lines.opensearch),
      },
      environment: {
        DATABASE_URL: through(server.url, lines.postgres),
        STRIPE_URL: through(sandbox.url, lines.gateway),
        POOL_SIZE: '4',
        ORDER_PAYMENT_WINDOW_SECONDS: String(options.paymentWindowSeconds),
      },
      environmentOf: (service): Record<string, string> =>
        service === loneService ? { KAFKA_BROKERS: lines.lone.listen } : {},
    })
    undo.push(async () => shop[Symbol.asyncDispose]())
    return {
      shop,
      lines,
      engines,
      postgres: {
        stop: () => server.stop(),
        start: async () => {
          server = await startEmbeddedPostgres(postgresOptions)
        },
      },
      logDisk: logDirectory
        ? {
            fill: () => fill(join(logDirectory, 'filler')),
            free: () => rm(join(logDirectory, 'filler'), { force: true }),
          }
        : undefined,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** A file system in memory, which only root may make. */
async function smallDisk(path: string): Promise<string | undefined> {
  await mkdir(path, { recursive: true })
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return
  try {
    await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', `size=${LOG_DISK_MB}m`, 'stoa-faults', path])
    return path
  } catch {
    // A container may be root and still not be allowed to.
    return
  }
}

async function unmount(path: string): Promise<void> {
  // Lazily: a process that has just been ended may still hold it for a moment.
  await promisify(execFile)('umount', ['--lazy', path])
}

/** Up to the last byte. Only on the small disk of our own: it looks at how large that is. */
async function fill(path: string): Promise<void> {
  const { blocks, bsize } = await statfs(join(path, '..'))
  if (blocks * bsize > 2 * LOG_DISK_MB * 1024 * 1024) throw new Error(`${path} is not on the small disk`)
  try {
    await writeFile(path, Buffer.alloc(LOG_DISK_MB * 1024 * 1024))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

/** Of runs that were killed with kill -9. */
async function removeLeftovers(): Promise<void> {
  await mkdir(runs, { recursive: true })
  for (const name of await readdir(runs)) {
    const pid = Number(/^run-(\d+)$/.exec(name)?.[1])
    if (!pid || processIdentity(pid) !== undefined) continue
    const directory = join(runs, name)
    await openEngines({ directory: join(directory, 'engines') }).down()
    const postgres = await startEmbeddedPostgres({ dataDirectory: join(directory, 'postgres') }).catch(
      () => {},
    )
    await postgres?.stop()
    await unmount(join(directory, 'kafka-log')).catch(() => {})
    await rm(directory, { recursive: true, force: true })
  }
}

export const everyService: readonly string[] = serviceNames
