import type { ConfigOf, EdgeHost } from '@stoa/runtime'
import { Counter, Gauge } from 'prom-client'
import type { config } from '../config.ts'
import { priorityOf, SHED_ORDER } from './priorities.ts'
import { createQueue } from './queue.ts'

/** Calls that leave here wait for their turn when there are too many. */
export function shed(
  host: EdgeHost,
  settings: Pick<ConfigOf<typeof config>, 'maxConcurrent' | 'maxWaiting'>,
): EdgeHost {
  const registers = [host.metrics]
  const refused = new Counter({
    name: 'gateway_shed_total',
    help: 'Calls that were refused because there were too many, by priority.',
    labelNames: ['priority'],
    registers,
  })
  const queue = createQueue({
    maxRunning: settings.maxConcurrent,
    maxWaiting: settings.maxWaiting,
    shed: (priority) => refused.inc({ priority }),
  })
  new Gauge({
    name: 'gateway_calls_running',
    help: 'Calls of services that run.',
    registers,
    collect() {
      this.set(queue.running())
    },
  })
  new Gauge({
    name: 'gateway_calls_waiting',
    help: 'Calls of services that wait for their turn, by priority.',
    labelNames: ['priority'],
    registers,
    collect() {
      for (const priority of SHED_ORDER) this.set({ priority }, queue.waiting(priority))
    },
  })
  return {
    ...host,
    send: (call) => queue.run(priorityOf(call.contract, call.name, call.operation), () => host.send(call)),
  }
}
