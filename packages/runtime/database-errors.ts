/** Whether an error says that the database (or the way to it) is away, rather than that we asked for something wrong. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') return OUTAGE_CODES.has(code) || /^(08|40|53|57P)/.test(code)
  return /timeout exceeded when trying to connect|timeout expired|Connection terminated|connection timeout|not queryable/.test(
    error.message,
  )
}

// https://www.postgresql.org/docs/18/errcodes-appendix.html: broken connections (08), deadlocks (40), too little of something (53),
// shutdowns (57P), cancelled statements, lock timeouts, idle transactions, a standby; and Node's own.
const OUTAGE_CODES = new Set([
  '57014',
  '55P03',
  '25P03',
  '25006',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/** Deadlock or serialization failure: the same transaction may succeed when it is run again. */
export const isRetryable = (error: unknown): boolean => {
  const code = (error as { code?: unknown } | null)?.code
  return code === '40001' || code === '40P01'
}
