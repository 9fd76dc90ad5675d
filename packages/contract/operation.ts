import type { z } from 'zod'

/**
 * Who may call. `public`: anyone, with or without an account. `customer`: a signed-in customer. `staff`: a signed-in
 * member of staff who holds the operation's `permission`. `service`: other services only; never published at the edge.
 */
export type Access = 'public' | 'customer' | 'staff' | 'service'

export type ErrorSpec = {
  /** 301: the thing has another address, which its data names as `location`. */
  readonly status: 301 | 401 | 402 | 403 | 404 | 409 | 410 | 412 | 413 | 415 | 422 | 423 | 429 | 503
  /** One sentence for people; becomes the problem's `title`. */
  readonly title: string
  readonly data?: z.ZodType
}

export type Operation<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
  Errors extends Record<string, ErrorSpec> = Record<string, ErrorSpec>,
> = {
  /** One line for the reference at `/docs`. */
  readonly summary: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `{name}` segments are filled from the input; the rest travels as query (GET, DELETE) or JSON body. */
  readonly path: `/${string}`
  readonly access: Access
  /** `<service>:<verb>`; required for `staff`, absent otherwise. */
  readonly permission?: string
  /** One flat, strict object: a field it does not name is a 400. */
  readonly input: Input
  readonly output: Output
  readonly errors: Errors
  /** Status of a success. Default 200. */
  readonly status?: 200 | 201 | 202 | 204
  /**
   * What a repetition does. Absent on GET, required on all else.
   * `natural`: the operation itself guarantees that the same input changes nothing more (an id from the caller, a
   * put, a delete). `key`: the caller's `Idempotency-Key` header is required and the runtime remembers the answer for
   * 24 h per actor and operation; another body under the same key is refused with 422. `none`: repeating repeats
   * (a login); never retried by a client.
   */
  readonly idempotency?: 'natural' | 'key' | 'none'
  /**
   * The gateway may give a success again to everyone alike: only of a GET that is `public` and answers from its input and the
   * actor's customer group alone. `seconds` is a ceiling; events drop it earlier, and browsers ask each time. Absent: never.
   */
  readonly cache?: { readonly seconds: number }
  /**
   * `seconds`: the answer may be that far behind what has happened, for its reads may come from a replica. Of a GET alone, and of none
   * that shows its caller what he has just done: reports, exports, lists of what others do. Absent: the answer is of now.
   */
  readonly staleness?: 'seconds'
  /**
   * Input fields that travel as request headers: field -> header name in lower case. `if-match` carries the version that the
   * caller has read as an entity tag (`"7"`, RFC 9110) and fills an integer; a request without it is answered 428.
   */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * The string input field that receives the body as sent, unparsed (a webhook whose signature covers the bytes). The other
   * fields travel as a query.
   */
  readonly rawBody?: string
  /** The raw body is no text (a picture): its field receives it in base64. */
  readonly rawBytes?: boolean
  /** Names, in lower case, of the response headers a handler may set. */
  readonly responseHeaders?: readonly string[]
  /** Largest request body. Default 128 KiB. */
  readonly bodyLimitBytes?: number
  /** Time after which the caller gets a 504. Default 10,000 ms. */
  readonly deadlineMs?: number
}

export type Contract<
  Name extends string = string,
  Operations extends Record<string, Operation> = Record<string, Operation>,
> = {
  readonly name: Name
  readonly operations: Operations
  /**
   * Of the public API, from 2 on: how that version and later ones show some of the service's operations, under the same names. The edge
   * puts them into the words of the service's own contract. Absent: what the service serves, and what version 1 shows.
   */
  readonly apiVersion?: number
}

export type RequestOf<O extends Operation> = z.input<O['input']>
export type InputOf<O extends Operation> = z.output<O['input']>
export type OutputOf<O extends Operation> = z.output<O['output']>

export const operation = <
  Input extends z.ZodObject,
  Output extends z.ZodType,
  const Errors extends Record<string, ErrorSpec> = Record<never, never>,
>(
  spec: Omit<Operation<Input, Output, Errors>, 'errors'> & { readonly errors?: Errors },
): Operation<Input, Output, Errors> => {
  if (spec.staleness && spec.method !== 'GET') throw new Error(`${spec.path}: only a GET may be behind`)
  // Made again after an event, it could be without what the event told, and be kept.
  if (spec.staleness && spec.cache) throw new Error(`${spec.path}: what may be behind may not be kept`)
  return { ...spec, errors: spec.errors ?? ({} as Errors) }
}

export const contract = <const Name extends string, Operations extends Record<string, Operation>>(
  name: Name,
  operations: Operations,
  { apiVersion }: { readonly apiVersion?: number } = {},
): Contract<Name, Operations> => ({ name, operations, ...(apiVersion !== undefined && { apiVersion }) })
