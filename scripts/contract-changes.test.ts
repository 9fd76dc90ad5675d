import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import {
  eventProblems,
  type JsonSchema,
  type LockedOperation,
  operationProblems,
  refusals,
  removedFields,
} from './contract-changes.ts'

const json = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as JsonSchema

/** What a reader of the second schema refuses of a writer of the first. */
const widened = (before: z.ZodType, after: z.ZodType) => refusals(json(after), json(before))

describe('a reader takes all that was written before when', () => {
  const before = z.strictObject({ sku: z.string().max(10), quantity: z.int().min(1).max(9) })
  const cases: [string, z.ZodType][] = [
    ['nothing changed', before],
    ['an optional field was added', before.extend({ note: z.string().optional() })],
    ['a field with a default was added', before.extend({ note: z.string().default('') })],
    ['a required field became optional', before.partial()],
    ['a bound became wider', before.extend({ sku: z.string().max(20), quantity: z.int().min(0).max(9) })],
    ['null became possible', before.extend({ quantity: z.int().min(1).max(9).nullable() })],
    ['a pattern was dropped', before.extend({ sku: z.string() })],
  ]
  for (const [title, after] of cases) test(title, () => assert.deepEqual(widened(before, after), []))

  test('another value became possible', () =>
    assert.deepEqual(widened(z.enum(['a']), z.enum(['a', 'b'])), []))
})

describe('a reader refuses what was written before, and says where, when', () => {
  const before = z.strictObject({
    sku: z.string().max(10),
    note: z.string().nullable(),
    lines: z.array(z.strictObject({ quantity: z.int().min(0).max(9) })).max(9),
    status: z.enum(['open', 'closed']),
  })
  const cases: [string, z.ZodType, string][] = [
    ['a required field was added', before.extend({ more: z.int() }), 'more is required'],
    ['a field was removed', before.omit({ sku: true }), 'sku is unknown'],
    ['a bound became tighter', before.extend({ sku: z.string().max(9) }), 'sku can exceed maxLength 9'],
    [
      'a pattern was added',
      before.extend({ sku: z.string().max(10).regex(/^a/) }),
      'sku has another pattern',
    ],
    ['null is no longer possible', before.extend({ note: z.string() }), 'note can be null'],
    ['a value is no longer possible', before.extend({ status: z.enum(['open']) }), 'status can be closed'],
    ['a type changed', before.extend({ sku: z.int() }), 'sku is string'],
    [
      'something deep inside became tighter',
      before.extend({ lines: z.array(z.strictObject({ quantity: z.int().min(1).max(9) })).max(9) }),
      'lines[].quantity can fall below minimum 1',
    ],
  ]
  for (const [title, after, reason] of cases) {
    test(title, () => {
      const found = widened(before, after)
      assert.equal(found.length, 1, found.join('; '))
      assert.ok(found[0]!.startsWith(reason), found[0])
    })
  }
})

test('a reader that is not strict passes over a field that it does not know', () => {
  const reader = z.object({ orderId: z.string() })
  assert.deepEqual(refusals(json(reader), json(reader.extend({ more: z.int() }))), [])
})

test('a field that is no longer written is found at any depth, optional or not', () => {
  const before = z.object({ lines: z.array(z.object({ sku: z.string(), note: z.string().optional() })) })
  const after = z.object({ lines: z.array(z.object({ sku: z.string() })) })
  assert.deepEqual(removedFields(json(before), json(after)), ['lines[].note is gone'])
})

describe('an operation whose output', () => {
  const answering = (output: z.ZodType): LockedOperation => ({
    method: 'GET',
    path: '/me',
    access: 'customer',
    status: 200,
    input: json(z.strictObject({})),
    output: json(output),
    errors: {},
  })
  const output = z.object({ email: z.string(), role: z.enum(['customer', 'admin']) })
  const problems = (after: z.ZodType) => operationProblems(answering(output), answering(after))

  test('gains a required field breaks those who are given an answer from before', () => {
    assert.deepEqual(problems(output.extend({ locale: z.string() })), [
      'output.locale is required by one side and can be missing for the other',
    ])
  })

  test('gains a field that is optional or has a default breaks nobody', () => {
    assert.deepEqual(problems(output.extend({ locale: z.string().optional() })), [])
    assert.deepEqual(problems(output.extend({ locale: z.string().default('en') })), [])
  })

  test('loses a field or gains a value breaks those who were built before', () => {
    assert.deepEqual(problems(output.omit({ email: true })), ['output.email is gone'])
    assert.deepEqual(problems(output.extend({ role: z.enum(['customer', 'admin', 'support']) })), [
      'output.role can be support',
    ])
  })

  test('gains a required field in the data of a refusal breaks those who are refused as before', () => {
    const refusing = (data: z.ZodType): LockedOperation => ({
      ...answering(output),
      errors: { OUT_OF_STOCK: { status: 409, data: json(data) } },
    })
    const data = z.object({ sku: z.string() })
    assert.deepEqual(operationProblems(refusing(data), refusing(data.extend({ available: z.int() }))), [
      'OUT_OF_STOCK.available is required by one side and can be missing for the other',
    ])
  })

  test('loses a value breaks those who are given an answer from before', () => {
    assert.deepEqual(problems(output.extend({ role: z.enum(['customer']) })), ['output.role can be admin'])
  })
})

test('an event that gains a required field breaks who reads those of before', () => {
  const payload = z.object({ orderId: z.string() })
  assert.deepEqual(eventProblems(json(payload), json(payload.extend({ at: z.string() }))), [
    'payload.at is required by one side and can be missing for the other',
  ])
})
