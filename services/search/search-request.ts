import { invalidInput, Rejection } from '@stoa/contract'
import type { CategoryTree } from './category-tree.ts'
import type { Facet, NumberRange, Relaxation, SearchFilters, SearchRequest } from './engines/engine.ts'

/** The fields that all searches share, as they came. */
export type AskedSearch = {
  readonly q: string
  readonly category: readonly string[]
  readonly collection: readonly string[]
  readonly brand: readonly string[]
  readonly filter: readonly string[]
  readonly priceFrom?: number | undefined
  readonly priceTo?: number | undefined
  readonly rating?: number | undefined
  readonly available?: boolean | undefined
  readonly sort: SearchRequest['sort']
}

/** What the index is asked. Throws for a category that is not there, and names the field that says nothing. */
export function filtersOf(asked: AskedSearch, tree: CategoryTree): SearchFilters {
  const { priceFrom, priceTo } = asked
  if (priceFrom !== undefined && priceTo !== undefined && priceFrom > priceTo)
    throw invalidInput({ field: 'priceTo', message: 'must not be below priceFrom' })
  const attributes: Record<string, string[] | NumberRange> = Object.create(null)
  const options: Record<string, string[]> = Object.create(null)
  for (const [index, text] of asked.filter.entries()) {
    const { kind, name, value } = readFilter(text, index)
    if (kind === 'option') options[name] = [...(options[name] ?? []), value]
    else {
      const range = rangeOf(value)
      const before = attributes[name]
      if (before && (range || !Array.isArray(before)))
        if (range && !Array.isArray(before)) attributes[name] = around(before, range)
        else
          throw invalidInput({
            field: `filter.${index}`,
            message: `mixes a range with a value of the same attribute`,
          })
      else attributes[name] = range ?? [...((before as string[] | undefined) ?? []), value]
    }
  }
  const categories = asked.category.map((slug) => {
    const path = tree.pathOf(slug)
    if (!path) throw new Rejection('CATEGORY_NOT_FOUND')
    return path.join('/')
  })
  return {
    ...(categories.length > 0 && { categories }),
    ...(asked.collection.length > 0 && { collections: asked.collection }),
    ...(asked.brand.length > 0 && { brands: asked.brand }),
    ...((priceFrom !== undefined || priceTo !== undefined) && {
      price: {
        ...(priceFrom !== undefined && { min: priceFrom }),
        ...(priceTo !== undefined && { max: priceTo }),
      },
    }),
    ...(asked.rating !== undefined && { rating: asked.rating }),
    ...(asked.available !== undefined && { available: asked.available }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(Object.keys(options).length > 0 && { options }),
  }
}

function readFilter(text: string, index: number) {
  // The contract has seen two colons, and that the first one follows the kind.
  const nameAt = text.indexOf(':') + 1
  const valueAt = text.indexOf(':', nameAt) + 1
  try {
    return {
      kind: text.slice(0, nameAt - 1) as 'attribute' | 'option',
      name: decodeURIComponent(text.slice(nameAt, valueAt - 1)),
      value: text.slice(valueAt),
    }
  } catch {
    throw invalidInput({ field: `filter.${index}`, message: 'has a name that is not percent-encoded' })
  }
}

/** `30..43.2`, `30..` or `..43.2`. */
function rangeOf(value: string): NumberRange | undefined {
  const match = /^(-?\d{1,15}(?:\.\d{1,10})?)?\.\.(-?\d{1,15}(?:\.\d{1,10})?)?$/.exec(value)
  if (!match || (match[1] === undefined && match[2] === undefined)) return undefined
  return {
    ...(match[1] !== undefined && { min: Number(match[1]) }),
    ...(match[2] !== undefined && { max: Number(match[2]) }),
  }
}

/** Two ranges of one facet are alternatives; neighbours become one, and what lies between two others comes with them. */
function around(a: NumberRange, b: NumberRange): NumberRange {
  return {
    ...(a.min !== undefined && b.min !== undefined && { min: Math.min(a.min, b.min) }),
    ...(a.max !== undefined && b.max !== undefined && { max: Math.max(a.max, b.max) }),
  }
}

/** A facet as shoppers get it: each value says what to send to choose it. */
export function shownFacet(facet: Facet, tree: CategoryTree) {
  const { key, kind, name, unit, values, range } = facet
  const isOwn = kind === 'attribute' || kind === 'option'
  const title = isOwn ? key.slice(key.indexOf(':') + 1) : ''
  const prefix = `${kind}:${encodeURIComponent(title)}:`
  return {
    key,
    kind,
    name,
    unit,
    range,
    values: values.map(({ value, label, from, to, count, selected }) => {
      const path = kind === 'category' ? value.split('/') : null
      const slug = path?.at(-1)
      const isRange = value === '' && (from !== null || to !== null)
      return {
        value: slug ?? value,
        label: slug === undefined ? label : (tree.nameOf(slug) ?? label),
        filter: isOwn ? `${prefix}${isRange ? `${from ?? ''}..${to ?? ''}` : value}` : null,
        path,
        from,
        to,
        count,
        selected,
      }
    }),
  }
}

/** What was given up so that something was found. */
export function shownRelaxation(relaxation: Relaxation, attributeName: (code: string) => string | undefined) {
  if (relaxation.kind === 'words') {
    const quoted = (words: readonly string[]) => words.map((word) => `“${word}”`).join(', ')
    const { dropped, kept } = relaxation
    return {
      kind: relaxation.kind,
      dropped: [...dropped],
      message:
        kept.length > 0
          ? `Nothing was found with all of your words. These results leave out ${quoted(dropped)}.`
          : `Nothing was found for ${quoted(dropped)}.`,
    }
  }
  const names = relaxation.dropped.map((key) => {
    const name = key.slice(key.indexOf(':') + 1)
    return (key.startsWith('attribute:') && attributeName(name)) || name
  })
  return {
    kind: relaxation.kind,
    dropped: [...relaxation.dropped],
    message: `Nothing was found with all of your filters. These results leave out: ${names.join(', ')}.`,
  }
}
