import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { startHost } from '@stoa/runtime'
import { facts } from './facts/contract.ts'
import { factsService, type Times } from './facts/service.ts'
import { quantile } from './quantile.ts'
import { type Bench, bounded, type Figure, number, type Section } from './section.ts'

const PER_SECOND = 200
const WARM_UP_S = 2
const MEASURED_S = 20
const HEARD_WITHIN_MS = 10_000

/** From a commit's return to the end of the transaction of who hears of it. */
export const reactions: Section = {
  name: 'reactions',
  always: true,
  run: async (bench) => [
    await commitToReaction(bench, {
      name: 'Commit to reaction: p99',
      database: 'reactions',
      perSecond: PER_SECOND,
    }),
  ],
}

/** The same over any log: that of `environment`. */
export async function commitToReaction(
  bench: Bench,
  options: {
    readonly name: string
    readonly database: string
    readonly perSecond: number
    readonly environment?: Readonly<Record<string, string>>
  },
): Promise<Figure> {
  const { name, perSecond, environment } = options
  await using database = await bench.createDatabase(options.database)
  const times: Times = { toldAt: new Map(), heardAt: new Map() }
  await using host = await startHost({
    services: [factsService(times)],
    environment: { DATABASE_URL: database.url, LOG_LEVEL: 'error', ...environment },
  })
  const { tell } = host.client(facts, { via: 'bench' })
  const warmUp = WARM_UP_S * perSecond
  const measured = MEASURED_S * perSecond
  const total = warmUp + measured
  const startedAt = performance.now()
  const told: Promise<unknown>[] = []
  // By the clock, whether answers come or not: who waits for an answer before the next one hides every delay.
  for (let next = 0; next < total; next += 1) {
    const dueInMs = startedAt + (next * 1000) / perSecond - performance.now()
    if (dueInMs > 0) await sleep(dueInMs)
    told.push(tell({ number: next }))
  }
  await Promise.all(told)
  const rate = total / ((performance.now() - startedAt) / 1000)
  const deadline = performance.now() + HEARD_WITHIN_MS
  while (times.heardAt.size < total && performance.now() < deadline) await sleep(20)
  assert.equal(times.heardAt.size, total, 'some facts were not heard')
  const tookMs = Array.from(
    { length: measured },
    (_, index) => times.heardAt.get(warmUp + index)! - times.toldAt.get(warmUp + index)!,
  )
  return bounded(
    name,
    quantile(tookMs, 0.99),
    'ms',
    { atMost: 250 },
    `p50 ${number(quantile(tookMs, 0.5))} ms at ${number(rate)} events/s`,
  )
}
