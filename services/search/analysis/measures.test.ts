import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measuresIn, measureTerms } from './measures.ts'

const termsOf = (text: string) => measuresIn(text).map(({ terms }) => terms.join(' '))

test('a number and its unit become one term, whatever stands between them and whatever the unit', () => {
  for (const text of ['17 inch', '17"', '17in', '17-inch', '43.2 cm', '43,2cm', '432 mm'])
    assert.deepEqual(termsOf(text), ['len:432'], text)
  assert.deepEqual(termsOf('1.5 kg'), termsOf('1500 g'))
  assert.deepEqual(termsOf('2.4 GHz'.toLowerCase()), termsOf('2400mhz'))
})

test('data sizes are decimal and binary at once', () => {
  assert.ok(measureTerms(512, 'mb').some((term) => measureTerms(0.5, 'gb').includes(term)))
  assert.ok(measureTerms(1000, 'gb').some((term) => measureTerms(1, 'tb').includes(term)))
  assert.ok(!measureTerms(500, 'gb').some((term) => measureTerms(250, 'gb').includes(term)))
})

test('thousands are told from decimals', () => {
  assert.deepEqual(termsOf('1,920 mah'), ['charge:1920'])
  assert.deepEqual(termsOf('1,9 ah'), ['charge:1900'])
})

test('a unit inside a word or a number inside a code is none', () => {
  for (const text of ['a17in', '17inlay', 'dv7-17x', 'v2.1.17w']) assert.deepEqual(termsOf(text), [], text)
})
