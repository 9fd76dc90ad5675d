import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@stoa/engines'
import { type Host, startHost } from '@stoa/runtime'
import { startChild } from './child.ts'
import { hop } from './hop/contract.ts'
import { hopService } from './hop/service.ts'
import { cpuMs } from './process-use.ts'
import { median } from './quantile.ts'
import type { Bench } from './section.ts'
import { INTERNAL_SECRET } from './shop.ts'
import { together } from './together.ts'

const CONCURRENCY = 8
const CALLS = 4_000
const ROUNDS = 3
/** Three lines of a cart: an answer of the size that a checkout passes on. */
const INPUT = {
  lines: Array.from({ length: 3 }, (_, index) => ({
    sku: `DESK-${index}-WALNUT`,
    quantity: 2,
    amountMinor: 14_900,
  })),
}

/** CPU of one call, in ms: what the way through another process costs on each side beyond the same call in process. */
export type HopCost = { readonly callerMs: number; readonly calleeMs: number; readonly inProcessMs: number }

/** This process calls a service that only answers, in another process and in this one, in turns. */
export async function measureHop(bench: Bench): Promise<HopCost> {
  await using database = await bench.createDatabase('hop')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const environment = { DATABASE_URL: database.url, INTERNAL_SECRET, LOG_LEVEL: 'error' }
  await using callee = await startChild('./hop/main.ts', {
    readyUrl: `${url}/readyz`,
    environment: { ...environment, INTERNAL_PORT: String(port) },
  })
  await using near = await startHost({ services: [hopService], environment, background: false })
  await using far = await startHost({
    services: [],
    environment: { ...environment, HOP_URL: url },
    background: false,
  })
  const measured = async (host: Host) => {
    const client = host.client(hop, { via: 'bench' })
    const start = { own: process.cpuUsage(), other: cpuMs(callee.pid) }
    await together({ times: CALLS, concurrency: CONCURRENCY }, () => client.echo(INPUT))
    const { user, system } = process.cpuUsage(start.own)
    return { ownMs: (user + system) / 1000 / CALLS, otherMs: (cpuMs(callee.pid) - start.other) / CALLS }
  }
  const rounds: { near: Awaited<ReturnType<typeof measured>>; far: Awaited<ReturnType<typeof measured>> }[] =
    []
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    rounds.push({ near: await measured(near), far: await measured(far) })
    await sleep(100)
  }
  const warm = rounds.slice(1)
  const inProcessMs = median(warm.map((round) => round.near.ownMs))
  return {
    inProcessMs,
    callerMs: median(warm.map((round) => round.far.ownMs)),
    // What the handler costs is paid there instead of here.
    calleeMs: median(warm.map((round) => round.far.otherMs)) - inProcessMs,
  }
}
