import type { Operation } from '@stoa/contract'
import { inventory } from '@stoa/contracts/inventory'
import { Currency } from '@stoa/contracts/money'
import { product } from '@stoa/contracts/product'
import {
  type ConfigSpec,
  type Handler,
  keptSecret,
  type ResourceStart,
  type ServiceContext,
  setting,
} from '@stoa/runtime'
import { Catalogue } from './catalogue.ts'
import { openEmbeddedEngine } from './engines/embedded/embedded-engine.ts'
import { Recorder } from './recorder.ts'
import { writeRecords } from './records.ts'
import { forgetReplica } from './replicas.ts'

export const needs = { product, inventory } as const

export const config = {
  shopCurrency: setting(
    'SHOP_CURRENCY',
    Currency.default('EUR'),
    'The currency of prices when a shopper names none (ISO 4217).',
  ),
} as const satisfies ConfigSpec

export type Resources = AsyncDisposable & {
  readonly catalogue: Catalogue
  readonly recorder: Recorder
  /** Of `follow-structure`: when (of `performance.now`) it may rebuild again unasked. */
  readonly rebuilds: {
    restUntil: number
    /** The index is gone, and help was asked for at this moment (of `performance.now`). */
    lost: { askedAt: number } | undefined
  }
  /** Known to this service alone, the same in every replica. */
  readonly secret: string
}

export type Context = ServiceContext<unknown, typeof needs, typeof config, Resources>
export type Handles<O extends Operation> = Handler<O, Context>

export async function openResources(start: ResourceStart<unknown, typeof config>): Promise<Resources> {
  const secret = await keptSecret(start.query, { schema: 'search', name: 'search-ids' })
  const catalogue = new Catalogue(openEmbeddedEngine)
  const recorder = new Recorder({ write: (records) => writeRecords(start.query, records), log: start.log })
  return {
    catalogue,
    recorder,
    rebuilds: { restUntil: 0, lost: undefined as { askedAt: number } | undefined },
    secret,
    [Symbol.asyncDispose]: async () => {
      await recorder[Symbol.asyncDispose]()
      await catalogue.close()
      await forgetReplica(start, catalogue.replicaId)
    },
  }
}
