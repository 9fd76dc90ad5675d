import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_LEVELS, placeBelow, refusal } from './category-place.ts'

const home = placeBelow(undefined, { categoryId: 'h', slug: 'home' })
const kitchen = placeBelow(home, { categoryId: 'k', slug: 'kitchen' })

test('a place is the way from the root', () => {
  assert.deepEqual(home, { path: ['h'], slugs: ['home'] })
  assert.deepEqual(kitchen, { path: ['h', 'k'], slugs: ['home', 'kitchen'] })
})

test('a category cannot stand below itself or anything below it', () => {
  assert.equal(refusal({ categoryId: 'h', levels: 2 }, home), 'CYCLE')
  assert.equal(refusal({ categoryId: 'h', levels: 2 }, kitchen), 'CYCLE')
  assert.equal(refusal({ categoryId: 'k', levels: 1 }, home), undefined)
})

test('the tree has at most ten levels, counted with all that moves along', () => {
  const deep = { path: Array.from({ length: MAX_LEVELS - 2 }, (_, n) => `c${n}`), slugs: [] }
  assert.equal(refusal({ categoryId: 'x', levels: 2 }, deep), undefined)
  assert.equal(refusal({ categoryId: 'x', levels: 3 }, deep), 'TOO_DEEP')
})

test('anything may become a root', () => {
  assert.equal(refusal({ categoryId: 'h', levels: MAX_LEVELS }, undefined), undefined)
})
