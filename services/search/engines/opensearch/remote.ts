import { Client, errors } from '@opensearch-project/opensearch'
import { EngineAway } from '../engine.ts'

export type Asked = {
  readonly query?: Readonly<Record<string, string | number | boolean>>
  readonly body?: unknown
  /** Lines of a bulk request. */
  readonly lines?: string
  /** Statuses that are answers, too. */
  readonly accept?: readonly number[]
  readonly timeoutMs?: number
}

export type Answer = { readonly status: number; readonly body: unknown }

/** What the engine asks of the cluster. Each call ends within its time-out, or at once while the cluster is known to be away. */
export type Remote = {
  readonly ask: (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD',
    path: string,
    asked?: Asked,
  ) => Promise<Answer>
  readonly close: () => Promise<void>
}

/** A search that takes longer helps nobody who waits for a page. */
const TIMEOUT_MS = 2_000
/** Failures in a row after which nobody is kept waiting. */
const FAILURES = 3
/** Then one request is let through each so often, to see whether it is back. */
const OPEN_MS = 1_000

/** What the cluster does not take: ours is the mistake. */
export class RefusedByIndex extends Error {
  override readonly name = 'RefusedByIndex'
  readonly status: number
  constructor(message: string, status: number, cause?: unknown) {
    super(message, { cause })
    this.status = status
  }
}

/** `url`: one node or several, by comma; a user and password may stand in it. */
export function openRemote(url: string): Remote {
  const client = new Client({
    nodes: url.split(',').map((one) => one.trim()),
    maxRetries: 0,
    requestTimeout: TIMEOUT_MS,
    // Of a node that failed once others are tried; ours is the decision when nobody is.
    resurrectStrategy: 'none',
  })
  let failures = 0
  let openUntil = 0

  const failed = (cause: unknown): EngineAway => {
    failures += 1
    if (failures >= FAILURES) openUntil = performance.now() + OPEN_MS
    return new EngineAway('the search cluster does not answer', { cause })
  }
  return {
    ask: async (method, path, { query, body, lines, accept = [], timeoutMs = TIMEOUT_MS } = {}) => {
      if (failures >= FAILURES) {
        if (performance.now() < openUntil) throw new EngineAway('the search cluster is away')
        // This one looks; whoever comes meanwhile does not wait for it.
        openUntil = performance.now() + Math.max(OPEN_MS, timeoutMs)
      }
      try {
        const { statusCode, body: answered } = await client.transport.request(
          {
            method,
            path,
            ...(query && { querystring: query as Record<string, string> }),
            ...(lines === undefined ? body !== undefined && { body: body as object } : { bulkBody: lines }),
          },
          { requestTimeout: timeoutMs, ignore: [...accept] },
        )
        failures = 0
        return { status: statusCode ?? 0, body: answered }
      } catch (error) {
        if (!(error instanceof errors.ResponseError)) throw failed(error)
        const status = error.statusCode ?? 0
        if (status === 429) throw new EngineAway('the search cluster has too much to do', { cause: error })
        if (status >= 502) throw failed(error)
        failures = 0
        throw new RefusedByIndex(`${method} ${path}: ${reasonOf(error.body)}`, status, error)
      }
    },
    close: () => client.close(),
  }
}

function reasonOf(body: unknown): string {
  type Told = {
    error?: {
      reason?: string
      root_cause?: { reason?: string }[]
      failed_shards?: { reason?: { reason?: string; caused_by?: { reason?: string } } }[]
      caused_by?: { reason?: string }
    }
  }
  const { error } = (body ?? {}) as Told
  const shard = error?.failed_shards?.[0]?.reason
  const cause =
    shard?.caused_by?.reason ?? shard?.reason ?? error?.root_cause?.[0]?.reason ?? error?.caused_by?.reason
  return (
    [error?.reason, cause].filter((one, at, all) => one && all.indexOf(one) === at).join(': ') ||
    JSON.stringify(body)
  )
}
