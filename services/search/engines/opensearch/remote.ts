import { Client, ConnectionPool, errors } from '@opensearch-project/opensearch'
import type { Breaker } from '@stoa/runtime'
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

/**
 * What the engine asks of the cluster. Each call ends within its time-out, or at once while the cluster is known to be away. Throws
 * `IndexGone` for a name that is none.
 */
export type Remote = {
  readonly ask: (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD',
    path: string,
    asked?: Asked,
  ) => Promise<Answer>
  /** Searches these names, or a point in time that the body names. An answer without a shard of theirs is none. */
  readonly search: (names: string | undefined, body: object, query?: Asked['query']) => Promise<unknown>
  /** Of parts of an answer: throws what the first that failed says. */
  readonly whole: (index: string, parts: readonly { readonly error?: PartError }[]) => void
  readonly close: () => Promise<void>
}

/** A search that takes longer helps nobody who waits for a page. */
const TIMEOUT_MS = 2_000
/** How long nobody is kept waiting before one request looks whether a cluster that was away is back. */
export const CLUSTER_PAUSES = { firstMs: 1_000, lastMs: 2_000 }
/** How long a node of several that failed is left before one request, nobody's search, looks whether it is back. */
export const NODE_PAUSE_MS = 10_000

/** A user who may use the indices need not be allowed to ask what the cluster is; that it says so is an answer. */
const NOT_ALLOWED = [401, 403]

/** What the cluster does not take: ours is the mistake. */
export class RefusedByIndex extends Error {
  override readonly name = 'RefusedByIndex'
  readonly status: number
  constructor(message: string, status: number, cause?: unknown) {
    super(message, { cause })
    this.status = status
  }
}

/** There is no index of the name that was asked or written to: nothing can be done until it is made and filled again. */
export class IndexGone extends EngineAway {}

/** What the cluster says of one document or shard that failed. */
export type PartError = { readonly type?: string; readonly reason?: string }

export const isGone = (error: PartError | undefined): boolean => error?.type === 'index_not_found_exception'

/**
 * `url`: one node or several, by comma; a user and password may stand in it. `breaker`: of the whole cluster. `gone`: hears the name of
 * each index that is not there. `timeoutMs`: of a call that does not say another.
 */
export function openRemote(
  url: string,
  breaker: Breaker,
  gone: (index: string) => void,
  timeoutMs = TIMEOUT_MS,
): Remote {
  const client = new Client({
    nodes: url.split(',').map((one) => one.trim()),
    maxRetries: 0,
    requestTimeout: timeoutMs,
    ConnectionPool: Nodes,
  })
  const failed = (cause: unknown): EngineAway => {
    breaker.failed()
    return new EngineAway('the search cluster does not answer', { cause })
  }
  const goneError = (index: string, cause?: unknown): IndexGone => {
    gone(index)
    return new IndexGone(`the search cluster has no index ${index}`, { cause })
  }
  const send: Remote['ask'] = async (
    method,
    path,
    { query, body, lines, accept = [], timeoutMs: own = timeoutMs } = {},
  ) => {
    try {
      const { statusCode, body: answered } = await client.transport.request(
        {
          method,
          path,
          ...(query && { querystring: query as Record<string, string> }),
          ...(lines === undefined ? body !== undefined && { body: body as object } : { bulkBody: lines }),
        },
        { requestTimeout: own, ignore: [...accept] },
      )
      breaker.succeeded()
      return { status: statusCode ?? 0, body: answered }
    } catch (error) {
      if (!(error instanceof errors.ResponseError)) throw failed(error)
      const status = error.statusCode ?? 0
      if (status >= 502) throw failed(error)
      breaker.succeeded()
      const told = (error.body as { error?: PartError & { index?: string } } | undefined)?.error
      if (isGone(told)) throw goneError(told?.index ?? path, error)
      if (status === 429) throw new EngineAway('the search cluster has too much to do', { cause: error })
      throw new RefusedByIndex(`${method} ${path}: ${reasonOf(error.body)}`, status, error)
    }
  }
  const remote: Remote = {
    ask: async (method, path, asked = {}) => {
      if (!breaker.admit()) throw new EngineAway('the search cluster is away')
      // Until it is known how the trial ended all others are refused: a call that may take long is none.
      if (breaker.state === 'half-open' && (asked.timeoutMs ?? 0) > timeoutMs)
        await send('GET', '/', { accept: NOT_ALLOWED })
      return send(method, path, asked)
    },
    search: async (names, body, query) => {
      const answer = await remote.ask('POST', names === undefined ? '/_search' : `/${names}/_search`, {
        query: { ...query, allow_partial_search_results: false },
        body,
      })
      allShards(answer.body)
      return answer.body
    },
    whole: (index, parts) => {
      const error = parts.find((part) => part.error)?.error
      if (isGone(error)) throw goneError(index)
      if (error) throw new EngineAway(`a part of ${index} does not answer: ${error.reason}`)
    },
    close: () => client.close(),
  }
  return remote
}

/**
 * The nodes of the cluster. The client's own way would look with every request while the first look is under way, and count each call that
 * failed at once as a further failure, each of which doubles the pause: up to half an hour after one bad moment.
 */
class Nodes extends ConnectionPool {
  override resurrectTimeout = NODE_PAUSE_MS
  override resurrectTimeoutCutoff = 0

  override resurrect({ now = Date.now() }: { readonly now?: number }): void {
    const node = this.connections.find(({ id }) => id === this.dead[0])
    if (!node || now < node.resurrectTimeout) return
    // The next look is a pause away, however this one ends.
    this.markDead(node)
    node.request({ method: 'HEAD', path: '/', timeout: TIMEOUT_MS }, (error, response) => {
      // Unread, it would keep its connection.
      response?.resume()
      if (!error && (response?.statusCode ?? 0) < 502) this.markAlive(node)
    })
  }
}

/** Of an answer that counts the shards it is made of. */
export function allShards(body: unknown): void {
  const { total, successful } = (body as { _shards: { total: number; successful: number } })._shards
  if (successful < total)
    throw new EngineAway(`${total - successful} shards of the search index do not answer`)
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
