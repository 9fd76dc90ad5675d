import { Bytes, type Operation, platformErrors } from '@stoa/contract'
import { z } from 'zod'
import { saysWhen } from './problem.ts'
import { DEPRECATION_HEADERS, type PublicOperation } from './versions/versions.ts'

type Description = { readonly version: string; readonly serverUrl: string }

const problemSchema = {
  type: 'object',
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    fields: {
      type: 'array',
      items: { type: 'object', properties: { field: { type: 'string' }, message: { type: 'string' } } },
    },
    data: {},
    traceId: { type: 'string' },
  },
}

/** The OpenAPI 3.1 document of what one version of the public API shows. */
export function openApi(shown: readonly PublicOperation[], { version, serverUrl }: Description): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const one of shown) {
    const method = one.operation.method.toLowerCase()
    paths[one.path] = { ...paths[one.path], [method]: describe(one) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Stoa',
      version,
      description:
        'The shop. Amounts are integers in minor units. Creating calls take an `Idempotency-Key`: the same key is the same answer. ' +
        'Every refusal is `application/problem+json`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: serverUrl }],
    tags: [...new Set(shown.map(({ contract }) => contract.name))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An access token (JWT), or an API key (`stoa_...`).',
        },
      },
      headers: HEADERS,
      schemas: { Problem: problemSchema },
    },
  }
}

function describe({ contract, name, operation, deprecation }: PublicOperation): object {
  const schema = jsonSchema(operation.input, 'input') as {
    properties?: Record<string, object>
    required?: string[]
  }
  const inPath = new Set([...operation.path.matchAll(/\{(\w+)\}/g)].map(([, field]) => field!))
  const headers = operation.headers ?? {}
  const inQuery = operation.method === 'GET' || operation.method === 'DELETE'
  const required = new Set(schema.required)
  const parameters: object[] = []
  const body: Record<string, object> = {}
  for (const [field, fieldSchema] of Object.entries(schema.properties ?? {})) {
    if (inPath.has(field)) parameters.push({ name: field, in: 'path', required: true, schema: fieldSchema })
    else if (headers[field])
      parameters.push({
        name: headerCase(headers[field]),
        in: 'header',
        required: required.has(field),
        schema:
          headers[field] === 'if-match'
            ? { type: 'string', description: 'The ETag that was read: `"7"`' }
            : fieldSchema,
      })
    else if (field === operation.rawBody) continue
    else if (inQuery || operation.rawBody)
      parameters.push({ name: field, in: 'query', required: required.has(field), schema: fieldSchema })
    else body[field] = fieldSchema
  }
  if (operation.idempotency === 'key')
    parameters.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: true,
      schema: { type: 'string', minLength: 1, maxLength: 255 },
      description:
        'Names this intent: a repetition with the same key and body is the same answer for 24 hours.',
    })
  const bodyRequired = Object.keys(body).filter((field) => required.has(field))
  const hasBody = !inQuery && (Object.keys(body).length > 0 || operation.rawBody)
  return {
    operationId: `${contract.name}.${name}`,
    summary: operation.summary,
    ...(deprecation && { deprecated: true }),
    tags: [contract.name],
    ...describeWords(operation, deprecation),
    // What is public may still know who asks.
    security: operation.access === 'public' ? [{}, { bearer: [] }] : [{ bearer: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(hasBody
      ? {
          requestBody: {
            required: bodyRequired.length > 0,
            content: operation.rawBody
              ? { [operation.rawBytes ? '*/*' : 'application/json']: { schema: {} } }
              : {
                  'application/json': {
                    schema: {
                      type: 'object',
                      properties: body,
                      required: bodyRequired,
                      additionalProperties: false,
                    },
                  },
                },
          },
        }
      : {}),
    responses: responses(operation, deprecation !== undefined),
  }
}

function describeWords(operation: Operation, deprecation: PublicOperation['deprecation']): object {
  const words = [
    ...(operation.permission ? [`Permission: \`${operation.permission}\`.`] : []),
    ...(deprecation
      ? [`Deprecated: ${deprecation.why} Goes on until ${deprecation.sunset.toISOString().slice(0, 10)}.`]
      : []),
  ]
  return words.length > 0 ? { description: words.join(' ') } : {}
}

/** What quotas say of themselves (draft-ietf-httpapi-ratelimit-headers-11). */
const QUOTA_HEADERS = {
  'RateLimit-Policy': {
    schema: { type: 'string' },
    description:
      'The quotas that this request counts for, by comma: `"api-key";q=100;w=1`, its size and window in seconds. Of a 429 the one that is used up.',
  },
  RateLimit: {
    schema: { type: 'string' },
    description:
      'What is left of each, and in how many seconds all of it is there again: `"api-key";r=99;t=1`. Of a 429 the seconds until one more may follow.',
  },
}
const RETRY_HEADERS = {
  'Retry-After': { schema: { type: 'integer' }, description: 'In so many seconds it may be tried again.' },
}
const HEADERS = { ...QUOTA_HEADERS, ...RETRY_HEADERS, ...DEPRECATION_HEADERS }

const refer = (headers: Partial<typeof HEADERS>): object =>
  Object.fromEntries(Object.keys(headers).map((name) => [name, { $ref: `#/components/headers/${name}` }]))

function responses(operation: Operation, isDeprecated: boolean): object {
  const status = operation.status ?? 200
  const byStatus = new Map<number, string[]>()
  const refuse = (code: string, { status, title }: { status: number; title: string }) =>
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${title}`])
  refuse('INVALID_INPUT', platformErrors.INVALID_INPUT)
  refuse('TOO_MANY_REQUESTS', platformErrors.TOO_MANY_REQUESTS)
  refuse('UNAVAILABLE', platformErrors.UNAVAILABLE)
  if (operation.access !== 'public') refuse('UNAUTHENTICATED', platformErrors.UNAUTHENTICATED)
  if (operation.access === 'staff') refuse('FORBIDDEN', platformErrors.FORBIDDEN)
  if (operation.idempotency === 'key') refuse('IDEMPOTENCY_KEY_REUSED', platformErrors.IDEMPOTENCY_KEY_REUSED)
  if (Object.values(operation.headers ?? {}).includes('if-match'))
    refuse('PRECONDITION_REQUIRED', platformErrors.PRECONDITION_REQUIRED)
  for (const [code, spec] of Object.entries(operation.errors)) refuse(code, spec)
  const always = { ...QUOTA_HEADERS, ...(isDeprecated && DEPRECATION_HEADERS) }
  const headers = refer(always)
  const problem = {
    'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
  }
  return {
    [status]:
      status === 204
        ? { description: 'Done', headers }
        : {
            description: 'Done',
            headers,
            content:
              operation.output === Bytes
                ? { '*/*': { schema: {} } }
                : { 'application/json': { schema: jsonSchema(operation.output, 'output') } },
          },
    ...Object.fromEntries(
      [...byStatus].map(([refusal, codes]) => [
        refusal,
        {
          description: codes.join('\n\n'),
          headers: saysWhen(refusal) ? refer({ ...RETRY_HEADERS, ...always }) : headers,
          content: problem,
        },
      ]),
    ),
    default: { description: 'Any other refusal', headers, content: problem },
  }
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'throw' })
  return rest
}

const headerCase = (name: string): string =>
  name.replace(/(^|-)([a-z])/g, (_, dash, letter) => dash + letter.toUpperCase())
