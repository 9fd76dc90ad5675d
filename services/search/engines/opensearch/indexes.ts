import { v7 } from 'uuid'
import { EngineAway } from '../engine.ts'
import { allShards, RefusedByIndex, type Remote } from './remote.ts'
import { type IndexMeta, indexBody, REFRESH_INTERVAL, SCHEMA_VERSION } from './schema.ts'

/** Calls that change what indices there are wait for the whole cluster. */
const TIMEOUT_MS = 30_000
/** An index that has neither name after this long belongs to a rebuild that died before it gave it one. */
const NAMELESS_MS = 60_000
/** Values that are tried to reach each shard; the chance that one of 20 is missed is 1 in 10^21. */
const ROUTINGS = 1_000

export type Indexes = ReturnType<typeof openIndexes>

/**
 * The indices behind two names: `products` is searched, `filling` is the one that is being filled to take its place. Each write goes to
 * both names, so that whoever writes need not know what the names stand for at the moment, and the swap is one step of the cluster's.
 */
export function openIndexes(
  remote: Remote,
  {
    prefix,
    shards,
    replicas,
  }: { readonly prefix: string; readonly shards: number; readonly replicas: number },
) {
  const products = `${prefix}products`
  const filling = `${prefix}products-filling`
  const schema = `${products}-${SCHEMA_VERSION}`
  let routings: { readonly index: string; readonly values: readonly string[] } | undefined

  const admin = { timeoutMs: TIMEOUT_MS }
  /** The one index behind a name. */
  const behind = async (name: string): Promise<string | undefined> => {
    const { status, body } = await remote.ask('GET', `/_alias/${name}`, { accept: [404] })
    return status === 404 ? undefined : Object.keys(body as object)[0]
  }
  const metaOf = async (index: string): Promise<IndexMeta> => {
    const { body } = await remote.ask('GET', `/${index}/_mapping`)
    return Object.values(body as Record<string, { mappings: { _meta: IndexMeta } }>)[0]!.mappings._meta
  }
  const drop = (index: string) => remote.ask('DELETE', `/${index}`, { ...admin, accept: [404] })
  const count = async (index: string, query: object = { match_all: {} }): Promise<number> => {
    const { body } = await remote.ask('POST', `/${index}/_count`, { body: { query } })
    allShards(body)
    return (body as { count: number }).count
  }

  return {
    products,
    filling,
    count,

    /** What the searched index says of itself; makes an empty one where there is none. Two that make it at once make one. */
    present: async (analysis: string): Promise<IndexMeta> => {
      const there = await behind(products)
      if (there !== undefined) return metaOf(there)
      const meta: IndexMeta = { schema: SCHEMA_VERSION, analysis, complete: false }
      await remote
        .ask('PUT', `/${schema}-first`, {
          ...admin,
          body: { ...indexBody({ shards, replicas, meta, filling: false }), aliases: { [products]: {} } },
        })
        .catch((error: unknown) => {
          if (!(error instanceof RefusedByIndex && /already exists/.test(error.message))) throw error
        })
      return meta
    },

    setMeta: (index: string, meta: IndexMeta) =>
      remote.ask('PUT', `/${index}/_mapping`, { ...admin, body: { _meta: meta } }),

    isFilling: async (): Promise<boolean> =>
      (await remote.ask('HEAD', `/_alias/${filling}`, { accept: [404] })).status === 200,

    /** Routing values that lead to every shard once. `of`: the searched index, where the caller knows it. */
    routings: async (of?: string): Promise<NonNullable<typeof routings>> => {
      if (routings && (of === undefined || routings.index === of)) return routings
      const index = await behind(products)
      if (index === undefined) return { index: products, values: ['0'] }
      const found = new Map<number, string>()
      const { body } = await remote.ask('GET', `/${index}/_settings/index.number_of_shards`)
      const settings = Object.values(
        body as Record<string, { settings: { index: { number_of_shards: string } } }>,
      )[0]!
      const wanted = Number(settings.settings.index.number_of_shards)
      if (wanted === 1) found.set(0, '0')
      for (let at = 0; at < ROUTINGS && found.size < wanted; at += 1) {
        const answer = await remote.ask('GET', `/${index}/_search_shards`, { query: { routing: String(at) } })
        const [copy] = (answer.body as { shards: { shard: number }[][] }).shards[0]!
        if (!copy) throw new EngineAway('a shard of the search index does not answer')
        if (!found.has(copy.shard)) found.set(copy.shard, String(at))
      }
      routings = { index, values: [...found.values()] }
      return routings
    },

    /**
     * Makes an empty index and gives it the filling name; the one that had it is given up and goes. `own`: another name for it and no
     * other, under which nothing is written once it is gone. `tombstones`: that it has from the searched one.
     */
    begin: async (analysis: string): Promise<{ index: string; own: string; tombstones: number }> => {
      const index = `${schema}-${v7()}`
      const own = `${index}-own`
      const meta: IndexMeta = { schema: SCHEMA_VERSION, analysis, complete: false }
      await remote.ask('PUT', `/${index}`, {
        ...admin,
        body: { ...indexBody({ shards, replicas, meta, filling: true }), aliases: { [own]: {} } },
      })
      const before = await behind(filling)
      await remote.ask('POST', '/_aliases', {
        ...admin,
        body: {
          actions: [
            { remove: { index: `${products}-*`, alias: filling, must_exist: false } },
            { add: { index, alias: filling } },
          ],
        },
      })
      if (before !== undefined && before !== index) await drop(before)
      await dropNameless()
      // What was removed a moment ago must not come back by a document that was read before.
      const { body } = await remote.ask('POST', '/_reindex', {
        ...admin,
        query: { refresh: true },
        body: {
          conflicts: 'proceed',
          source: { index: products, query: { term: { live: false } } },
          dest: { index, op_type: 'create' },
        },
      })
      return { index, own, tombstones: (body as { created: number }).created }
    },

    /** Puts it in the place of the searched one, unless another has taken the filling name since. In one step: no search finds neither. */
    swap: async (index: string, analysis: string): Promise<boolean> => {
      if ((await behind(filling)) !== index) return false
      await remote.ask('PUT', `/${index}/_settings`, {
        ...admin,
        body: { index: { refresh_interval: REFRESH_INTERVAL } },
      })
      await remote.ask('PUT', `/${index}/_mapping`, {
        ...admin,
        body: { _meta: { schema: SCHEMA_VERSION, analysis, complete: true } satisfies IndexMeta },
      })
      const old = await behind(products)
      const { status } = await remote.ask('POST', '/_aliases', {
        ...admin,
        accept: [404, 400],
        body: {
          actions: [
            { remove: { index, alias: filling, must_exist: true } },
            { add: { index, alias: products } },
            ...(old === undefined ? [] : [{ remove_index: { index: old } }]),
          ],
        },
      })
      return status === 200
    },

    abandon: async (index: string): Promise<void> => {
      if ((await behind(products)) !== index) await drop(index)
    },

    destroy: async (): Promise<void> => {
      const { body } = await remote.ask('GET', `/${products}-*`, admin)
      for (const index of Object.keys(body as object)) await drop(index)
    },

    bytes: async (): Promise<number> => {
      const { body } = await remote.ask('GET', `/${products}/_stats/store`)
      return (body as { _all: { primaries: { store: { size_in_bytes: number } } } })._all.primaries.store
        .size_in_bytes
    },
  }

  async function dropNameless(): Promise<void> {
    const { body } = await remote.ask('GET', `/${products}-*`, admin)
    type Told = { aliases: object; settings: { index: { creation_date: string } } }
    for (const [index, { aliases, settings }] of Object.entries(body as Record<string, Told>)) {
      const age = Date.now() - Number(settings.index.creation_date)
      if (!(products in aliases) && !(filling in aliases) && age > NAMELESS_MS) await drop(index)
    }
  }
}
