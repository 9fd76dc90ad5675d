import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dueChange } from './jobs/publication.ts'
import { changedFields, overlay, type ProductState, plan } from './stored-product.ts'

const product: ProductState = {
  slug: 'desk',
  name: 'Desk',
  brand: 'Holm',
  description: '',
  status: 'draft',
  categoryIds: ['a'],
  options: [],
  attributes: { width: 1, tags: ['x'] },
  seo: { title: null, description: null },
  publishAt: null,
  unpublishAt: null,
  variants: [],
  media: [],
}

describe('a change', () => {
  test('is what differs, whoever wrote the same values again', () => {
    assert.deepEqual(changedFields(product, overlay(product, structuredClone(product))), [])
    const after = overlay(product, { ...structuredClone(product), name: 'Table', attributes: { width: 2 } })
    assert.deepEqual(changedFields(product, after), ['name', 'attributes'])
    assert.equal(after.categoryIds, product.categoryIds)
  })
})

describe('a plan', () => {
  const [early, late] = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z']

  test('ends with what would have been done by hand', () => {
    const both = { publishAt: early, unpublishAt: late }
    assert.deepEqual(plan(both, { from: 'draft', to: 'published' }), { publishAt: null, unpublishAt: late })
    assert.deepEqual(plan(both, { from: 'published', to: 'draft' }), { publishAt: early, unpublishAt: null })
    assert.deepEqual(plan(both, { from: 'draft', to: 'archived' }), { publishAt: null, unpublishAt: null })
    assert.deepEqual(plan(both, { from: 'draft', to: 'draft' }), both)
  })

  test('is due at its moments, and the last one that has passed holds', () => {
    const draft = { status: 'draft', publishAt: early, unpublishAt: late } as const
    assert.equal(dueChange(draft, '2025-12-31T23:59:59.999Z'), undefined)
    assert.deepEqual(dueChange(draft, early), { status: 'published', publishAt: null, unpublishAt: late })
    assert.deepEqual(dueChange(draft, late), { status: 'draft', publishAt: null, unpublishAt: null })
  })

  test('brings nothing back that was archived', () => {
    const archived = { status: 'archived', publishAt: early, unpublishAt: null } as const
    assert.equal(dueChange(archived, late)?.status, 'archived')
  })
})
