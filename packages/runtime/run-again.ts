import { setTimeout as sleep } from 'node:timers/promises'
import { isRetryable } from './database-errors.ts'

/** In all: who loses three times in a row meets more than chance. */
const MAX_TRIES = 3

/**
 * Runs work that PostgreSQL rolls back as a whole when it fails, and runs it again after a deadlock or a serialization failure: at most
 * three times in all, and not once `isLate`.
 */
export async function runAgain<T>(work: () => Promise<T>, isLate: () => boolean = () => false): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isRetryable(error) || attempt === MAX_TRIES || isLate()) throw error
      await sleep(5 + Math.random() * 20 * attempt)
    }
  }
}
