/** The body of an `error`, as https://docs.stripe.com/api/errors has it. */
export type ErrorBody = {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'
  message: string
  code?: string
  param?: string
  decline_code?: string
  advice_code?: string
  charge?: string
  doc_url?: string
  payment_method?: unknown
  payment_intent?: unknown
}

export class StripeError extends Error {
  readonly status: number
  readonly body: ErrorBody
  /**
   * Whether an idempotency key remembers this answer. Refusals of the parameters, of the key and of
   * the credentials come before the endpoint runs and are forgotten, as Stripe documents.
   */
  readonly remembered: boolean

  constructor({ status, body, remembered }: { status: number; body: ErrorBody; remembered: boolean }) {
    super(body.message)
    this.status = status
    this.remembered = remembered
    this.body = body.code === undefined ? body : { ...body, doc_url: documentationOf(body.code) }
  }
}

/** A refusal of what was asked, before anything ran. */
export function invalidRequest(
  body: Omit<ErrorBody, 'type'> & { status?: number; remembered?: boolean },
): StripeError {
  const { status = 400, remembered = false, ...rest } = body
  return new StripeError({ status, remembered, body: { ...rest, type: 'invalid_request_error' } })
}

/** A refusal that depends on the state of what was addressed. */
export function unacceptable(body: Omit<ErrorBody, 'type'>): StripeError {
  return invalidRequest({ ...body, remembered: true })
}

export function noSuch({ kind, id, param }: { kind: string; id: string; param: string }): StripeError {
  const message = `No such ${kind}: '${id}'`
  return invalidRequest({ status: 404, code: 'resource_missing', message, param, remembered: true })
}

export function documentationOf(code: string): string {
  return `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`
}
