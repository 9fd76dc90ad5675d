import type { z } from 'zod'
import type { Contract, Operation } from './operation.ts'

export type ClientCallOptions = {
  readonly signal?: AbortSignal
  /** Required by operations whose `idempotency` is `key`. */
  readonly idempotencyKey?: string
}

/** A typed client for a contract: the same shape whether the service runs here or across the network. */
export type Client<C extends Contract> = {
  readonly [K in keyof C['operations']]: (
    input: z.input<C['operations'][K]['input']>,
    options?: ClientCallOptions,
  ) => Promise<z.output<C['operations'][K]['output']>>
}

/** Carries one call to wherever the service lives, and brings back its parsed output or throws a `Rejection`. */
export type Send = (
  call: { contract: Contract; name: string; operation: Operation; input: unknown },
  options: ClientCallOptions,
) => Promise<unknown>

export function createClient<C extends Contract>(contract: C, send: Send): Client<C> {
  const client: Record<string, unknown> = {}
  for (const [name, operation] of Object.entries(contract.operations)) {
    client[name] = (input: unknown, options: ClientCallOptions = {}) =>
      send({ contract, name, operation, input }, options)
  }
  return client as Client<C>
}
