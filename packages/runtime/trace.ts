import { randomFillSync } from 'node:crypto'

/** W3C Trace Context: where a piece of work stands in the journey that it belongs to. */
export type Trace = { readonly traceId: string; readonly spanId: string; readonly sampled: boolean }

// https://www.w3.org/TR/trace-context/#traceparent-header-field-values; a version after 00 may carry more fields.
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:(?<!^00-.*)-.*)?$/

export const newTrace = (): Trace => ({ traceId: hex(16), spanId: hex(8), sampled: true })

/** A new span within the same trace. */
export const childTrace = (parent: Trace): Trace => ({ ...parent, spanId: hex(8) })

/** Reads a `traceparent` header; undefined when it is absent or malformed. */
export function parseTraceparent(header: string | undefined): Trace | undefined {
  const match = header === undefined ? null : TRACEPARENT.exec(header)
  return match
    ? { traceId: match[1]!, spanId: match[2]!, sampled: (Number.parseInt(match[3]!, 16) & 1) === 1 }
    : undefined
}

export const formatTraceparent = ({ traceId, spanId, sampled }: Trace): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`

/** Random bytes are drawn some hundred ids at a time: a draw costs twenty times what an id does. */
const pool = Buffer.alloc(4_096)
let used = pool.length

function hex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}
