import { Rejection } from '@stoa/contract'
import { type Priority, SHED_ORDER } from './priorities.ts'

/** Longer than this nobody waits for their turn: an answer that comes later helps less than a 503 now. */
const MAX_WAIT_MS = 1_000
/** Shares of what runs at once, each with what is below it: slow reports never take the room of a checkout. */
const SHARES = { browse: 0.8, analytics: 0.3 }

type Waiting = {
  readonly priority: Priority
  readonly start: () => void
  readonly refuse: () => void
}

export type PriorityQueue = {
  /** Runs `work` when it is its turn. Throws UNAVAILABLE when it is not within a second, or another has the better claim to its place. */
  readonly run: <T>(priority: Priority, work: () => Promise<T>) => Promise<T>
  readonly running: () => number
  readonly waiting: (priority: Priority) => number
}

/**
 * So many at once, and so many that wait. When no place is left, the one that came last of the lowest priority below the newcomer's goes; without
 * such a one, the newcomer.
 */
export function createQueue({
  maxRunning,
  maxWaiting,
  shed,
}: {
  maxRunning: number
  maxWaiting: number
  /** Is told of each that is refused. */
  shed: (priority: Priority) => void
}): PriorityQueue {
  const queues: Record<Priority, Set<Waiting>> = {
    checkout: new Set(),
    browse: new Set(),
    analytics: new Set(),
  }
  const running: Record<Priority, number> = { checkout: 0, browse: 0, analytics: 0 }
  const most = {
    browse: Math.max(1, Math.floor(maxRunning * SHARES.browse)),
    analytics: Math.max(1, Math.floor(maxRunning * SHARES.analytics)),
  }
  const all = () => running.checkout + running.browse + running.analytics
  const waiting = () => queues.checkout.size + queues.browse.size + queues.analytics.size

  const mayStart = (priority: Priority): boolean => {
    if (all() >= maxRunning) return false
    if (priority === 'checkout') return true
    // Looking and counting together leave room for a checkout, and counting alone leaves room for looking.
    if (running.browse + running.analytics >= most.browse) return false
    return priority === 'browse' || running.analytics < most.analytics
  }
  const next = (): void => {
    for (const priority of SHED_ORDER.toReversed()) {
      for (const one of queues[priority]) {
        if (!mayStart(priority)) break
        one.start()
      }
    }
  }
  const makeRoomFor = (priority: Priority): boolean => {
    if (waiting() < maxWaiting) return true
    for (const lower of SHED_ORDER) {
      if (lower === priority) return false
      const last = [...queues[lower]].at(-1)
      if (!last) continue
      last.refuse()
      return true
    }
    return false
  }

  const turn = (priority: Priority): Promise<void> => {
    if (queues[priority].size === 0 && mayStart(priority)) {
      running[priority] += 1
      return Promise.resolve()
    }
    if (!makeRoomFor(priority)) {
      shed(priority)
      return Promise.reject(new Rejection('UNAVAILABLE'))
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        queues[priority].delete(one)
      }
      const refuse = () => {
        leave()
        shed(priority)
        reject(new Rejection('UNAVAILABLE'))
      }
      const timer = setTimeout(refuse, MAX_WAIT_MS)
      const one: Waiting = {
        priority,
        refuse,
        start: () => {
          leave()
          running[priority] += 1
          resolve()
        },
      }
      queues[priority].add(one)
    })
  }

  return {
    run: async (priority, work) => {
      await turn(priority)
      try {
        return await work()
      } finally {
        running[priority] -= 1
        next()
      }
    },
    running: all,
    waiting: (priority) => queues[priority].size,
  }
}
