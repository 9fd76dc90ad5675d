import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedCategories, treeOf } from './category-tree.ts'

const category = (categoryId: string, path: string, name = categoryId) => ({
  categoryId,
  slug: path.split('/').at(-1)!,
  name,
  path: path.split('/'),
})

test('what was renamed, moved, or deleted has changed; what is new or only stands elsewhere among its kind has not', () => {
  const before = treeOf([category('a', 'a'), category('b', 'a/b'), category('c', 'a/c'), category('d', 'd')])
  assert.deepEqual([...changedCategories(before, before)], [])
  const now = treeOf([
    category('d', 'd'),
    category('e', 'e'),
    category('a', 'a', 'Renamed'),
    category('b', 'd/b'),
  ])
  assert.deepEqual([...changedCategories(before, now)].sort(), ['a', 'b', 'c'])
})
