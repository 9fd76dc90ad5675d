import { createHash } from 'node:crypto'
import { Breaker } from '@stoa/runtime'
import { type CompiledSettings, compileSettings } from '../../planning/compiled-settings.ts'
import {
  EngineAway,
  type EngineDocument,
  EngineLost,
  type ProductSignals,
  type Rebuild,
  type SearchEngine,
  SIGNALS_AHEAD,
  TOMBSTONE_MS,
} from '../engine.ts'
import { unconfigured } from '../unconfigured.ts'
import { type BulkItem, type BulkOptions, bulk } from './bulk.ts'
import { entryOf } from './entry.ts'
import { openIndexes } from './indexes.ts'
import { openKnown } from './known.ts'
import { openPointsInTime } from './points-in-time.ts'
import { Refusals } from './refusals.ts'
import { CLUSTER_PAUSES, IndexGone, openRemote, type PartError, RefusedByIndex } from './remote.ts'
import { type IndexMeta, SCHEMA_VERSION } from './schema.ts'
import { search } from './search.ts'
import { suggest } from './suggest.ts'
import { SEPARATOR, split } from './values.ts'
import { putBody, removeBody, signalsBody } from './writes.ts'

export type OpenSearchOptions = {
  /** Nodes, by comma. */
  readonly url: string
  /** Before the name of every index. */
  readonly prefix: string
  readonly shards: number
  readonly replicas: number
  /** Keeps callers from a cluster that does not answer. Default: one that nobody sees. */
  readonly breaker?: Breaker
  /** A search that takes longer has failed. Default: 2 s. */
  readonly timeoutMs?: number
}

/** A page of what the index says of its products. */
const PAGE = 500
/** Requests of one list of documents at a time: each is there once, and an older version replaces nothing, so that their order does not matter. */
const DOCUMENTS_AT_ONCE = 2
/** Of what a rebuild has read. More of them are no matter of single products, and the index of before is the better one. */
const REFUSED_SHARE = 0.05
/** Settings before the present ones, for those who walk through pages meanwhile. */
const SETTINGS_KEPT = 4

export type SharedRebuild = Rebuild & {
  /** What the new index does not take. It replaces the present one without them, unless they are more than one and more than a twentieth. */
  readonly refused: Refusals
}

/** An index that all processes share, and what must be asked of it because none of them holds it. */
export interface SharedEngine extends SearchEngine {
  readonly shared: true
  startRebuild(): Promise<SharedRebuild>
  /** Drops its indices, whoever uses them. */
  destroy(): Promise<void>
  /** Whether everything had been brought once when it was last asked; false once the index was found to be gone. */
  readonly filled: boolean
  /** Whether everything has been brought once. */
  complete(): Promise<boolean>
  /** As it was last written, whether searches see it already or not. Products that were never heard of are absent. */
  told(
    productIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly version: number; readonly card?: string }>>
  /** Products that have one of these SKUs: all that were written by now, in an index that is being filled as well. */
  productsOf(skus: readonly string[]): Promise<{ productId: string; skus: readonly string[] }[]>
  /** Products that sold something. */
  sold(): AsyncIterable<{ productId: string; skus: readonly string[] }[]>
  /** Paths and names of the categories that products were brought with. */
  categories(): Promise<{ path: string; name: string }[]>
  /** Products that were brought with this category, by the page. */
  inCategory(category: {
    path: string
    name: string
  }): AsyncIterable<{ productId: string; version: number }[]>
}

/**
 * The search engine of a cluster that speaks OpenSearch's calls. Any number of processes may open it; nothing of the index is held in them
 * but the settings, and facts about words that were asked lately.
 */
export function openOpenSearchEngine(options: OpenSearchOptions): SharedEngine {
  const remote = openRemote(
    options.url,
    options.breaker ?? new Breaker({ pauses: CLUSTER_PAUSES }),
    (index) => {
      if (index !== indexes.products) return
      present = undefined
      filled = false
    },
    options.timeoutMs,
  )
  const indexes = openIndexes(remote, options)
  const known = openKnown(remote, { index: indexes.products, routings: indexes.routings })
  const points = openPointsInTime(remote, indexes.products)
  let settings = compileSettings(unconfigured)
  const versions = new Map<number, CompiledSettings>([[settings.mark, settings]])
  /** Signals of products that are not here yet, as this process heard them: the last ones. */
  const ahead = new Map<string, ProductSignals>()
  let closed = false
  let present: Promise<IndexMeta> | undefined
  let filled = false

  const open = () => {
    if (closed) throw new EngineLost('the engine was closed')
  }
  /** Makes the index before the first write or search; afterwards it is there. */
  const ready = async (): Promise<IndexMeta> => {
    open()
    present ??= indexes.present(analysisOf(settings))
    try {
      return await present
    } catch (error) {
      present = undefined
      throw error
    }
  }
  /** To the index that is being filled first: after the swap the searched name stands for it. */
  const write = async (
    items: () => AsyncIterable<BulkItem> | Iterable<BulkItem>,
    { accept = [], atOnce = 1 }: Partial<Pick<BulkOptions, 'accept' | 'atOnce'>>,
  ) => {
    await ready()
    const refusals = new Refusals()
    const to = async (index: string, visible: boolean) => {
      const written = await bulk(remote, items(), { index, visible, accept, atOnce })
      refusals.addAll(written.refusals)
      return written.results
    }
    if (await indexes.isFilling())
      await to(indexes.filling, false).catch((error: unknown) => {
        // It has taken the other's place meanwhile, or was given up.
        if (!(error instanceof IndexGone)) throw error
      })
    try {
      const results = await to(indexes.products, true)
      refusals.throwAny()
      return results
    } catch (error) {
      if (!(error instanceof RefusedByIndex)) throw error
      // What it has no field for waits for the rebuild that gives it one.
      const { schema } = await indexes.present(analysisOf(settings))
      if (schema === SCHEMA_VERSION) throw error
      throw new EngineAway('the search index is of another version and is being rebuilt', { cause: error })
    }
  }
  async function* entries(
    documents: readonly EngineDocument[],
    action: BulkItem['action'],
  ): AsyncGenerator<BulkItem> {
    const readAt = Date.now()
    for (const document of documents) {
      const entry = entryOf(withAhead(document), settings, readAt)
      yield { action, id: document.productId, body: action === 'create' ? entry : putBody(entry) }
    }
  }
  const withAhead = (document: EngineDocument): EngineDocument => {
    const signals = ahead.get(document.productId)
    return signals ? { ...signals, ...document } : document
  }
  const putSignals = async (signals: readonly ProductSignals[]): Promise<void> => {
    open()
    if (signals.length === 0) return
    const now = Date.now()
    const items = signals.map(({ productId, available, sold, at = now }) => ({
      action: 'update' as const,
      id: productId,
      body: signalsBody({
        at,
        ...(available !== undefined && { available }),
        ...(sold !== undefined && { sold }),
      }),
    }))
    const results = await write(() => items, { accept: [404] })
    const told = new Map(signals.map((one) => [one.productId, one]))
    for (const { id, status } of results) {
      if (status !== 404) continue
      const before = ahead.get(id)
      ahead.delete(id)
      ahead.set(id, { ...before, ...told.get(id)! })
      if (ahead.size > SIGNALS_AHEAD) ahead.delete(ahead.keys().next().value!)
    }
  }
  /** Pages of what a query finds, each after the last. */
  async function* pages<Fields>(
    query: object,
    fields: readonly string[],
    names = indexes.products,
  ): AsyncGenerator<(Fields & { id: string })[]> {
    let after: readonly unknown[] | undefined
    for (;;) {
      const body = await remote.search(
        names,
        {
          query: { bool: { filter: [{ term: { live: true } }, query] } },
          size: PAGE,
          sort: [{ productId: 'asc' }, { version: 'desc' }],
          _source: fields,
          track_total_hits: false,
          ...(after && { search_after: after }),
        },
        { ignore_unavailable: names !== indexes.products },
      )
      type Found = { _id: string; _source: Fields; sort: unknown[] }
      const { hits } = (body as { hits: { hits: Found[] } }).hits
      if (hits.length > 0) yield hits.map(({ _id, _source }) => ({ ..._source, id: _id }))
      if (hits.length < PAGE) return
      after = hits.at(-1)!.sort
    }
  }
  const forget = () =>
    remote
      .ask('POST', `/${indexes.products}/_delete_by_query`, {
        query: { conflicts: 'proceed', wait_for_completion: false },
        body: {
          query: {
            bool: {
              filter: [
                { term: { live: false } },
                { range: { removedAt: { lt: Date.now() - TOMBSTONE_MS } } },
              ],
            },
          },
        },
      })
      .catch(() => {})
  let forgottenAt = performance.now()

  return {
    shared: true,
    get filled() {
      return filled
    },
    put: async (documents) => {
      open()
      if (documents.length === 0) return
      await write(() => entries(documents, 'update'), { atOnce: DOCUMENTS_AT_ONCE })
      for (const { productId } of documents) ahead.delete(productId)
    },
    putStock: putSignals,
    putSignals,
    remove: async (products) => {
      open()
      if (products.length === 0) return
      const at = Date.now()
      const items = products.map(({ productId, version }) => ({
        action: 'update' as const,
        id: productId,
        body: removeBody({ productId, version, at }),
      }))
      await write(() => items, {})
      if (performance.now() - forgottenAt < TOMBSTONE_MS) return
      forgottenAt = performance.now()
      await forget()
    },
    configure: async (next) => {
      open()
      if (next.version < settings.version) return { rebuild: false }
      settings = compileSettings(next)
      versions.delete(settings.mark)
      versions.set(settings.mark, settings)
      if (versions.size > SETTINGS_KEPT) versions.delete(versions.keys().next().value!)
      const analysis = analysisOf(settings)
      await ready()
      const meta = await indexes.present(analysis)
      filled = meta.complete
      if (meta.schema !== SCHEMA_VERSION) return { rebuild: true }
      if (meta.analysis === analysis) return { rebuild: false }
      // Nothing was put yet: what comes is read with these.
      if (!meta.complete && (await indexes.count(indexes.products)) === 0) {
        await indexes.setMeta(indexes.products, { ...meta, analysis })
        return { rebuild: false }
      }
      return { rebuild: true }
    },
    startRebuild: async () => {
      await ready()
      const analysis = analysisOf(settings)
      const { index, own, tombstones } = await indexes.begin(analysis)
      const refused = new Refusals()
      /** Of what was read for it: told since, and there already. */
      let known = 0
      return {
        refused,
        fill: async (documents) => {
          open()
          const kept = await keptSignals(
            documents.filter(({ available, sold }) => available === undefined || sold === undefined),
          )
          const { results, refusals } = await bulk(
            remote,
            entries(
              documents.map((document) => ({ ...kept.get(document.productId), ...document })),
              'create',
            ),
            // What is there already was told since and is newer.
            { index: own, visible: false, accept: [409], atOnce: DOCUMENTS_AT_ONCE },
          ).catch((error: unknown) => {
            throw error instanceof IndexGone ? new GivenUp(error) : error
          })
          refused.addAll(refusals)
          known += results.filter(({ status }) => status === 409).length
        },
        finish: async (read) => {
          const lost = { replaced: false, documents: 0 }
          const { status } = await remote.ask('POST', `/${index}/_refresh`, {
            accept: [404],
            timeoutMs: 30_000,
          })
          if (status === 404) return lost
          if (areTooMany(refused.count, read)) {
            await indexes.abandon(index)
            refused.throwAny()
          }
          const made = read - refused.count - known
          const there = (await indexes.count(index)) - tombstones
          if (there < made) {
            await indexes.abandon(index)
            throw new Error(`the new index has ${there} of the ${made} documents that were read for it`)
          }
          const documents = await indexes.count(index, { term: { live: true } })
          if (!(await indexes.swap(index, analysis))) {
            await indexes.abandon(index)
            return lost
          }
          filled = true
          return { replaced: true, documents }
        },
        abandon: () => indexes.abandon(index),
      }
    },
    search: async (request) => {
      await ready()
      return search(
        {
          remote,
          index: indexes.products,
          known,
          points,
          settings: (mark) => versions.get(mark ?? settings.mark) ?? settings,
        },
        request,
      )
    },
    suggest: async (request) => {
      await ready()
      return suggest({ remote, index: indexes.products, settings }, request)
    },
    stats: async () => {
      await ready()
      const [documents, bytes, rebuilding] = await Promise.all([
        indexes.count(indexes.products, { term: { live: true } }),
        indexes.bytes(),
        indexes.isFilling(),
      ])
      return { documents, terms: 0, postings: 0, bytes, settingsVersion: settings.version, rebuilding }
    },
    close: async () => {
      if (closed) return
      closed = true
      await points.close()
      await remote.close()
    },

    destroy: () => indexes.destroy(),
    complete: async () => {
      await ready()
      filled = (await indexes.present(analysisOf(settings))).complete
      return filled
    },
    told: async (productIds) => {
      await ready()
      const found = new Map<string, { version: number; card?: string }>()
      for (let at = 0; at < productIds.length; at += PAGE) {
        const { body } = await remote.ask('POST', `/${indexes.products}/_mget`, {
          query: { _source: 'version,card' },
          body: { ids: productIds.slice(at, at + PAGE) },
        })
        type Told = { _id: string; error?: PartError; _source?: { version: number; card?: string } }
        const { docs } = body as { docs: Told[] }
        remote.whole(indexes.products, docs)
        for (const { _id, _source } of docs) if (_source) found.set(_id, _source)
      }
      return found
    },
    productsOf: async (skus) => {
      await ready()
      const both = `${indexes.products},${indexes.filling}`
      // No search waits for what is written to an index that is being filled.
      await remote.ask('POST', `/${both}/_refresh`, {
        query: { ignore_unavailable: true },
        timeoutMs: 30_000,
      })
      const found = new Map<string, readonly string[]>()
      // Of two versions the newer comes first.
      for await (const page of pages<{ skus: string[] }>({ terms: { skus } }, ['skus'], both))
        for (const { id, skus } of page) if (!found.has(id)) found.set(id, skus)
      return [...found].map(([productId, skus]) => ({ productId, skus }))
    },
    async *sold() {
      await ready()
      for await (const page of pages<{ skus: string[] }>({ range: { sold: { gt: 0 } } }, ['skus']))
        yield page.map(({ id, skus }) => ({ productId: id, skus }))
    },
    categories: async () => {
      await ready()
      const body = await remote.search(indexes.products, {
        size: 0,
        query: { term: { live: true } },
        aggs: { labels: { terms: { field: 'categoryLabels', size: 10_000 } } },
      })
      const { labels } = (body as { aggregations: { labels: { buckets: { key: string }[] } } }).aggregations
      return labels.buckets.map(({ key }) => {
        const [path, name] = split(key)
        return { path, name }
      })
    },
    async *inCategory({ path, name }) {
      const query = { term: { categoryLabels: `${path}${SEPARATOR}${name}` } }
      for await (const page of pages<{ version: number }>(query, ['version']))
        yield page.map(({ id, version }) => ({ productId: id, version }))
    },
  }

  async function keptSignals(documents: readonly EngineDocument[]): Promise<Map<string, object>> {
    const found = new Map<string, object>()
    for (let at = 0; at < documents.length; at += PAGE) {
      const { body } = await remote.ask('POST', `/${indexes.products}/_mget`, {
        query: { _source: 'available,sold' },
        body: { ids: documents.slice(at, at + PAGE).map(({ productId }) => productId) },
      })
      const { docs } = body as { docs: { _id: string; error?: PartError; _source?: object }[] }
      remote.whole(indexes.products, docs)
      for (const { _id, _source } of docs) if (_source) found.set(_id, _source)
    }
    return found
  }
}

/** One of several never is. */
const areTooMany = (refused: number, read: number): boolean =>
  refused > 0 && (refused >= read || refused > Math.max(1, read * REFUSED_SHARE))

/** Another rebuild has begun since, and the index of this one is gone. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp'
  constructor(cause: unknown) {
    super('another rebuild has begun', { cause })
  }
}

const analysisOf = ({ analysis }: CompiledSettings): string =>
  createHash('sha256').update(analysis).digest('hex').slice(0, 16)
