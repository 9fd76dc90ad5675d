import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findBadText } from './text.ts'

const nested = (depth: number): unknown => (depth === 0 ? 1 : { in: nested(depth - 1) })

describe('text from outside', () => {
  it('is fine in any script, and so is what is not text', () => {
    assert.equal(findBadText({ a: 'Grüße 👋🏽 שלום', b: [1, null, true, undefined], c: {} }), undefined)
  })
  it('must not contain NUL, wherever it stands', () => {
    assert.deepEqual(findBadText({ lines: [{ sku: 'a' }, { sku: 'b\0' }] }), {
      field: 'lines.1.sku',
      message: 'must not contain NUL',
    })
  })
  it('must not contain half a surrogate pair', () => {
    assert.equal(findBadText({ name: '\ud83d' })?.field, 'name')
    assert.equal(findBadText({ name: '\udc4b\ud83d' })?.field, 'name')
  })
  it('must not hide either in the name of a field', () => {
    assert.equal(findBadText({ 'a\0': 1 })?.field, 'body')
    assert.equal(findBadText({ a: { '\ud83d': 1 } })?.field, 'a')
  })
  it('nests 16 deep and no deeper', () => {
    assert.equal(findBadText(nested(16)), undefined)
    assert.equal(findBadText(nested(17))?.message, 'is nested too deeply')
    assert.equal(findBadText(nested(5_000))?.message, 'is nested too deeply')
  })
})
