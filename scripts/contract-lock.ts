import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contract, EventType, Operation } from '@stoa/contract'
import { z } from 'zod'
import {
  eventProblems,
  type JsonSchema,
  type LockedOperation,
  operationProblems,
} from './contract-changes.ts'

/**
 * `contracts/contracts.lock.json` holds what the contracts promised when it was written. Fails when they say something
 * else now: what is compatible is written down with `--write`; what would break those who were built before is refused,
 * and belongs into a new operation, or a new version of the event beside the old one.
 *
 * `--write --breaking` gives the old promise up: only while nobody who is out there relies on it.
 */
type Lock = { operations: Record<string, LockedOperation>; events: Record<string, JsonSchema> }

const contractsDirectory = join(import.meta.dirname, '../contracts')
const lockFile = join(contractsDirectory, 'contracts.lock.json')

const write = process.argv.includes('--write')
const mayBreak = process.argv.includes('--breaking')
const after = await readContracts()
const before = readLock()

const { breaking, compatible } = compare(before ?? after, after)
if (breaking.length > 0 && !mayBreak) {
  fail([
    'These changes break those who were built against the contract as it was:',
    ...breaking.map((change) => `  ${change}`),
    'Add an operation, or an event of the next version, and keep the old one until its last user is gone.',
    'While nobody uses it yet: node scripts/bootstrap.mjs scripts/contract-lock.ts --write --breaking',
  ])
} else if (write) {
  writeFileSync(lockFile, `${JSON.stringify(after, null, 1)}\n`)
  for (const change of [...breaking, ...compatible]) console.log(change)
} else if (!before || compatible.length > 0) {
  fail([
    'contracts/contracts.lock.json does not hold what the contracts say:',
    ...compatible.map((change) => `  ${change}`),
    'All of it is compatible. To write it down: npm run check -- --write',
  ])
}

async function readContracts(): Promise<Lock> {
  const files = readdirSync(contractsDirectory).filter((file) => /^[a-z-]+\.ts$/.test(file))
  const modules = await Promise.all(
    files.map((file) => import(`@stoa/contracts/${file.replace(/\.ts$/, '')}`)),
  )
  const values = [...new Set(modules.flatMap((module) => Object.values<unknown>(module)))]
  const has = (value: unknown, key: string) => typeof value === 'object' && value !== null && key in value
  const operations = (values.filter((value) => has(value, 'operations')) as Contract[]).flatMap((contract) =>
    Object.entries(contract.operations).map(
      ([name, operation]) =>
        [
          `${contract.name}.${name}${contract.apiVersion === undefined ? '' : `@v${contract.apiVersion}`}`,
          lockOperation(operation),
        ] as const,
    ),
  )
  const events = (values.filter((value) => has(value, 'payload') && has(value, 'key')) as EventType[]).map(
    (event) => [`${event.name}@${event.version}`, jsonSchema(event.payload)] as const,
  )
  // Through JSON and back, so that it compares with what was read from the file.
  return JSON.parse(JSON.stringify({ operations: sorted(operations), events: sorted(events) }))
}

function lockOperation(operation: Operation): LockedOperation {
  const errors = Object.entries(operation.errors).map(
    ([code, { status, data }]) => [code, { status, data: data && jsonSchema(data) }] as const,
  )
  return {
    method: operation.method,
    path: operation.path,
    access: operation.access,
    permission: operation.permission,
    status: operation.status ?? 200,
    idempotency: operation.idempotency,
    headers: operation.headers,
    input: jsonSchema(operation.input),
    output: jsonSchema(operation.output),
    errors: sorted(errors),
  }
}

/** What stands on the wire: as a reader takes it, before defaults are filled in. */
function jsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return rest
}

function sorted<T>(entries: (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function readLock(): Lock | undefined {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
}

function compare(before: Lock, after: Lock): { breaking: string[]; compatible: string[] } {
  const breaking: string[] = []
  const compatible: string[] = []
  const all = (key: keyof Lock) => [...new Set([...Object.keys(before[key]), ...Object.keys(after[key])])]
  for (const name of all('operations')) {
    const was = before.operations[name]
    const is = after.operations[name]
    if (!was) compatible.push(`${name} is new`)
    else if (!is) breaking.push(`${name} is gone`)
    else if (!same(was, is)) {
      const problems = operationProblems(was, is)
      breaking.push(...problems.map((problem) => `${name}: ${problem}`))
      if (problems.length === 0) compatible.push(`${name} changed`)
    }
  }
  for (const name of all('events')) {
    const was = before.events[name]
    const is = after.events[name]
    if (!was) compatible.push(`${name} is new`)
    else if (!is) (hasSuccessor(name, after) ? compatible : breaking).push(`${name} is gone`)
    else if (!same(was, is)) {
      const problems = eventProblems(was, is)
      breaking.push(...problems.map((problem) => `${name}: ${problem}`))
      if (problems.length === 0) compatible.push(`${name} changed`)
    }
  }
  return { breaking, compatible }
}

function hasSuccessor(name: string, lock: Lock): boolean {
  const [event, version] = name.split('@')
  return Object.keys(lock.events).some((other) => {
    const [otherEvent, otherVersion] = other.split('@')
    return otherEvent === event && Number(otherVersion) > Number(version)
  })
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function fail(lines: string[]) {
  console.error(lines.join('\n'))
  process.exitCode = 1
}
