import type { z } from 'zod'
import type { ErrorSpec, Operation } from './operation.ts'

/**
 * An expected "no". Its code is declared by the operation that lets it escape, or is one of `platformErrors`;
 * any other code is a bug and reaches the caller as INTERNAL.
 */
export class Rejection<Data = unknown> extends Error {
  override name = 'Rejection'
  readonly code: string
  readonly data: Data | undefined
  constructor(code: string, data?: Data) {
    super(code)
    this.code = code
    this.data = data
  }
}

/** `field` is a dotted path (`lines.0.quantity`), a header's or a path parameter's name. */
export type FieldError = { readonly field: string; readonly message: string }

/** The refusals that any operation may answer, with the status each maps to. */
export const platformErrors = {
  INVALID_INPUT: { status: 400, title: 'Some fields are not valid.' },
  UNAUTHENTICATED: {
    status: 401,
    title: 'Sign in first: the access token is missing, expired or not valid.',
  },
  FORBIDDEN: { status: 403, title: 'You do not have the permission that this needs.' },
  NOT_FOUND: { status: 404, title: 'There is nothing at this address.' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This address does not serve this method.' },
  IN_PROGRESS: { status: 409, title: 'The same request is still being worked on. Try again in a moment.' },
  PRECONDITION_REQUIRED: {
    status: 428,
    title: 'Send the version that you have read as If-Match: its ETag.',
  },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The request is larger than this address accepts.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'Send the body as application/json.' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'This Idempotency-Key was used for a different request.' },
  TOO_MANY_REQUESTS: { status: 429, title: 'Too many requests. Try again later.' },
  INTERNAL: {
    status: 500,
    title: 'Something went wrong on our side. Quote the trace id when you ask for help.',
  },
  UNAVAILABLE: {
    status: 503,
    title: 'A part of the shop is not available right now. Try again in a moment.',
  },
  TIMEOUT: {
    status: 504,
    title: 'This took too long. Repeat it with the same Idempotency-Key to learn its outcome.',
  },
} as const

/** The refusal that names each field at fault. */
export const invalidInput = (...fields: FieldError[]): Rejection<{ fields: FieldError[] }> =>
  new Rejection('INVALID_INPUT', { fields })

type ErrorData<Spec> = Spec extends { data: infer D extends z.ZodType } ? z.output<D> : undefined

/** Narrows a caught value to one declared rejection of one operation. */
export function isRejection<O extends Operation, Code extends keyof O['errors'] & string>(
  error: unknown,
  _operation: O,
  code: Code,
): error is Rejection<ErrorData<O['errors'][Code] extends ErrorSpec ? O['errors'][Code] : never>> & {
  readonly code: Code
} {
  return error instanceof Rejection && error.code === code
}
