import type { Contract, Operation } from '@stoa/contract'
import type { ConfigSpec, Handler, ResourceStart, ServiceContext } from '@stoa/runtime'
import { type Batcher, createBatcher } from './batcher.ts'
import { KnownStock } from './known-stock.ts'
import type { ReserveRequest } from './plan.ts'
import { type ReserveAnswer, reserveMany } from './reserve-many.ts'

export type Needs = Readonly<Record<never, Contract>>
export type Config = Readonly<Record<never, ConfigSpec[string]>>

export type Resources = AsyncDisposable & {
  readonly known: KnownStock
  readonly reservations: Batcher<ReserveRequest, ReserveAnswer>
}

export type Context = ServiceContext<unknown, Needs, Config, Resources>
export type Handles<O extends Operation> = Handler<O, Context>

/** Some 10 ms of PostgreSQL's work: that is how long whoever comes next waits for its batch to start. */
const MAX_BATCH = 200
/** A quarter of a second's work at 20,000 reservations a second; whoever comes later is better told at once. */
const MAX_QUEUE = 5_000

export async function openResources({
  query,
  transaction,
}: ResourceStart<unknown, Config>): Promise<Resources> {
  const known = new KnownStock()
  const reservations = createBatcher<ReserveRequest, ReserveAnswer>({
    serve: (requests) => reserveMany(requests, { query, transaction, known }),
    keyOf: (request) => request.orderId,
    mayBeOnesFault,
    maxBatch: MAX_BATCH,
    maxQueue: MAX_QUEUE,
  })
  return { known, reservations, [Symbol.asyncDispose]: () => reservations[Symbol.asyncDispose]() }
}

/** SQLSTATE classes 22 (data exception), 23 (constraint violation) and 40 (deadlock: alone each holds fewer locks). */
const mayBeOnesFault = (error: unknown): boolean =>
  /^(2[23]|40)/.test(String((error as { code?: unknown } | null)?.code))
