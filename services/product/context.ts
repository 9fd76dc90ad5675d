import type { Contract, Operation } from '@stoa/contract'
import { Currency } from '@stoa/contracts/money'
import { type ConfigSpec, type Handler, type ServiceContext, setting } from '@stoa/runtime'
import { isCurrency } from './currencies.ts'
import type { ImportWorker } from './imports/import-worker.ts'
import { mediaConfig } from './media/media-config.ts'
import type { MediaLibrary } from './media/media-library.ts'

export const config = {
  shopCurrency: setting(
    'SHOP_CURRENCY',
    Currency.refine(isCurrency, 'must be an ISO 4217 code').default('EUR'),
    'The currency of prices when a shopper names none (ISO 4217).',
  ),
  ...mediaConfig,
} as const satisfies ConfigSpec

export type Resources = AsyncDisposable & {
  readonly media: MediaLibrary
  readonly imports: ImportWorker
}

/** No table is typed for the query builder: every statement here is written by hand (most build the contract's JSON). */
export type Context = ServiceContext<unknown, Readonly<Record<never, Contract>>, typeof config, Resources>

export type Handles<O extends Operation> = Handler<O, Context>
