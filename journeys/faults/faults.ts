import { setTimeout as sleep } from 'node:timers/promises'
import type { Span } from './load.ts'
import { everyService, loneService, type Stand } from './stand.ts'

export type Fault = {
  readonly name: string
  /** Why this machine cannot have it. */
  readonly skip?: (stand: Stand) => string | false
  /** What people may be refused meanwhile: those who look around, those who buy. Without it they notice nothing. */
  readonly takesAway?: 'search' | 'checkout' | 'anything'
  /** Makes it and mends it again, within `seconds`, while shoppers shop, and tells the span when something is away. Says what it did. */
  readonly strike: (stand: Stand, seconds: number, span: Span) => Promise<string>
}

/** How long a thing is away, of the time that shoppers shop: there is a before and an after. */
const share = (seconds: number, part: number) => Math.max(1, Math.round(seconds * part)) * 1_000

export const faults: readonly Fault[] = [
  {
    name: 'nothing at all, to compare with',
    async strike(_, seconds) {
      await sleep(seconds * 1_000)
      return ''
    },
  },
  {
    name: 'kill -9 of a replica of each service in turn',
    takesAway: 'anything',
    async strike({ shop }, seconds) {
      const pauseMs = (seconds * 1_000) / (everyService.length + 1)
      for (const service of everyService) {
        const victim = shop.processes.find(({ services }) => services.includes(service))!
        await victim.kill()
        await Promise.all([sleep(pauseMs), victim.start()])
        await victim.ready()
      }
      return `${everyService.length} processes, each started again at once`
    },
  },
  {
    name: 'Kafka stopped and started',
    async strike({ engines }, seconds, span) {
      await sleep(share(seconds, 0.2))
      await engines.down(['kafka'])
      span.begin()
      await sleep(share(seconds, 0.3))
      span.end()
      await engines.up(['kafka'])
      return `away for ${share(seconds, 0.3) / 1_000} s and its start`
    },
  },
  {
    name: 'Redis stopped and started',
    async strike({ engines }, seconds, span) {
      await sleep(share(seconds, 0.2))
      await engines.down(['redis'])
      span.begin()
      await sleep(share(seconds, 0.3))
      span.end()
      await engines.up(['redis'])
      return `away for ${share(seconds, 0.3) / 1_000} s`
    },
  },
  {
    name: 'OpenSearch stopped and started',
    takesAway: 'search',
    async strike({ engines }, seconds, span) {
      await sleep(share(seconds, 0.2))
      await engines.down(['opensearch'])
      span.begin()
      await sleep(share(seconds, 0.3))
      span.end()
      await engines.up(['opensearch'])
      return `away for ${share(seconds, 0.3) / 1_000} s and its start`
    },
  },
  {
    name: 'PostgreSQL restarted',
    takesAway: 'anything',
    async strike({ postgres }, seconds, span) {
      await sleep(share(seconds, 0.2))
      await postgres.stop()
      span.begin()
      await sleep(2_000)
      span.end()
      await postgres.start()
      return 'away for 2 s and its start'
    },
  },
  {
    name: 'the payment gateway frozen',
    takesAway: 'checkout',
    async strike({ lines }, seconds, span) {
      await sleep(share(seconds, 0.2))
      await lines.gateway.stall()
      span.begin()
      await sleep(share(seconds, 0.3))
      span.end()
      await lines.gateway.heal()
      return `for ${share(seconds, 0.3) / 1_000} s nothing comes through, and no connection ends`
    },
  },
  {
    name: `${loneService} cut from Kafka, its connections open`,
    async strike({ lines }, seconds, span) {
      await sleep(share(seconds, 0.2))
      await lines.lone.stall()
      span.begin()
      await sleep(share(seconds, 0.4))
      span.end()
      await lines.lone.heal()
      return `both replicas, for ${share(seconds, 0.4) / 1_000} s`
    },
  },
  {
    name: 'slow lines and resets',
    takesAway: 'anything',
    async strike({ lines }, seconds) {
      const { postgres, lone, ...others } = lines
      const slow = async () => {
        await postgres.poison({ type: 'latency', attributes: { latency: 10 } })
        for (const line of [lone, ...Object.values(others)])
          await line.poison({ type: 'latency', attributes: { latency: 100 } })
      }
      const all = Object.values(lines)
      const until = performance.now() + seconds * 800
      let rounds = 0
      try {
        while (performance.now() < until) {
          await slow()
          // The share is drawn when a toxic comes: each round draws anew, also for connections that stay for hours.
          for (const line of all) await line.poison({ type: 'reset_peer', attributes: { timeout: 0 } }, 0.02)
          rounds += 1
          await sleep(Math.max(500, Math.min(2_000, until - performance.now())))
          for (const line of all) await line.heal()
        }
      } finally {
        for (const line of all) await line.heal()
      }
      return `20 ms there and back to PostgreSQL, 200 ms to all others; ${rounds} times 2 % of the connections reset`
    },
  },
  {
    name: 'the disk of the log full',
    skip: ({ logDisk }) => !logDisk && 'a small file system for the log needs root and mount',
    async strike({ logDisk, engines }, seconds, span) {
      await sleep(share(seconds, 0.2))
      await logDisk!.fill()
      span.begin()
      await sleep(share(seconds, 0.3))
      span.end()
      await logDisk!.free()
      // A broker ends when it cannot write to its only disk, which takes a while; whoever runs it starts it again.
      for (let looks = 0; looks < 3; looks += 1) {
        await engines.up(['kafka'])
        await sleep(2_000)
      }
      return `for ${share(seconds, 0.3) / 1_000} s; the broker ends, and is started when there is room`
    },
  },
]
