import type { z } from 'zod'

/**
 * What is wrong with a field, as the end of a sentence that begins with its name: "quantity must be at most 99". For people,
 * where Zod's own words speak of types. What a schema says itself comes first; what is not known here is left to Zod.
 */
export function fieldWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${TYPES[issue.expected] ?? issue.expected}`
    case 'too_small':
      return issue.minimum === 1 && issue.origin === 'string'
        ? 'must not be empty'
        : bounded(issue.inclusive === false ? 'more than' : 'at least', issue.minimum, issue.origin)
    case 'too_big':
      return bounded(issue.inclusive === false ? 'less than' : 'at most', issue.maximum, issue.origin)
    case 'invalid_format':
      return FORMATS[issue.format]
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
    default:
      return undefined
  }
}

function bounded(relation: string, bound: number | bigint, origin: string): string {
  const things = THINGS[origin]
  return things
    ? `must have ${relation} ${bound} ${bound === 1 ? things[0] : things[1]}`
    : `must be ${relation} ${bound}`
}

/** What is counted when a bound is one of size. */
const THINGS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ['character', 'characters'],
  array: ['item', 'items'],
  object: ['entry', 'entries'],
  record: ['entry', 'entries'],
}
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}
const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'must be a UUID',
  email: 'must be a mail address',
  url: 'must be an address like https://example.com',
  datetime: 'must be a time like 2026-01-31T12:00:00Z',
}
