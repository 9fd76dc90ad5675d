import type { AttributeDefinition, AttributeValue, SearchDocument } from '@stoa/contracts/search-document'
import type { TextField } from '../engines/engine.ts'
import { type Abbreviation, abbreviationsIn } from './abbreviations.ts'
import { fold, type Words } from './language.ts'
import { measureTerms } from './measures.ts'
import {
  CATEGORY_HEAD,
  counted,
  FIELDS,
  GOES_WITH,
  HEAD,
  MODIFIER,
  NO_OCCURRENCE,
  placedAt,
} from './occurrence.ts'
import { type Token, tokensOf } from './tokens.ts'

export type DocumentTerms = {
  /** By term. */
  readonly occurrences: ReadonlyMap<string, number>
  /** Words in each of `FIELDS`, up to 255. */
  readonly lengths: Uint8Array
  /** Folded words of name, brand and category, and the terms they are indexed under: what suggestions complete. */
  readonly surfaces: ReadonlyMap<string, string>
  readonly abbreviations: readonly Abbreviation[]
}

/** Words of each field that are read: beyond them a text repeats itself, and a list of compatible models is a list. */
const READ: Readonly<Record<TextField, number>> = {
  name: 63,
  brand: 10,
  category: 40,
  attributes: 250,
  compatibility: 250,
  description: 300,
  code: 250,
}
const SPECIFICATION_CHARACTERS = 60
const SPECIFICATION_WORDS = 5
/** A term that nobody types, before which exact codes are kept apart from words. */
export const EXACT = '='

/** Codes and names of attributes that say what a product goes with, not what it is. By the stems of the languages we stem. */
const goesWith =
  /compatib|kompatib|component for|suitable for|works with|designed for|fits|geeignet|passend|geschikt|adapté|adatto|supported/i

export const isCompatibility = (attribute: { readonly code: string; readonly name: string }): boolean =>
  goesWith.test(attribute.name) || goesWith.test(attribute.code.replaceAll(/[-_]+/g, ' '))

/** All that a document's texts say, as terms. Depends on the document and the settings alone: every replica comes to the same. */
export function documentTerms(
  document: SearchDocument,
  settings: { readonly words: Words; readonly attributes: ReadonlyMap<string, AttributeDefinition> },
): DocumentTerms {
  const { words } = settings
  const occurrences = new Map<string, number>()
  const surfaces = new Map<string, string>()
  const lengths = new Uint8Array(FIELDS.length)

  const add = (term: string, field: number, { position = -1, flags = 0 } = {}) => {
    let occurrence = counted(occurrences.get(term) ?? NO_OCCURRENCE, field) | flags
    if (position >= 0) occurrence = placedAt(occurrence, position)
    occurrences.set(term, occurrence)
  }
  const read = (name: TextField, text: string, roles?: (tokens: readonly Token[]) => Uint32Array) => {
    const field = FIELDS.indexOf(name)
    const tokens = tokensOf(fold(text), Math.max(0, READ[name] - lengths[field]!))
    const isName = name === 'name'
    const flags = roles?.(tokens.words)
    for (const token of tokens.words) {
      if (!isName && words.isStopword(token.text)) continue
      const term = words.stem(token.text)
      const position = isName ? token.position : -1
      add(term, field, { position, flags: flags?.[token.position] ?? 0 })
      if ((isName || name === 'brand' || name === 'category') && token.text.length > 1)
        surfaces.set(token.text, term)
    }
    for (const { text: joined, position, parts } of tokens.joined) {
      const term = words.stem(joined)
      add(term, field, {
        position: isName ? position : -1,
        flags: flags?.[position + parts - 1] ?? 0,
      })
      if (isName) surfaces.set(joined, term)
    }
    for (const { terms, position } of tokens.measures)
      for (const term of terms) add(term, field, { position: isName ? position : -1 })
    lengths[field] = Math.min(255, lengths[field]! + tokens.words.length)
  }

  const specifications = specificationsOf(document, settings.attributes)
  let name: readonly Token[] = []
  read('name', document.name, (tokens) => {
    name = tokens
    return nameRoles(tokens, { words, specifications })
  })
  if (document.brand) read('brand', document.brand.name)
  document.categories.forEach(({ path }, index) => {
    path.forEach(({ name }, depth) => {
      const main = index === 0 && depth === path.length - 1
      read('category', name, main ? (tokens) => headRoles(tokens, words) : undefined)
    })
  })
  for (const [code, value] of Object.entries(document.attributes)) {
    const definition = settings.attributes.get(code)
    if (!definition?.searchable) continue
    const field = isCompatibility(definition) ? 'compatibility' : 'attributes'
    readAttribute(definition, value, {
      text: (text) => read(field, text),
      terms: (terms) => {
        for (const term of terms) add(term, FIELDS.indexOf(field))
      },
    })
  }
  for (const { values: choices } of document.options) read('attributes', choices.join(', '))
  read('description', document.description)
  for (const { sku, barcode } of document.variants) {
    read('code', sku)
    add(EXACT + codeOf(sku), FIELDS.indexOf('code'))
    if (barcode) add(EXACT + codeOf(barcode), FIELDS.indexOf('code'))
  }
  const abbreviations = abbreviationsIn(name, { stem: words.stem, has: (term) => occurrences.has(term) })
  return { occurrences, lengths, surfaces, abbreviations }
}

/** A SKU or barcode without what people leave out. EAN-13 and its UPC-A form (without the leading 0) are the same. */
export function codeOf(text: string): string {
  const code = fold(text).replace(/[^\p{L}\p{N}]+/gu, '')
  return /^0\d{12}$/.test(code) ? code.slice(1) : code
}

function readAttribute(
  definition: AttributeDefinition,
  value: AttributeValue,
  say: { text: (text: string) => void; terms: (terms: readonly string[]) => void },
) {
  if (typeof value === 'boolean') {
    if (value) say.text(definition.name)
  } else if (typeof value === 'number') {
    if (definition.unit) say.terms(measureTerms(value, fold(definition.unit)))
  } else say.text(typeof value === 'string' ? value : value.join(', '))
}

/** Values of the product's attributes and options (its colour, its connector) and its brand, in words. */
function specificationsOf(
  document: SearchDocument,
  definitions: ReadonlyMap<string, AttributeDefinition>,
): readonly (readonly string[])[] {
  const values = new Set<string>()
  const add = (text: string) => {
    if (text.length <= SPECIFICATION_CHARACTERS)
      for (const one of fold(text).split(/[,;/]/)) values.add(one.trim())
  }
  for (const [code, value] of Object.entries(document.attributes)) {
    // What nobody can choose by is prose: a maker's own name of the product, say.
    if (!definitions.get(code)?.filterable) continue
    if (typeof value === 'string') add(value)
    else if (Array.isArray(value)) value.forEach(add)
  }
  for (const { values: choices } of document.options) choices.forEach(add)
  // Its type is a value in many catalogues, and is just what we look for.
  for (const { path } of document.categories) for (const { name } of path) values.delete(fold(name))
  if (document.brand) values.add(fold(document.brand.name))
  return [...values].map((value) => tokensOf(value, SPECIFICATION_WORDS).words.map(({ text }) => text))
}

/**
 * Which words of a name say what the thing is. A run of words ends at a mark, a number, a stopword and a value of the product's own
 * attributes; its last word is a head, those before describe it: `Targus CN313 notebook case 43 cm (17") Briefcase Black`.
 */
function nameRoles(
  tokens: readonly Token[],
  { words, specifications }: { words: Words; specifications: readonly (readonly string[])[] },
): Uint32Array {
  const roles = new Uint32Array(tokens.length)
  const specified = new Uint8Array(tokens.length)
  for (const value of specifications) {
    if (value.length === 0) continue
    for (let at = 0; at + value.length <= tokens.length; at += 1)
      if (value.every((word, place) => tokens[at + place]!.text === word))
        specified.fill(1, at, at + value.length)
  }
  let after = 0
  let run: number[] = []
  const endRun = () => {
    run.forEach((index, place) => {
      roles[index]! |= place === run.length - 1 && (roles[index]! & GOES_WITH) === 0 ? HEAD : MODIFIER
    })
    run = []
  }
  tokens.forEach((token, index) => {
    const relation = words.isStopword(token.text)
    const ends = relation || specified[index] === 1 || /\d/.test(token.text) || token.text.length < 2
    if (token.before === 'break' || ends) endRun()
    if (relation) after = GOES_WITH
    if (!ends) run.push(index)
    roles[index]! |= after
  })
  endRun()
  return roles
}

function headRoles(tokens: readonly Token[], words: Words): Uint32Array {
  const roles = new Uint32Array(tokens.length)
  const last = tokens.findLastIndex(({ text }) => !words.isStopword(text) && !/\d/.test(text))
  tokens.forEach((_, index) => {
    if (last >= 0) roles[index] = index === last ? CATEGORY_HEAD : MODIFIER
  })
  return roles
}
