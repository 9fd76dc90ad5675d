import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { fieldWords } from './field-words.ts'

const said = (schema: z.ZodType, input: unknown) =>
  schema.safeParse(input, { error: fieldWords }).error?.issues[0]?.message

for (const [schema, input, words] of [
  [z.string(), undefined, 'is missing'],
  [z.string(), 5, 'must be text'],
  [z.coerce.number(), 'abc', 'must be a number'],
  [z.int(), 1.5, 'must be a whole number'],
  [z.array(z.string()), 'a', 'must be a list'],
  [z.string().min(1), '', 'must not be empty'],
  [z.string().min(10), 'short', 'must have at least 10 characters'],
  [z.string().max(1), 'ab', 'must have at most 1 character'],
  [z.array(z.string()).min(1), [], 'must have at least 1 item'],
  [z.int().max(99), 100, 'must be at most 99'],
  [z.number().positive(), 0, 'must be more than 0'],
  [z.uuid(), 'nonsense', 'must be a UUID'],
  [z.email(), 'nonsense', 'must be a mail address'],
  [z.enum(['draft', 'published']), 'gone', 'must be one of draft, published'],
] as const)
  test(`a field that is wrong in this way ${words}`, () => {
    assert.equal(said(schema, input), words)
  })

test('what a schema says itself comes first', () => {
  assert.equal(said(z.string().regex(/^[A-Z]{2}$/, 'must be two letters'), 'Greece'), 'must be two letters')
})
