import { createHash } from 'node:crypto'
import { slugify } from '../../slug.ts'
import type { CategoryStep, Definition } from '../item.ts'
import { oneLine } from './plain-text.ts'

/** The steps of a category's path. The slug of each is made of the names from the root, so that the same path is the same category. */
export function categoryPath(names: readonly string[]): CategoryStep[] {
  const clean = names.map((name) => oneLine(name).slice(0, 120)).filter((name) => name !== '')
  return clean
    .slice(0, 10)
    .map((name, index) => ({ name, slug: stableSlug(clean.slice(0, index + 1).join(' ')) }))
}

/** A slug that depends on the text alone: one that is too long, or without Latin letters, ends in a digest. */
export function stableSlug(text: string): string {
  const slug = slugify(text, '')
  if (slug !== '' && text.length <= 100) return slug
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 10)
  const cut = slug.slice(0, 80).replace(/-+$/, '')
  return cut === '' ? `x-${digest}` : `${cut}-${digest}`
}

/** `style_general` is called `Style general`. */
export const readableName = (code: string): string => {
  const words = oneLine(code.replaceAll(/[_-]+/g, ' '))
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export const definition = (
  code: string,
  fields: Pick<Definition, 'name' | 'type'> & Partial<Definition>,
): Definition => ({
  code,
  unit: null,
  allowedValues: [],
  filterable: true,
  searchable: fields.type !== 'number' && fields.type !== 'boolean',
  position: 0,
  ...fields,
})

/** A SKU of what a source calls a thing: characters that a SKU may not have become hyphens. */
export const skuOf = (text: string): string =>
  text
    .trim()
    .replaceAll(/[^A-Za-z0-9._/-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64)
