import { type DestinationStream, type Logger, pino } from 'pino'

/** Deepest chain of causes that is written. */
const MAX_CAUSES = 5

/**
 * JSON lines. Of an error only what helps is written: PostgreSQL's `detail` and `where` quote rows, mail servers quote addresses, and
 * HTTP clients carry their credentials.
 */
export const createLogger = (level: string, destination?: DestinationStream): Logger => {
  const options = { level, serializers: { err: (error: unknown) => describe(error) } }
  return destination ? pino(options, destination) : pino(options)
}

function describe(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code, constraint, table, cause } = error as Error & Record<string, unknown>
  return {
    type: error.name,
    message: error.message,
    code,
    constraint,
    table,
    stack: error.stack,
    ...(cause !== undefined && depth < MAX_CAUSES ? { cause: describe(cause, depth + 1) } : {}),
  }
}
