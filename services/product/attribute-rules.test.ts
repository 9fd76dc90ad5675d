import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AttributeValue } from '@stoa/contracts/search-document'
import { type AttributeRule, attributeFaults, isCompatible } from './attribute-rules.ts'

const rule = (type: AttributeRule['type'], ...allowedValues: string[]): AttributeRule => ({
  code: 'x',
  type,
  allowedValues,
})
const fault = (one: AttributeRule, value: AttributeValue | null) =>
  attributeFaults({ x: value }, new Map([['x', one]]))[0]?.message

describe('a value of an attribute', () => {
  test('has the type that the definition says', () => {
    const values: Record<AttributeRule['type'], AttributeValue> = {
      text: 'any',
      number: 1.5,
      boolean: false,
      select: 'one',
      'multi-select': ['one', 'two'],
    }
    for (const type of Object.keys(values) as AttributeRule['type'][])
      for (const [other, value] of Object.entries(values) as [AttributeRule['type'], AttributeValue][])
        assert.equal(fault(rule(type), value) === undefined, isCompatible(type, other), `${type}: ${value}`)
  })

  test('is not empty', () => {
    assert.ok(fault(rule('text'), ''))
    assert.ok(fault(rule('select'), ''))
    assert.ok(fault(rule('multi-select'), []))
  })

  test('is one of those that are allowed, where some are', () => {
    const few = rule('multi-select', 'a', 'b')
    assert.equal(fault(few, ['b', 'a']), undefined)
    assert.equal(fault(few, ['b', 'c']), 'must be of a, b')
    assert.ok(fault(few, ['a', 'a']))
    const many = rule('select', ...Array.from({ length: 12 }, (_, n) => `v${n}`))
    assert.match(fault(many, 'w')!, /^must be of v0, .*, v9 \.\.\.$/)
  })

  test('may be taken away, but only of an attribute that there is', () => {
    assert.equal(fault(rule('number'), null), undefined)
    assert.deepEqual(attributeFaults({ y: null }, new Map(), 'items.3.attributes.'), [
      { field: 'items.3.attributes.y', message: 'is not an attribute' },
    ])
  })
})
