/**
 * What a change of a JSON Schema means for those who were built against the schema before. Knows the keywords that Zod
 * writes; where two schemas differ in another way, it says that they differ.
 */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** What a contract promised of an operation when it was written down. */
export type LockedOperation = {
  method: string
  path: string
  access: string
  permission?: string | undefined
  status: number
  idempotency?: string | undefined
  headers?: Readonly<Record<string, string>> | undefined
  input: JsonSchema
  output: JsonSchema
  errors: Record<string, { status: number; data?: JsonSchema | undefined }>
}

/**
 * Why a change breaks somebody. Old callers send the old input and read the new output. The old output is read by the new contract:
 * a remembered answer, what a cache holds, an answer of a replica that is not updated yet.
 */
export function operationProblems(was: LockedOperation, is: LockedOperation): string[] {
  const problems: string[] = []
  for (const key of ['method', 'path', 'access', 'permission', 'status'] as const) {
    const opened = key === 'access' && is.access === 'public'
    if (was[key] !== is[key] && !opened) problems.push(`${key} was ${was[key]} and is ${is[key]}`)
  }
  if (is.idempotency === 'key' && was.idempotency !== 'key')
    problems.push('an Idempotency-Key is required now')
  for (const [field, header] of Object.entries(was.headers ?? {}))
    if (is.headers?.[field] !== header) problems.push(`the header ${header} no longer fills ${field}`)
  problems.push(...refusals(is.input, was.input, 'input'))
  problems.push(...problemsBothWays(was.output, is.output, 'output'))
  for (const [code, error] of Object.entries(was.errors)) {
    const now = is.errors[code]
    if (!now) continue
    if (now.status !== error.status) problems.push(`${code} was ${error.status} and is ${now.status}`)
    if (error.data && now.data) problems.push(...problemsBothWays(error.data, now.data, code))
    else if (error.data) problems.push(`${code} has lost its data`)
  }
  return problems
}

function outputProblems(was: JsonSchema, is: JsonSchema, path: string): string[] {
  const found = [...refusals(was, is, path), ...removedFields(was, is, path)]
  // A required field that is gone is found by both.
  return found.filter((problem) => {
    const [, field] = /^(\S+) is required by/.exec(problem) ?? []
    return field === undefined || !found.includes(`${field} is gone`)
  })
}

/** Why a change breaks somebody: the log holds events of the past, and a rolling update has readers of the past. */
export const eventProblems = (was: JsonSchema, is: JsonSchema): string[] =>
  problemsBothWays(was, is, 'payload')

const problemsBothWays = (was: JsonSchema, is: JsonSchema, path: string): string[] => [
  ...new Set([...outputProblems(was, is, path), ...refusals(is, was, path)]),
]

/**
 * Why a reader that was built for one schema refuses some of what a writer of the other may write. Empty: it reads all of it.
 * A reader passes over a field it does not know, unless its object is strict.
 */
export function refusals(reader: JsonSchema, writer: JsonSchema, path = ''): string[] {
  if (same(reader, writer) || isAnything(reader)) return []
  if (isAnything(writer)) return [`${at(path)} can be anything`]
  const writes = alternatives(writer)
  const reads = alternatives(reader)
  if (writes.length > 1 || reads.length > 1) return writes.flatMap((one) => refusalsOfAny(reads, one, path))
  return refusalsOfOne(reads[0]!, writes[0]!, path)
}

/** Fields that a writer no longer writes, at any depth. */
export function removedFields(before: JsonSchema, after: JsonSchema, path = ''): string[] {
  const was = properties(before)
  const is = properties(after)
  const own = Object.keys(was).flatMap((name) =>
    is[name] ? removedFields(was[name]!, is[name], join(path, name)) : [`${join(path, name)} is gone`],
  )
  return before.items && after.items
    ? [...own, ...removedFields(before.items as JsonSchema, after.items as JsonSchema, `${path}[]`)]
    : own
}

function refusalsOfAny(reads: JsonSchema[], one: JsonSchema, path: string): string[] {
  let fewest: string[] | undefined
  // Of several alternatives the nearest one tells most: the one of the same type with the fewest complaints.
  for (const read of reads.filter((read) => read.type === one.type || one.type === undefined)) {
    const found = refusals(read, one, path)
    if (found.length === 0) return []
    if (!fewest || found.length < fewest.length) fewest = found
  }
  return fewest ?? [`${at(path)} can be ${describe(one)}`]
}

function refusalsOfOne(reader: JsonSchema, writer: JsonSchema, path: string): string[] {
  const values = allowedValues(reader)
  if (values) {
    const written = allowedValues(writer)
    if (!written) return [`${at(path)} can be more than ${values.join(', ')}`]
    const unknown = written.filter((value) => !values.includes(value))
    return unknown.length > 0 ? [`${at(path)} can be ${unknown.join(', ')}`] : []
  }
  if (reader.type !== writer.type && !(reader.type === 'number' && writer.type === 'integer'))
    return [`${at(path)} is ${describe(writer)} for one side and ${describe(reader)} for the other`]
  if (allowedValues(writer)) return []
  const found = [...bounds(reader, writer, path)]
  if (reader.type === 'array')
    found.push(
      ...refusals((reader.items ?? {}) as JsonSchema, (writer.items ?? {}) as JsonSchema, `${path}[]`),
    )
  if (reader.type === 'object') found.push(...refusalsOfObject(reader, writer, path))
  return found
}

function refusalsOfObject(reader: JsonSchema, writer: JsonSchema, path: string): string[] {
  const read = properties(reader)
  const written = properties(writer)
  const always = required(writer)
  const found = required(reader)
    .filter((name) => !always.includes(name))
    .map((name) => `${join(path, name)} is required by one side and can be missing for the other`)
  for (const [name, schema] of Object.entries(written)) {
    if (read[name]) found.push(...refusals(read[name], schema, join(path, name)))
    else if (reader.additionalProperties === false) found.push(`${join(path, name)} is unknown to one side`)
  }
  if (isSchema(reader.additionalProperties) && isSchema(writer.additionalProperties)) {
    found.push(...refusals(reader.additionalProperties, writer.additionalProperties, `${path}{}`))
    found.push(
      ...refusals(
        (reader.propertyNames ?? {}) as JsonSchema,
        (writer.propertyNames ?? {}) as JsonSchema,
        `${path}'s keys`,
      ),
    )
  } else if (isSchema(reader.additionalProperties) !== isSchema(writer.additionalProperties))
    found.push(`${at(path)} is a record for one side and an object for the other`)
  return found
}

const UPPER = ['maxLength', 'maxItems', 'maxProperties', 'maximum', 'exclusiveMaximum']
const LOWER = ['minLength', 'minItems', 'minProperties', 'minimum', 'exclusiveMinimum']

function* bounds(reader: JsonSchema, writer: JsonSchema, path: string): Generator<string> {
  for (const keyword of UPPER) {
    const most = reader[keyword] as number | undefined
    if (most !== undefined && ((writer[keyword] as number | undefined) ?? Number.POSITIVE_INFINITY) > most)
      yield `${at(path)} can exceed ${keyword} ${most}`
  }
  for (const keyword of LOWER) {
    const least = reader[keyword] as number | undefined
    if (least !== undefined && ((writer[keyword] as number | undefined) ?? Number.NEGATIVE_INFINITY) < least)
      yield `${at(path)} can fall below ${keyword} ${least}`
  }
  for (const keyword of [
    'pattern',
    'format',
    'multipleOf',
    'prefixItems',
    'allOf',
    'contentEncoding',
    'not',
  ]) {
    if (reader[keyword] !== undefined && !same(reader[keyword], writer[keyword]))
      yield `${at(path)} has another ${keyword}`
  }
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const list = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined
  if (list) return list.flatMap(alternatives)
  return Array.isArray(schema.type) ? schema.type.map((type) => ({ ...schema, type })) : [schema]
}

/** Words for people, and what a reader fills in by itself, bind nobody. */
const UNBINDING = new Set(['$schema', 'description', 'title', 'default', 'examples'])

function isAnything(schema: JsonSchema): boolean {
  return Object.keys(schema).every((keyword) => UNBINDING.has(keyword))
}

function allowedValues(schema: JsonSchema): unknown[] | undefined {
  return 'const' in schema ? [schema.const] : (schema.enum as unknown[] | undefined)
}

function describe(schema: JsonSchema): string {
  return allowedValues(schema)?.join(', ') ?? String(schema.type ?? 'something else')
}

const properties = (schema: JsonSchema) => (schema.properties ?? {}) as Record<string, JsonSchema>
const required = (schema: JsonSchema) => (schema.required ?? []) as string[]
const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
const join = (path: string, name: string) => (path ? `${path}.${name}` : name)
const at = (path: string) => path || 'the whole'
