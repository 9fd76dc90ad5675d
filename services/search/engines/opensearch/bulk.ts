import { setTimeout as sleep } from 'node:timers/promises'
import { EngineAway } from '../engine.ts'
import { Refusals } from './refusals.ts'
import { isGone, type PartError, type Remote } from './remote.ts'

/** One thing to be done to one document. */
export type BulkItem = {
  readonly action: 'create' | 'update'
  readonly id: string
  readonly body: object
}

export type ItemResult = { readonly id: string; readonly status: number }

/** What one request carries at most: the node and this process hold it in memory. */
const ITEMS = 250
const CHARACTERS = 2_000_000
/** Between the tries of what the cluster does not take now; then it counts as away. 3 s in all. */
const PAUSES_MS = [100, 300, 800, 1_800]
/** No room for it now; or others wrote the same document between each of its looks and its write. */
const PASSING = [429, 409]
const TIMEOUT_MS = 30_000
/** Of the caller's event loop, before others have their turn. */
const TURN_MS = 2

export type BulkOptions = {
  /** An alias: after its index went, a write must not make a new one. */
  readonly index: string
  /** Resolve when searches see it. */
  readonly visible: boolean
  /** Statuses of an item that are no failure. */
  readonly accept: readonly number[]
  /** Requests at a time. With more than one, what stands later in the list may be written sooner. Default 1. */
  readonly atOnce?: number
}

/**
 * Writes any number of items in bounded requests, while the next one is being made. An item that the cluster does not take now is tried
 * again; one that it refuses is among the refusals, and the others are written. Throws `IndexGone` when the alias names none.
 */
export async function bulk(
  remote: Remote,
  items: AsyncIterable<BulkItem> | Iterable<BulkItem>,
  options: BulkOptions,
): Promise<{ results: ItemResult[]; refusals: Refusals }> {
  const { atOnce = 1, visible } = options
  const results: ItemResult[] = []
  const refusals = new Refusals()
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  let waiting: Line[] = []
  let characters = 0
  let requests = 0
  let turn = performance.now()
  const send = async (isLast: boolean) => {
    while (underWay.size >= atOnce) await Promise.race(underWay)
    if (failure) return
    const batch = waiting
    waiting = []
    characters = 0
    requests += 1
    // One request waits for the next refresh; many would wait for one each, and are shown together.
    const its: Promise<void> = write(batch, visible && isLast && requests === 1)
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => underWay.delete(its))
    underWay.add(its)
  }
  const write = async (batch: readonly Line[], waits: boolean) => {
    let rest = batch
    for (let attempt = 0; rest.length > 0; attempt += 1) {
      const { answered, reasons } = await request(remote, rest, options, waits)
      const again: Line[] = []
      answered.forEach((status, at) => {
        const one = rest[at]!
        if (status < 300 || options.accept.includes(status)) results.push({ id: one.id, status })
        else if (PASSING.includes(status) || status >= 500) again.push(one)
        else refusals.add({ id: one.id, reason: reasons[at]! })
      })
      rest = again
      if (rest.length === 0) return
      const pauseMs = PAUSES_MS[attempt]
      if (pauseMs === undefined) throw new EngineAway('the search cluster does not take what is written')
      await sleep(pauseMs)
    }
  }
  for await (const { action, id, body } of items) {
    const name = action === 'update' ? { _id: id, retry_on_conflict: 5 } : { _id: id }
    const lines = `${JSON.stringify({ [action]: name })}\n${JSON.stringify(body)}\n`
    if (waiting.length > 0 && (waiting.length >= ITEMS || characters + lines.length > CHARACTERS))
      await send(false)
    if (failure) break
    waiting.push({ id, lines })
    characters += lines.length
    if (performance.now() - turn > TURN_MS) {
      await new Promise(setImmediate)
      turn = performance.now()
    }
  }
  if (waiting.length > 0) await send(true)
  await Promise.all(underWay)
  if (failure) throw failure.error
  if (visible && requests > 1)
    await remote.ask('POST', `/${options.index}/_refresh`, { timeoutMs: TIMEOUT_MS })
  return { results, refusals }
}

type Line = { readonly id: string; readonly lines: string }

async function request(
  remote: Remote,
  batch: readonly Line[],
  { index }: BulkOptions,
  waits: boolean,
): Promise<{ answered: number[]; reasons: string[] }> {
  const { body } = await remote.ask('POST', `/${index}/_bulk`, {
    query: { require_alias: true, refresh: waits ? 'wait_for' : false },
    lines: batch.map(({ lines }) => lines).join(''),
    timeoutMs: TIMEOUT_MS,
  })
  const items = (body as { items: Record<string, { status: number; error?: PartError }>[] }).items
  const answers = items.map((one) => Object.values(one)[0]!)
  remote.whole(
    index,
    answers.filter(({ error }) => isGone(error)),
  )
  return {
    answered: answers.map(({ status }) => status),
    reasons: answers.map(({ error }) => error?.reason ?? ''),
  }
}
