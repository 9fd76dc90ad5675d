/** More is waiting than will be done in time. */
export class QueueFull extends Error {
  override name = 'QueueFull'
}

export type WorkQueue = {
  /** Runs `work` when its turn has come. Throws `QueueFull` at once when too many wait. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>
}

/** Work in the order of its coming, so much of it at once. */
export function workQueue({
  concurrency,
  maxWaiting,
}: {
  concurrency: number
  maxWaiting: number
}): WorkQueue {
  const waiting: (() => void)[] = []
  let running = 0
  return {
    run: async (work) => {
      if (running < concurrency) running += 1
      else if (waiting.length >= maxWaiting) throw new QueueFull()
      // The place of the one that ends is handed over, so that nobody who comes meanwhile takes it.
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else running -= 1
      }
    },
  }
}
