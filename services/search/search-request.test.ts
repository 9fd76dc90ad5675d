import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Rejection } from '@stoa/contract'
import { treeOf } from './category-tree.ts'
import type { Facet } from './engines/engine.ts'
import { type AskedSearch, filtersOf, shownFacet, shownRelaxation } from './search-request.ts'

const tree = treeOf([
  { categoryId: 'a', slug: 'home', name: 'Home', path: ['home'] },
  { categoryId: 'b', slug: 'tables', name: 'Tables', path: ['home', 'tables'] },
])
const asked = (fields: Partial<AskedSearch> = {}): AskedSearch => ({
  q: '',
  category: [],
  collection: [],
  brand: [],
  filter: [],
  sort: 'relevance',
  ...fields,
})
const fieldOf = (fields: Partial<AskedSearch>) => {
  try {
    filtersOf(asked(fields), tree)
  } catch (error) {
    assert.ok(error instanceof Rejection)
    return (error.data as { fields: { field: string }[] } | undefined)?.fields[0]?.field ?? error.code
  }
  assert.fail('was not refused')
}

test('what is not asked for filters nothing', () => {
  assert.deepEqual(filtersOf(asked(), tree), {})
})

test('values of one attribute are alternatives, attributes and options hold together', () => {
  const filter = ['attribute:colour:black', 'attribute:colour:red', 'option:Size:XL', 'attribute:touch:true']
  const { attributes, options } = filtersOf(asked({ filter }), tree)
  assert.deepEqual({ ...attributes }, { colour: ['black', 'red'], touch: ['true'] })
  assert.deepEqual({ ...options }, { Size: ['XL'] })
})

test('two dots make a range, open at an end that is left out', () => {
  const range = (value: string) => filtersOf(asked({ filter: [`attribute:w:${value}`] }), tree).attributes?.w
  assert.deepEqual(range('30..43.2'), { min: 30, max: 43.2 })
  assert.deepEqual(range('-5..'), { min: -5 })
  assert.deepEqual(range('..7'), { max: 7 })
  assert.deepEqual(range('..'), ['..'])
  assert.deepEqual(range('a..b'), ['a..b'])
})

test('ranges of one attribute widen each other', () => {
  const filter = ['attribute:w:10..20', 'attribute:w:20..']
  assert.deepEqual({ ...filtersOf(asked({ filter }), tree).attributes }, { w: { min: 10 } })
})

test('a name like __proto__ is a name', () => {
  const { attributes } = filtersOf(asked({ filter: ['attribute:__proto__:x'] }), tree)
  assert.deepEqual(Object.entries(attributes!), [['__proto__', ['x']]])
})

test('a category is named by its slug and searched by its path', () => {
  assert.deepEqual(filtersOf(asked({ category: ['tables'] }), tree), { categories: ['home/tables'] })
  assert.equal(fieldOf({ category: ['chairs'] }), 'CATEGORY_NOT_FOUND')
})

test('a refusal names its field', () => {
  assert.equal(fieldOf({ priceFrom: 2, priceTo: 1 }), 'priceTo')
  assert.equal(fieldOf({ filter: ['attribute:a:b', 'attribute:%E0%A4%A:b'] }), 'filter.1')
  assert.equal(fieldOf({ filter: ['attribute:w:1..2', 'attribute:w:3'] }), 'filter.1')
})

test('every value of a facet says what to send to choose it', () => {
  const value = { value: 'Oak: dark', label: 'Oak: dark', from: null, to: null, count: 3, selected: false }
  const facet: Facet = {
    key: 'option:Wood: kind',
    kind: 'option',
    name: 'Wood: kind',
    unit: null,
    range: null,
    values: [value],
  }
  const { filter } = shownFacet(facet, tree).values[0]!
  assert.deepEqual(
    { ...filtersOf(asked({ filter: [filter!] }), tree).options },
    { 'Wood: kind': ['Oak: dark'] },
  )

  const number: Facet = {
    ...facet,
    key: 'attribute:width',
    kind: 'attribute',
    values: [{ ...value, value: '', from: 10, to: null }],
  }
  assert.equal(shownFacet(number, tree).values[0]!.filter, 'attribute:width:10..')
})

test('a category in a facet has the name of now', () => {
  const facet: Facet = {
    key: 'category',
    kind: 'category',
    name: '',
    unit: null,
    range: null,
    values: [{ value: 'home/tables', label: 'Old', from: null, to: null, count: 1, selected: false }],
  }
  const [value] = shownFacet(facet, tree).values
  assert.deepEqual([value!.value, value!.label, value!.path], ['tables', 'Tables', ['home', 'tables']])
})

test('what was given up is said in words', () => {
  assert.equal(
    shownRelaxation({ kind: 'words', dropped: ['purple'], kept: ['sofa'] }, () => undefined).message,
    'Nothing was found with all of your words. These results leave out “purple”.',
  )
  assert.equal(
    shownRelaxation(
      { kind: 'filters', dropped: ['brand', 'attribute:colour', 'option:Size'] },
      () => 'Colour',
    ).message,
    'Nothing was found with all of your filters. These results leave out: brand, Colour, Size.',
  )
})
