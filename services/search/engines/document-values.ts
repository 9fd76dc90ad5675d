import type { AttributeDefinition, SearchDocument } from '@stoa/contracts/search-document'
import type { Facet } from './engine.ts'

/** What a filter takes and a facet counts, of one document. */
export type DocumentValue = {
  readonly facet: FacetKind
  /** As the filter takes it. */
  readonly text: string
  /** As shoppers read it. */
  readonly label: string
  /** Of a number; else NaN. */
  readonly amount: number
}

export type FacetKind = Pick<Facet, 'key' | 'kind'> & {
  readonly isNumber: boolean
  readonly counted: boolean
}

/** Of one document: 5,000 values would be a mistake of the one who wrote it, and each costs a step of every search it is in. */
const VALUES = 1_000

/** Each value once. */
export function documentValues(
  document: SearchDocument,
  attributes: ReadonlyMap<string, AttributeDefinition>,
): DocumentValue[] {
  const found = new Map<string, DocumentValue>()
  const add = (facet: FacetKind, text: string, label = text, amount = Number.NaN) => {
    if (found.size < VALUES) found.set(`${facet.key}\u0000${text}`, { facet, text, label, amount })
  }
  if (document.brand) add(facets.brand, document.brand.slug, document.brand.name)
  for (const { path } of document.categories)
    path.forEach(({ name }, depth) => {
      const slugs = path.slice(0, depth + 1).map(({ slug }) => slug)
      add(facets.category, slugs.join('/'), name)
    })
  for (const collection of document.collections) add(facets.collection, collection)
  for (const { name, values: choices } of document.options)
    for (const choice of choices)
      add({ key: `option:${name}`, kind: 'option', isNumber: false, counted: true }, choice)
  for (const [code, value] of Object.entries(document.attributes)) {
    const definition = attributes.get(code)
    if (!definition?.filterable) continue
    const key = `attribute:${code}`
    if (typeof value === 'number')
      add({ key, kind: 'attribute', isNumber: true, counted: true }, String(value), String(value), value)
    else
      for (const one of Array.isArray(value) ? value : [String(value)])
        add({ key, kind: 'attribute', isNumber: false, counted: true }, one.slice(0, 200))
  }
  return [...found.values()]
}

const facets = {
  brand: { key: 'brand', kind: 'brand', isNumber: false, counted: true },
  category: { key: 'category', kind: 'category', isNumber: false, counted: true },
  collection: { key: 'collection', kind: 'category', isNumber: false, counted: false },
} as const satisfies Record<string, FacetKind>
