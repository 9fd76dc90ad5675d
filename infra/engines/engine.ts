import { connect, createServer } from 'node:net'

/** One program that the platform may run over, as this machine runs it. */
export type Engine = {
  readonly name: EngineName
  /** What the environment says to use it: `{ KAFKA_BROKERS: '127.0.0.1:19092' }`. */
  readonly environment: (place: Place, options: EngineOptions) => Readonly<Record<string, string>>
  /** What of the options it was started with; when that changes, `up` starts it anew. */
  readonly identity?: (options: EngineOptions) => string
  /** How many ports it needs; the first is the one that its users know. */
  readonly ports: number
  /** Where the first port has to lie, when the engine takes no other. */
  readonly portRange?: PortRange
  /** Fetches and writes what it needs, and says how it is started. Throws `EngineError` where it cannot run here. */
  readonly prepare: (place: Place, options: EngineOptions) => Promise<Launch>
  /** Resolves when it serves, and rejects while it does not. */
  readonly check: (place: Place) => Promise<void>
  /** Many times what it takes: who waits longer meets an engine that hangs, not a machine that is busy. */
  readonly readyWithinMs: number
}

export const engineNames = ['kafka', 'redis', 'opensearch', 'pgbouncer', 'toxiproxy', 's3'] as const
export type EngineName = (typeof engineNames)[number]

export type Place = {
  /** Its own: configuration, data, log, process number. */
  readonly directory: string
  /** Shared by all sets of engines of this tree: programs and class paths. */
  readonly programs: string
  readonly ports: readonly number[]
}

export type EngineOptions = {
  /** What PgBouncer stands before. */
  readonly databaseUrl?: string | undefined
  /** More doors of the Kafka broker. */
  readonly kafkaDoors?: readonly KafkaDoor[] | undefined
  /** Names and passwords of those whom doors with `sasl` let in: as of the first start, in letters and digits. */
  readonly kafkaUsers?: Readonly<Record<string, string>> | undefined
  /** The directory of the engines whose Kafka this one joins, as the second broker of its cluster. */
  readonly kafkaJoins?: string | undefined
  /** Copies of what Kafka keeps for itself, such as the positions of groups. Default: 1. */
  readonly kafkaCopies?: number | undefined
  /** Where Kafka keeps its log, when not beside the rest. */
  readonly kafkaLog?: string | undefined
  readonly log: (line: string) => void
}

/** One more listener of the Kafka broker: in the open unless it has `tls`, for anybody unless it has `sasl`. */
export type KafkaDoor = {
  readonly port: number
  /** Another one than it listens on: a client that comes in through a proxy is told to go on coming through that proxy. */
  readonly announcedPort: number
  /** PEM texts. */
  readonly tls?:
    | {
        readonly certificate: string
        readonly key: string
        /** Who comes in has to show a certificate of this authority. */
        readonly clientAuthority?: string
      }
    | undefined
  /** Who comes in has to say who they are, by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, and again every `sessionMs` (default: never again). */
  readonly sasl?: { readonly sessionMs?: number } | undefined
}

export type Launch = {
  readonly program: string
  readonly arguments: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Whom it runs as, where it refuses to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

/** An engine cannot run here. The message says what to do about it. */
export class EngineError extends Error {
  override name = 'EngineError'
}

/** A heap for each Java engine: two of them leave room for a shop on a machine with 4 GB. */
export const heapMb = 512

const connectWithinMs = 2_000

/** Sends one request over TCP and answers the first bytes that come back. */
export function firstAnswer(port: number, request: Buffer | string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request))
    socket.setTimeout(connectWithinMs, () => socket.destroy(new Error(`no answer on port ${port}`)))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`port ${port} closed without an answer`)))
    socket.once('data', (data) => {
      resolve(data)
      socket.destroy()
    })
  })
}

export type PortRange = { readonly first: number; readonly last: number }

/** Below those that the system hands out by itself (from 32768). */
const anyPort: PortRange = { first: 20_000, last: 31_999 }

/** A loopback port that nobody listens on now. */
export async function freePort(
  taken: ReadonlySet<number> = new Set(),
  { first, last }: PortRange = anyPort,
): Promise<number> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const port = first + Math.floor(Math.random() * (last - first + 1))
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new EngineError(`There is no free port between ${first} and ${last} on 127.0.0.1.`)
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)))
  })
}
