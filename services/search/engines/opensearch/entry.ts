import { documentTerms } from '../../analysis/document-terms.ts'
import { fold } from '../../analysis/language.ts'
import {
  CATEGORY_HEAD,
  GOES_WITH,
  HEAD,
  MODIFIER,
  NOWHERE,
  POSITION_SHIFT,
  positionOf,
} from '../../analysis/occurrence.ts'
import { tokensOf } from '../../analysis/tokens.ts'
import type { CompiledSettings } from '../../planning/compiled-settings.ts'
import { documentValues } from '../document-values.ts'
import type { EngineDocument } from '../engine.ts'
import { SEPARATOR, sortableNumber } from './values.ts'

/** A product as it stands in the index: the fields of ./schema.ts. */
export type Entry = Readonly<Record<string, unknown>> & { readonly version: number }

/** Lucene adds the numbers of a document's terms up in 31 bits. */
const CODES_AT_MOST = 2 ** 31 - 1
const COUNTS = (1 << POSITION_SHIFT) - 1
const NAME_WORDS = 63

/**
 * An occurrence in 24 bits, none of it 0: counts, then the four flags, then the position from 1; 0 is nowhere. So a term that is not in
 * the name is a small number, and a document's stay below what Lucene can add up. `score.ts` reads it.
 */
export function codeOf(occurrence: number): number {
  const position = positionOf(occurrence)
  const flags = (occurrence >>> 20) & 15
  return (occurrence & COUNTS) | (flags << POSITION_SHIFT) | ((position === NOWHERE ? 0 : position + 1) << 18)
}

export function entryOf(document: EngineDocument, settings: CompiledSettings, readAt: number): Entry {
  const { available, sold, card, at = readAt, ...plain } = document
  const { occurrences, lengths, surfaces, abbreviations } = documentTerms(document, settings)
  const { words, attributes } = settings
  const terms: string[] = []
  const heads: string[] = []
  const named: string[] = []
  let codes = 0
  for (const [term, occurrence] of occurrences) {
    let code = codeOf(occurrence)
    if (codes + code > CODES_AT_MOST) code &= (1 << 18) - 1
    codes += code
    terms.push(`${term}|${code}`)
    const isHead = (occurrence & (HEAD | CATEGORY_HEAD)) !== 0
    if (isHead) heads.push(term)
    if (isHead || (occurrence & (MODIFIER | GOES_WITH)) !== 0) named.push(term)
  }
  const values = documentValues(document, attributes)
  const of = (key: string) => values.filter(({ facet }) => facet.key === key)
  const others = values.filter(({ facet }) => facet.kind === 'attribute' || facet.kind === 'option')
  const stars = Math.round((document.rating.average ?? 0) * 100)
  return {
    live: true,
    version: document.version,
    productId: document.productId,
    terms: terms.join(' '),
    lengths: packed(lengths),
    phrase: tokensOf(fold(document.name), NAME_WORDS)
      .words.map(({ text }) => words.stem(text))
      .join(' '),
    heads: heads.join(' '),
    named: named.join(' '),
    surfaces: [...surfaces.keys()].join(' '),
    shorts: [...new Set(abbreviations.map(({ short }) => short))].join(' '),
    spelledOut: [
      ...new Set(abbreviations.map(({ short, terms }) => `${short}${SEPARATOR}${terms.join(' ')}`)),
    ],
    typed: typedOf(document),
    ...(document.brand && { brand: document.brand.slug }),
    categories: of('category').map(({ text }) => text),
    collections: document.collections,
    brandLabel: of('brand').map(({ text, label }) => `${text}${SEPARATOR}${label}`),
    categoryLabels: of('category').map(({ text, label }) => `${text}${SEPARATOR}${label}`),
    categorySlugs: [...new Set(document.categories.flatMap(({ path }) => path.map(({ slug }) => slug)))],
    values: others
      .filter(({ facet }) => !facet.isNumber)
      .map(({ facet, text }) => `${facet.key}${SEPARATOR}${text}`),
    numbers: others
      .filter(({ facet }) => facet.isNumber)
      .map(({ facet, amount }) => `${facet.key}${SEPARATOR}${sortableNumber(amount)}`),
    facets: [...new Set(others.map(({ facet }) => facet.key))],
    prices: Object.fromEntries(document.prices.map(({ currency, fromMinor }) => [currency, fromMinor])),
    ...(document.rating.average !== null && { rating: stars / 100 }),
    ratings: document.rating.count,
    byRating: stars * 1e6 + Math.min(999_999, document.rating.count),
    published: document.publishedAt,
    byName: fold(document.name).trim().slice(0, 100),
    inStock: available === undefined || available > 0,
    ...(available !== undefined && { available, availableAt: at }),
    ...(sold !== undefined && { sold, soldAt: at }),
    skus: document.variants.map(({ sku }) => sku),
    slug: document.slug,
    name: document.name,
    ...(card !== undefined && { card }),
    document: plain,
  }
}

/** What suggestions complete: words of the name in their order, then those of brand and categories. */
function typedOf(document: EngineDocument): string {
  const texts = [
    document.name,
    document.brand?.name ?? '',
    ...document.categories.flatMap(({ path }) => path.map(({ name }) => name)),
  ]
  return texts.flatMap((text) => tokensOf(fold(text), NAME_WORDS).words.map((token) => token.text)).join(' ')
}

/** As decimal text: seven bytes do not fit into a Number. */
function packed(lengths: Uint8Array): string {
  let sum = 0n
  lengths.forEach((length, field) => {
    sum |= BigInt(length) << BigInt(8 * field)
  })
  return String(sum)
}
