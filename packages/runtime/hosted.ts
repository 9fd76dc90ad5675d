import type { Logger } from 'pino'
import type { Database } from './database.ts'
import type { Service, ServiceContext } from './service.ts'
import type { Trace } from './trace.ts'

export type { Database }

// biome-ignore lint/suspicious/noExplicitAny: each service sees its own context; the runtime passes it on
export type AnyContext = ServiceContext<any, any, any, any>

/** A service that lives in this process. */
export type HostedService = {
  readonly service: Service
  /** The contract's name, and the schema's. */
  readonly name: string
  readonly database: Database
  readonly log: Logger
  /**
   * A context for one reaction list, one job, or a republished page. With `inbox`, its transaction may be opened once and records
   * these rows in its settle statement; one that is recorded already makes it throw `AlreadyHandled`, rolled back.
   */
  readonly context: (options: {
    readonly trace: Trace
    readonly signal: AbortSignal
    /** The reaction or job, for logs and audit records. */
    readonly name?: string
    /** What its calls may take in all. Default 30 s. */
    readonly deadlineMs?: number
    readonly inbox?: { readonly reaction: string; readonly eventIds: readonly string[] }
  }) => AnyContext
}

/** An effect met events whose effect has committed before. */
export class AlreadyHandled extends Error {
  override name = 'AlreadyHandled'
}
