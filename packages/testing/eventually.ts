import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks again until the check neither throws nor answers `false`, and gives its answer. After `timeoutMs` of asking and
 * waiting it fails with what the check said last. A time in which the whole machine stood still hardly counts: what is
 * waited for stood still, too. It is therefore no measure of time: for one that is promised there is `withinOnce`.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 5_000 }: { timeoutMs?: number } = {},
): Promise<T> {
  let spentMs = 0
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
    const began = performance.now()
    const last = spentMs >= timeoutMs
    try {
      const answer = await check()
      if (answer !== false) return answer
      if (last) throw new Error(`was still false after ${timeoutMs} ms: ${check}`)
    } catch (error) {
      if (last) throw error
    }
    await sleep(pauseMs)
    // After a standstill everything is due at once: what has come by a timer or from the network goes first.
    await new Promise(setImmediate)
    spentMs += Math.min(performance.now() - began, LONGEST_ROUND_MS)
  }
}

/** More than a check and its pause take on a machine that moves. */
const LONGEST_ROUND_MS = 250
