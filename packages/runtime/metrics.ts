import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Health } from './edge.ts'
import type { ReactionProgress } from './reactions.ts'

export type BackgroundMetrics = {
  readonly parkedEvents: Counter<'reaction'>
  readonly reactionSeconds: Histogram<'reaction'>
  readonly jobSeconds: Histogram<'job' | 'outcome'>
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** What background work is asked for when the metrics are read. */
export type BackgroundState = {
  readonly progress: () => ReadonlyMap<string, ReactionProgress>
  readonly logIsUp: () => boolean
  /** By service that this process relays, in ms. */
  readonly waiting: () => ReadonlyMap<string, number>
}

export function createBackgroundMetrics(
  registry: Registry,
  { progress, logIsUp, waiting }: BackgroundState,
): BackgroundMetrics {
  const registers = [registry]
  new Gauge({
    name: 'stoa_log_up',
    help: 'Whether the log takes appends and delivers, as far as this process knows: 1 or 0.',
    registers,
    collect() {
      this.set(logIsUp() ? 1 : 0)
    },
  })
  new Gauge({
    name: 'stoa_outbox_oldest_seconds',
    help: 'Age of the oldest that a service has committed and that is neither in the log nor with the job runner, told by the process that relays it; 0 when nothing waits. Alert above 60.',
    labelNames: ['service'],
    registers,
    collect() {
      this.reset()
      for (const [service, waitingMs] of waiting()) this.set({ service }, waitingMs / 1_000)
    },
  })
  new Gauge({
    name: 'stoa_reaction_lag',
    help: 'Events in the log that a reaction which runs here has not come to yet, in all the processes that share it.',
    labelNames: ['reaction'],
    registers,
    collect() {
      this.reset()
      for (const [reaction, { lag }] of progress()) this.set({ reaction }, lag)
    },
  })
  new Gauge({
    name: 'stoa_reaction_behind_seconds',
    help: 'Age of the oldest event that a reaction led by this process has in hand; 0 when it has none.',
    labelNames: ['reaction'],
    registers,
    collect() {
      this.reset()
      for (const [reaction, { behindMs }] of progress()) this.set({ reaction }, behindMs / 1_000)
    },
  })
  return {
    parkedEvents: new Counter({
      name: 'stoa_parked_events_total',
      help: 'Events that were parked because their reaction kept failing. Alert on any increase.',
      labelNames: ['reaction'],
      registers,
    }),
    reactionSeconds: new Histogram({
      name: 'stoa_reaction_seconds',
      help: 'Time from handing a list of events to a reaction until it is handled or parked.',
      labelNames: ['reaction'],
      buckets: SECONDS,
      registers,
    }),
    jobSeconds: new Histogram({
      name: 'stoa_job_seconds',
      help: 'Time that a job ran, by outcome.',
      labelNames: ['job', 'outcome'],
      buckets: SECONDS,
      registers,
    }),
  }
}

/** What `/readyz` says, to those who do not ask there: a process may well answer its metrics and nothing else. */
export function createReadyMetric(registry: Registry, ready: () => Promise<Health>): void {
  new Gauge({
    name: 'stoa_ready',
    help: 'Whether this process can do its work, as /readyz says, asked when this is read: 1 (ok, or degraded) or 0.',
    registers: [registry],
    async collect() {
      this.set((await ready()).ok ? 1 : 0)
    },
  })
}

/** One call between processes, as one side of it sees it. */
export type CallTimer = { readonly observe: (seconds: number) => void }
export type CallTimers = (call: {
  service: string
  operation: string
  side: 'caller' | 'callee'
}) => CallTimer

const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Timers of the calls between processes; each is looked up once, so that a call costs no more than its observation. */
export function createCallMetrics(registry: Registry): CallTimers {
  const seconds = new Histogram({
    name: 'stoa_call_seconds',
    help: 'Time of a call between processes: as the caller waits for it, all tries together, and as the callee works on it.',
    labelNames: ['service', 'operation', 'side'],
    buckets: CALL_SECONDS,
    registers: [registry],
  })
  return (call) => seconds.labels(call)
}
