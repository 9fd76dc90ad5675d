import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks again until the check neither throws nor answers `false`, and gives its answer. After `timeoutMs` it fails
 * with what the check said last.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 5_000 }: { timeoutMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
    const last = performance.now() >= deadline
    try {
      const answer = await check()
      if (answer !== false) return answer
      if (last) throw new Error(`was still false after ${timeoutMs} ms: ${check}`)
    } catch (error) {
      if (last) throw error
    }
    await sleep(pauseMs)
  }
}
