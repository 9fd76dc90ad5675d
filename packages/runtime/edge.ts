import type { Client, Contract, Operation } from '@stoa/contract'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Actor } from './actor.ts'
import type { ConfigOf, ConfigSpec } from './config.ts'
import type { JsonText } from './json-text.ts'
import type { Redis } from './redis.ts'
import type { Trace } from './trace.ts'

/** One call as it enters the platform from outside. */
export type EdgeCall = {
  readonly contract: Contract
  readonly name: string
  readonly operation: Operation
  readonly input: unknown
  readonly actor: Actor
  readonly address: string | undefined
  readonly idempotencyKey: string | undefined
  readonly trace: Trace
  readonly deadlineAt: number
  readonly signal: AbortSignal
}

export type Answer = {
  /** The contract's output, checked; `JsonText` when it was text already, `Content` when the contract promises bytes. */
  readonly output: unknown | JsonText
  readonly headers: Readonly<Record<string, string>>
}

/**
 * How a process is, by part: `ok`; `degraded: ` and why, for a part without which the process still answers its calls, slower or later
 * (a cache, the event log); anything else says what is wrong. `ok` is false only for the last.
 */
export type Health = { readonly ok: boolean; readonly checks: Readonly<Record<string, string>> }

const DEGRADED = 'degraded: '

/** A check's answer for a part without which the process still answers its calls. */
export const degraded = (why: string): string => `${DEGRADED}${why}`

/** What the public may know of a check: addresses and names are nobody's business there. */
export const publicCheck = (state: string): 'ok' | 'degraded' | 'waiting' =>
  state === 'ok' ? 'ok' : state.startsWith(DEGRADED) ? 'degraded' : 'waiting'

/** Puts the answers of all parts together. */
export const healthOf = (checks: Readonly<Record<string, string>>): Health => ({
  ok: Object.values(checks).every((state) => publicCheck(state) !== 'waiting'),
  checks,
})

/** What the platform offers to the one service that faces the public. */
export type EdgeHost = {
  /** Sends a call to wherever its service lives. Throws a `Rejection` for an expected no, any other error for the rest. */
  readonly send: (call: EdgeCall) => Promise<Answer>
  /** A typed client of the edge's own, for what only services may call. Nobody's actor and trace travel with it. */
  readonly client: <C extends Contract>(contract: C) => Client<C>
  readonly config: ConfigOf<ConfigSpec>
  /** What the service's `resources` opened: shared with its reactions. */
  readonly resources: object
  /** Present when `REDIS_URL` is. */
  readonly redis: Redis | undefined
  readonly log: Logger
  readonly metrics: Registry
  /** Whether other processes, and who looks at metrics, have a port of their own. */
  readonly hasInternalPort: boolean
  /** Whether this process can do its work: databases, reactions, jobs; not while it is stopping. Answers within about a second. */
  readonly ready: () => Promise<Health>
  /** Aborts when the process has stopped; what was accepted before is not cut short by the beginning of the end. */
  readonly signal: AbortSignal
}

export type Edge = {
  readonly url: string
  /** Stops accepting, lets what runs finish (bounded), closes. */
  readonly close: () => Promise<void>
}
