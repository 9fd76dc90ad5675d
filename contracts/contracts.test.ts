import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { type Contract, type EventType, type Operation, platformErrors } from '@stoa/contract'
import { z } from 'zod'

/** What holds for every contract, whoever adds the next one. */
const { contracts, events } = await readContracts()
const operations = contracts.flatMap((contract) =>
  Object.entries(contract.operations).map(([name, operation]) => ({
    title: `${contract.name}.${name}${contract.apiVersion ? `@v${contract.apiVersion}` : ''}`,
    apiVersion: contract.apiVersion ?? 1,
    operation,
  })),
)

test('there are contracts to check', () => {
  assert.ok(contracts.length >= 8 && operations.length >= 40 && events.length >= 8)
})

test('no two operations share a method and a path', () => {
  const taken = new Map<string, string>()
  for (const { title, operation, apiVersion } of operations) {
    const address = `v${apiVersion} ${operation.method} ${operation.path.replaceAll(/\{\w+\}/g, '{}')}`
    assert.equal(taken.get(address), undefined, `${title} has the address of another: ${address}`)
    taken.set(address, title)
  }
})

for (const { title, operation, apiVersion } of operations) {
  describe(title, () => {
    test('speaks JSON', () => {
      for (const schema of [operation.input, operation.output]) assert.ok(jsonSchema(schema))
      for (const error of Object.values(operation.errors)) if (error.data) assert.ok(jsonSchema(error.data))
    })

    test('takes nothing without a bound', () => {
      assert.deepEqual(unbounded(jsonSchema(operation.input), 'input'), [])
    })

    test('says who may call it', () => {
      if (operation.access !== 'staff') return assert.equal(operation.permission, undefined)
      assert.match(operation.permission ?? '', /^[a-z]+:[a-z]+$/)
    })

    test('says what a repetition does, unless it only reads', () => {
      if (operation.method === 'GET') assert.equal(operation.idempotency, undefined)
      else assert.ok(operation.idempotency)
    })

    test('of a later version of the public API is one that its service has, for the same callers', () => {
      if (apiVersion === 1) return
      const own = operations.find((one) => one.title === title.split('@')[0])?.operation
      assert.ok(own, 'there is none of this name')
      for (const key of ['access', 'permission', 'idempotency'] as const)
        assert.equal(operation[key], own[key])
    })

    test('is given again only where it says the same to all', () => {
      if (!operation.cache) return
      assert.equal(operation.method, 'GET')
      assert.equal(operation.access, 'public')
      assert.equal(operation.status ?? 200, 200)
      assert.equal(operation.responseHeaders, undefined)
      assert.ok(operation.cache.seconds >= 1 && operation.cache.seconds <= 3600)
      const secrets = Object.keys(operation.input.shape).filter((field) =>
        /token|password|secret/i.test(field),
      )
      assert.deepEqual(secrets, [])
    })

    test('finds every path parameter and header in its input', () => {
      const { properties = {}, required = [] } = jsonSchema(operation.input)
      for (const name of pathParameters(operation)) {
        assert.ok(required.includes(name), `{${name}} is not required by the input`)
        assert.notEqual(properties[name]?.type, 'object')
      }
      for (const [field, header] of Object.entries(operation.headers ?? {})) {
        assert.ok(properties[field], `the header ${header} fills ${field}, which the input does not have`)
        assert.equal(header, header.toLowerCase())
      }
      if (operation.rawBody) assert.equal(properties[operation.rawBody]?.type, 'string')
    })

    test('takes flat fields where they travel as a query', () => {
      if (operation.method !== 'GET' && operation.method !== 'DELETE') return
      for (const [name, field] of Object.entries(jsonSchema(operation.input).properties ?? {}))
        assert.ok(isFlat(field), `${name} cannot stand in a query`)
    })

    test('gives its errors codes that mean one thing', () => {
      for (const [code, error] of Object.entries(operation.errors)) {
        assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
        const platform = platformErrors[code as keyof typeof platformErrors]
        if (platform)
          assert.equal(error.status, platform.status, `${code} is the platform's, with another status`)
      }
    })
  })
}

for (const event of events) {
  describe(`${event.name}@${event.version}`, () => {
    test('is a fact of a service, as JSON', () => {
      assert.match(event.name, /^[a-z]+\.[a-z]+(-[a-z]+)*$/)
      assert.ok(contracts.some((contract) => contract.name === event.name.split('.')[0]))
      assert.ok(jsonSchema(event.payload))
    })

    test('carries no personal data', () => {
      const personal = /mail$|^phone|^name$|^street|address/i
      const fields = fieldNames(jsonSchema(event.payload)).filter((field) => personal.test(field))
      assert.deepEqual(fields, [])
    })
  })
}

test('two events of one name are two versions', () => {
  const names = events.map((event) => `${event.name}@${event.version}`)
  assert.deepEqual(names, [...new Set(names)])
})

type JsonSchema = {
  type?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  propertyNames?: JsonSchema
  maxProperties?: number
  items?: JsonSchema
  maxItems?: number
  maxLength?: number
  pattern?: string
  enum?: unknown[]
  const?: unknown
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
}

async function readContracts(): Promise<{ contracts: Contract[]; events: EventType[] }> {
  const files = readdirSync(import.meta.dirname).filter((file) => /^[a-z-]+\.ts$/.test(file))
  const modules = await Promise.all(files.map((file) => import(`./${file}`)))
  const values = new Set(modules.flatMap((module) => Object.values<unknown>(module)))
  const has = (value: unknown, key: string) => typeof value === 'object' && value !== null && key in value
  return {
    contracts: [...values].filter((value) => has(value, 'operations')) as Contract[],
    events: [...values].filter((value) => has(value, 'payload') && has(value, 'key')) as EventType[],
  }
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input' }) as JsonSchema
}

/** Where a caller could send any number of anything. */
function unbounded(schema: JsonSchema, path: string): string[] {
  if (schema.enum || schema.const !== undefined) return []
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  const inParts = parts.flatMap((part) => unbounded(part, path))
  switch (schema.type) {
    case 'object':
      return [...unboundedObject(schema, path), ...inParts]
    case 'array':
      if (schema.maxItems === undefined) inParts.push(`${path}: an array without maxItems`)
      return [...inParts, ...unbounded(schema.items ?? {}, `${path}[]`)]
    case 'string':
      if (schema.maxLength === undefined && !isBounded(schema.pattern))
        inParts.push(`${path}: a string of any length`)
      return inParts
    case 'integer':
    case 'number': {
      const low = schema.minimum ?? schema.exclusiveMinimum ?? Number.NEGATIVE_INFINITY
      const high = schema.maximum ?? schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY
      // Zod's own bounds of an integer are those of a Number.
      if (low <= Number.MIN_SAFE_INTEGER || high >= Number.MAX_SAFE_INTEGER)
        inParts.push(`${path}: a number without bounds`)
      return inParts
    }
    case 'boolean':
    case 'null':
      return inParts
    default:
      return parts.length > 0 ? inParts : [`${path}: anything at all`]
  }
}

function unboundedObject(schema: JsonSchema, path: string): string[] {
  const found = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    unbounded(property, `${path}.${name}`),
  )
  if (typeof schema.additionalProperties === 'object') {
    // A refinement is not seen in the schema: one that bounds a record says so with `.meta({ maxProperties })`.
    if (schema.maxProperties === undefined) found.push(`${path}: a record of any size`)
    found.push(...unbounded(schema.propertyNames ?? { type: 'string' }, `${path}'s keys`))
    found.push(...unbounded(schema.additionalProperties, `${path}{}`))
  } else if (schema.additionalProperties !== false) found.push(`${path}: an object that is not strict`)
  return found
}

/** Anchored, and nothing in it repeats without end. */
function isBounded(pattern: string | undefined): boolean {
  if (!pattern?.startsWith('^') || !pattern.endsWith('$')) return false
  const repeats = pattern.replaceAll(/\\./g, '').replaceAll(/\[[^\]]*\]/g, '')
  return !/[*+]|\{\d+,\}/.test(repeats)
}

function isFlat(field: JsonSchema): boolean {
  const parts = field.anyOf ?? field.oneOf
  if (parts) return parts.every(isFlat)
  if (field.type === 'array') return field.items !== undefined && isScalar(field.items)
  return isScalar(field)
}

function isScalar(field: JsonSchema): boolean {
  return (
    ['string', 'integer', 'number', 'boolean'].includes(field.type ?? '') ||
    field.enum !== undefined ||
    field.const !== undefined
  )
}

function pathParameters(operation: Operation): string[] {
  return [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
}

function fieldNames(schema: JsonSchema): string[] {
  const own = Object.entries(schema.properties ?? {})
  return own
    .flatMap(([name, property]) => [name, ...fieldNames(property)])
    .concat(schema.items ? fieldNames(schema.items) : [])
}
