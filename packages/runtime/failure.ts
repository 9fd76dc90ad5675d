import { Rejection } from '@stoa/contract'
import { isOutage } from './database-errors.ts'

/** Deepest chain of causes that is looked at. */
const MAX_CAUSES = 5

/**
 * Whether an error says that something needed is away (database, network, another service), so that the same work may well
 * succeed later without anybody's help; anything else is taken for a fault of the work itself.
 */
export function isPassing(error: unknown): boolean {
  let current = error
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    if (isOutage(current)) return true
    if (current instanceof Rejection) return PASSING_REJECTIONS.has(current.code)
    if (current.name === 'TimeoutError' || current.name === 'AbortError') return true
    const { code } = current as { code?: unknown }
    // undici: the connection to another process failed or ran out of time
    if (typeof code === 'string' && /^UND_ERR_(CONNECT|HEADERS|BODY|SOCKET|CLOSED)/.test(code)) return true
    // Kafka's client: its brokers are away, or do not take what they are given now.
    if (typeof code === 'string' && code.startsWith('PLT_KFK_')) return true
    current = current.cause
  }
  return false
}

const PASSING_REJECTIONS = new Set(['UNAVAILABLE', 'TIMEOUT', 'IN_PROGRESS', 'TOO_MANY_REQUESTS'])
