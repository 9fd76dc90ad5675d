import { invalidInput, type Operation, Rejection } from '@stoa/contract'
import type { z } from 'zod'

type Request = {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/**
 * Gathers an operation's one flat input from path, query or body, and headers. A field has one place: sent in another it is refused.
 * Path and query carry text, so numbers and booleans are read from it as the contract says.
 */
export function requestReader(operation: Operation): (request: Request) => Record<string, unknown> {
  const shape = operation.input.shape as Record<string, z.ZodType>
  const pathFields = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  const headerFields = Object.entries(operation.headers ?? {})
  const elsewhere = new Set([...pathFields, ...headerFields.map(([field]) => field)])
  const inQuery = operation.method === 'GET' || operation.method === 'DELETE'
  const readers = new Map(Object.entries(shape).map(([name, schema]) => [name, textReader(schema)]))

  return (request) => {
    const input: Record<string, unknown> = {}
    const take = (source: object, read: (name: string, value: unknown) => unknown) => {
      for (const [name, value] of Object.entries(source)) {
        if (elsewhere.has(name))
          throw invalidInput({ field: name, message: 'is not a field of this request' })
        // A name like __proto__ stays a field like any other.
        Object.defineProperty(input, name, {
          value: read(name, value),
          enumerable: true,
          configurable: true,
          writable: true,
        })
      }
    }
    const asText = (name: string, value: unknown) => readers.get(name)?.(value) ?? value
    take(request.query as object, inQuery || operation.rawBody ? asText : refuseQuery)
    if (operation.rawBody) input[operation.rawBody] = rawBody(operation, request.body)
    else if (!inQuery) take(readJson(request), (_, value) => value)
    for (const name of pathFields)
      input[name] = asText(name, (request.params as Record<string, string>)[name])
    for (const [field, header] of headerFields) {
      const sent = request.headers[header]
      const value = Array.isArray(sent) ? sent[0] : sent
      if (header === 'if-match') input[field] = readEntityTag(value)
      else if (value !== undefined) input[field] = asText(field, value)
    }
    return input
  }
}

function rawBody({ rawBytes }: Operation, body: unknown): string {
  if (!Buffer.isBuffer(body)) return ''
  return body.toString(rawBytes ? 'base64' : 'utf8')
}

/** A version as it stands in an `ETag`. Anything else cannot be the tag of what is there (RFC 9110, 13.1.1). */
function readEntityTag(value: string | undefined): number {
  if (value === undefined) throw new Rejection('PRECONDITION_REQUIRED')
  const [, version] = /^"(\d{1,10})"$/.exec(value.trim()) ?? []
  if (version === undefined)
    throw invalidInput({ field: 'if-match', message: 'must be one strong entity tag, such as "7"' })
  return Number(version)
}

const refuseQuery = (name: string): never => {
  throw invalidInput({ field: name, message: 'belongs into the body' })
}

function readJson({ body, headers }: Request): object {
  if (!Buffer.isBuffer(body) || body.length === 0) return {}
  const type = headers['content-type']
  if (typeof type !== 'string' || !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type))
    throw new Rejection('UNSUPPORTED_MEDIA_TYPE')
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw invalidInput({ field: 'body', message: 'is not valid JSON' })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidInput({ field: 'body', message: 'must be a JSON object' })
  return value
}

/** How the text of a path segment, query parameter or header becomes a value of this schema; what does not fit stays text. */
function textReader(schema: z.ZodType): (value: unknown) => unknown {
  const inner = unwrap(schema)
  switch (inner.def.type) {
    case 'number':
      return (value) =>
        typeof value === 'string' && /^-?\d{1,20}(\.\d{1,20})?$/.test(value) ? Number(value) : value
    case 'boolean':
      return (value) => (value === 'true' ? true : value === 'false' ? false : value)
    case 'array': {
      const item = textReader((inner as z.ZodArray<z.ZodType>).element)
      return (value) => (Array.isArray(value) ? value : [value]).map(item)
    }
    default:
      return (value) => value
  }
}

function unwrap(schema: z.ZodType): z.ZodType {
  let at = schema
  while ('innerType' in at.def) at = at.def.innerType as z.ZodType
  return at
}
