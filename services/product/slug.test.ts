import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slug } from '@stoa/contracts/text'
import fc from 'fast-check'
import { freeSlug, slugify } from './slug.ts'

test('a slug is the words of a name', () => {
  const names = {
    'Oak Desk': 'oak-desk',
    '  Tea — for two!  ': 'tea-for-two',
    'Café crème': 'cafe-creme',
    Größe: 'groesse',
    'Łódź & Ærø': 'lodz-aero',
    'Grandma’s jam': 'grandmas-jam',
    '½ litre': '1-2-litre',
  }
  for (const [name, slug] of Object.entries(names)) assert.equal(slugify(name, 'x'), slug)
})

test('a name without a Latin letter or digit, or one that looks like an id, becomes the fallback', () => {
  assert.equal(slugify('机', 'product'), 'product')
  assert.equal(slugify('0193e5a0-0000-7000-8000-000000000000', 'product'), 'product')
})

test('every name makes a valid slug', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (name) => {
      assert.ok(Slug.safeParse(slugify(name, 'product')).success)
    }),
  )
})

test('a taken slug gets the first free number', () => {
  assert.equal(freeSlug('desk', new Set(['chair'])), 'desk')
  assert.equal(freeSlug('desk', new Set(['desk', 'desk-2', 'desk-4'])), 'desk-3')
})
