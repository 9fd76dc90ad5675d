import type { Operation } from '@stoa/contract'
import { inventory } from '@stoa/contracts/inventory'
import { Currency } from '@stoa/contracts/money'
import { product } from '@stoa/contracts/product'
import {
  type ConfigSpec,
  type Handler,
  HttpUrls,
  keptSecret,
  type ResourceStart,
  type ServiceContext,
  setting,
} from '@stoa/runtime'
import { z } from 'zod'
import { Catalogue } from './catalogue.ts'
import { openEmbeddedEngine } from './engines/embedded/embedded-engine.ts'
import { openOpenSearchEngine } from './engines/opensearch/opensearch-engine.ts'
import { CLUSTER_PAUSES } from './engines/opensearch/remote.ts'
import { noteMissedChanges } from './missed-changes.ts'
import { Recorder } from './recorder.ts'
import { writeRecords } from './records.ts'
import { forgetReplica } from './replicas.ts'
import { SharedCatalogue } from './shared-catalogue.ts'

export const needs = { product, inventory } as const

export const config = {
  shopCurrency: setting(
    'SHOP_CURRENCY',
    Currency.default('EUR'),
    'The currency of prices when a shopper names none (ISO 4217).',
  ),
  opensearchUrl: setting(
    'OPENSEARCH_URL',
    HttpUrls.optional(),
    'The nodes of an OpenSearch cluster that holds the search index for all processes, by comma. Elasticsearch is not supported: it lacks what the score is made of (decision 14). Absent: each process that hosts search holds the index itself.',
  ),
  opensearchPrefix: setting(
    'OPENSEARCH_PREFIX',
    z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,60}$/)
      .default('stoa-'),
    'Before the name of every index of this shop, for a cluster that others use as well.',
  ),
  opensearchShards: setting(
    'OPENSEARCH_SHARDS',
    z.coerce.number().int().min(1).max(64).default(1),
    'Primary shards of a search index that is built from now on.',
  ),
  opensearchReplicas: setting(
    'OPENSEARCH_REPLICAS',
    z.coerce.number().int().min(0).max(8).default(1),
    'Copies of each shard of a search index that is built from now on.',
  ),
  searchFallback: setting(
    'SEARCH_FALLBACK',
    z.enum(['embedded', 'none']).default('none'),
    'With OPENSEARCH_URL: `embedded` has each process hold an index of its own as well, which answers while the cluster is away. It costs its memory.',
  ),
} as const satisfies ConfigSpec

export type Resources = AsyncDisposable & {
  /** Of this process alone; filled only when `holds`. */
  readonly catalogue: Catalogue
  /** Whether this process holds an index of its own. */
  readonly holds: boolean
  /** The index of all processes, with OPENSEARCH_URL. */
  readonly shared: SharedCatalogue | undefined
  readonly recorder: Recorder
  /** Of `follow-structure`: when (of `performance.now`) it may rebuild again unasked. */
  readonly rebuilds: {
    restUntil: number
    /** The index is gone, and help was asked for at this moment (of `performance.now`). */
    lost: { askedAt: number } | undefined
    /** When (of `performance.now`) this process asked for the shared index to be filled. */
    askedAt: number | undefined
  }
  /** Known to this service alone, the same in every replica. */
  readonly secret: string
}

export type Context = ServiceContext<unknown, typeof needs, typeof config, Resources>
export type Handles<O extends Operation> = Handler<O, Context>

export async function openResources(start: ResourceStart<unknown, typeof config>): Promise<Resources> {
  const secret = await keptSecret(start.query, { schema: 'search', name: 'search-ids' })
  const { config } = start
  const shared =
    config.opensearchUrl === undefined
      ? undefined
      : new SharedCatalogue(
          openOpenSearchEngine({
            url: config.opensearchUrl,
            prefix: config.opensearchPrefix,
            shards: config.opensearchShards,
            replicas: config.opensearchReplicas,
            breaker: start.breaker('opensearch', hostsOf(config.opensearchUrl), CLUSTER_PAUSES),
          }),
        )
  if (!shared) await noteMissedChanges(start.query)
  const holds = !shared || config.searchFallback === 'embedded'
  const catalogue = new Catalogue(holds ? openEmbeddedEngine : () => shared!.engine)
  const recorder = new Recorder({ write: (records) => writeRecords(start.query, records), log: start.log })
  return {
    catalogue,
    holds,
    shared,
    recorder,
    rebuilds: { restUntil: 0, lost: undefined, askedAt: undefined },
    secret,
    [Symbol.asyncDispose]: async () => {
      await recorder[Symbol.asyncDispose]()
      await catalogue.close()
      await shared?.engine.close()
      // Those that share an index may have read it again since this process started.
      if (!shared) await noteMissedChanges(start.query).catch(() => {})
      await forgetReplica(start, catalogue.replicaId)
    },
  }
}

/** Without what nobody may read in metrics. */
const hostsOf = (urls: string): string =>
  urls
    .split(',')
    .map((url) => new URL(url.trim()).host)
    .join()
