import { type FieldError, type Operation, platformErrors, type Rejection } from '@stoa/contract'

/** RFC 9457 problem details. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  /** The code that the operation declares: what a program looks at. */
  readonly code: string
  /** Each field at fault, when the input was refused. */
  readonly fields?: readonly FieldError[]
  /** What the operation declares to say beside the code. */
  readonly data?: unknown
  readonly traceId?: string
}

/** After an outage that has no better guess. */
const RETRY_AFTER_SECONDS = 2

/** Of a status: whether each refusal of it comes with `Retry-After`. */
export const saysWhen = (status: number): boolean => status === 503 || status === 429

export function problemOf(
  operation: Operation | undefined,
  { code, data }: Rejection,
  traceId: string | undefined,
): { problem: Problem; headers: Record<string, string> } {
  const spec =
    operation?.errors[code] ?? platformErrors[code as keyof typeof platformErrors] ?? platformErrors.INTERNAL
  const known = operation?.errors[code] || code in platformErrors
  const headers: Record<string, string> = {}
  const retryAfter = (data as { retryAfterSeconds?: unknown } | undefined)?.retryAfterSeconds
  if (typeof retryAfter === 'number') headers['retry-after'] = String(Math.ceil(retryAfter))
  else if (saysWhen(spec.status)) headers['retry-after'] = String(RETRY_AFTER_SECONDS)
  const { location } = (data ?? {}) as { location?: unknown }
  if (spec.status === 301 && typeof location === 'string') headers.location = location
  // RFC 6750, section 3.
  if (spec.status === 401)
    headers['www-authenticate'] = code === 'UNAUTHENTICATED' ? 'Bearer error="invalid_token"' : 'Bearer'
  const name = known ? code : 'INTERNAL'
  return {
    headers,
    problem: {
      type: `urn:stoa:problem:${name.toLowerCase().replaceAll('_', '-')}`,
      title: spec.title,
      status: spec.status,
      code: name,
      ...(code === 'INVALID_INPUT'
        ? { fields: (data as { fields?: FieldError[] } | undefined)?.fields ?? [] }
        : {}),
      ...(code !== 'INVALID_INPUT' && known && data !== undefined ? { data } : {}),
      ...(traceId ? { traceId } : {}),
    },
  }
}
