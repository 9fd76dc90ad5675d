/** One call and two repetitions. */
export const MAX_ATTEMPTS = 3

/** The pause before the second attempt; it doubles, and is scattered between half and the whole of itself. */
const FIRST_PAUSE_MS = 300

export type AttemptOptions = {
  /** Whether the same call may succeed when it is made again. */
  readonly isTransient: (error: unknown) => boolean
  /** Ends the waiting: the caller has no time left. */
  readonly signal: AbortSignal
  readonly firstPauseMs?: number
}

/** Makes a call up to three times. Throws its last error, or the signal's reason when that comes first. */
export async function withAttempts<T>(
  call: () => Promise<T>,
  { isTransient, signal, firstPauseMs = FIRST_PAUSE_MS }: AttemptOptions,
): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => {})
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted()
      try {
        return await Promise.race([call(), aborted.promise])
      } catch (error) {
        if (signal.aborted || attempt === MAX_ATTEMPTS || !isTransient(error)) throw error
      }
      const pauseMs = firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
      let timer: NodeJS.Timeout | undefined
      const pause = new Promise((resolve) => {
        timer = setTimeout(resolve, pauseMs)
      })
      await Promise.race([pause, aborted.promise]).finally(() => clearTimeout(timer))
    }
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
