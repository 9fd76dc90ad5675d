import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { SearchDocument } from '@stoa/contracts/search-document'
import * as stopword from 'stopword'
import { fold, wordsOf } from '../../analysis/language.ts'
import { cardOf } from '../../cards.ts'
import { compileSettings } from '../../planning/compiled-settings.ts'
import type { EngineDocument, Language } from '../engine.ts'
import { anAttribute, idOf, someSettings } from '../testing.ts'
import { entryOf } from './entry.ts'
import { ENTRIES, indexBody } from './schema.ts'

/** With the lists of their most usual words: all of them are stop words, and a few thousand of them have endings. */
const languages: Record<Language, readonly string[]> = {
  da: stopword.dan,
  de: stopword.deu,
  en: stopword.eng,
  es: stopword.spa,
  fi: stopword.fin,
  fr: stopword.fra,
  hu: stopword.hun,
  it: stopword.ita,
  nl: stopword.nld,
  no: stopword.nob,
  pt: stopword.por,
  ro: stopword.ron,
  ru: stopword.rus,
  sv: stopword.swe,
  tr: stopword.tur,
}

const attributes = [
  anAttribute('colour', { type: 'multi-select', name: 'Colour' }),
  anAttribute('capacity', { type: 'number', unit: 'GB', name: 'Capacity' }),
  anAttribute('ssd', { type: 'boolean', name: 'Has an SSD' }),
  anAttribute('waterproof', { type: 'boolean' }),
  anAttribute('compatible-with', { name: 'Compatible with', filterable: false }),
  anAttribute('hidden', { searchable: false }),
  anAttribute('notes', { filterable: false }),
]

const many = (word: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${word}${at.toString(36)}`).join(' ')

const withEverything: Required<EngineDocument> = {
  productId: idOf(1),
  version: 7,
  slug: 'targus-notebook-case',
  name: 'Targus® CN-313 Notebook Case w/ Solid State Drive 43.2 cm (17") Briefcase, Crème brûlée – USB 3.0 Straße',
  description: `Cases for notebooks, running smoothly, w/o battery and without cable. Universitäten, bibliothèques, programmazione, ciudades, canções, gyermekeknek, taloissamme, författningarna, økonomiske, bestuurders, книгами, kitaplarımızdan, cărțile. 512 MB, 1 TB, 5,5 kg, 230 V, wi-fi, A4. ${many('word', 320)}`,
  brand: { slug: 'targus', name: 'Targus' },
  categories: [
    {
      categoryId: idOf(2),
      path: [
        { slug: 'bags', name: 'Bags & Luggage' },
        { slug: 'cases', name: 'Notebook Cases' },
      ],
    },
    { categoryId: idOf(3), path: [{ slug: 'gifts', name: 'Gifts' }] },
  ],
  collections: ['summer', 'sale'],
  attributes: {
    colour: ['Black', 'Crème'],
    capacity: 512.5,
    ssd: true,
    waterproof: false,
    'compatible-with': `Dell Latitude, ${many('model', 260)}`,
    hidden: 'secret',
    notes: `Black ${many('note', 260)}`,
    undefined: 'not defined',
  },
  options: [{ name: 'Size', values: ['17 inch', 'XL'] }],
  variants: [
    { sku: 'CN-313/B', barcode: '0012345678905' },
    { sku: 'cn 313 c', barcode: null },
  ],
  prices: [
    { currency: 'EUR', fromMinor: 1_999, toMinor: 2_999, compareAtMinor: 3_499 },
    { currency: 'JPY', fromMinor: 2_500, toMinor: 2_500, compareAtMinor: null },
  ],
  image: {
    mediaId: idOf(4),
    alt: 'A case',
    width: 800,
    height: 600,
    focalPoint: { x: 0.5, y: 0.25 },
    url: '/media/4/{width}.{format}',
  },
  rating: { average: 4.37, count: 12 },
  publishedAt: '2026-01-01T00:00:00.000Z',
  available: 3,
  sold: 5,
  at: Date.UTC(2026, 1, 1),
  card: '',
}
const withLittle: EngineDocument = {
  ...withEverything,
  brand: null,
  categories: [],
  image: null,
  rating: { average: null, count: 0 },
  available: 0,
}

const entryIn = (language: Language, document: EngineDocument) =>
  entryOf(document, compileSettings(someSettings({ language, attributes })), 0)

test('what the index holds of a product is what its version says: another content has another version', () => {
  const held = (Object.keys(languages) as Language[]).map((language) => {
    const { stem, isStopword } = wordsOf(language)
    return [
      languages[language].map(fold).map((word) => [word, stem(word), isStopword(word)]),
      [withEverything, withLittle].map((document) => [entryIn(language, document), cardOf(document)]),
    ]
  })
  const digest = createHash('sha256').update(JSON.stringify(held, byName)).digest('hex').slice(0, 8)
  assert.equal(
    digest,
    ENTRIES,
    `The index would hold something else of the same product. If that is meant, let ENTRIES in schema.ts be '${digest}': every index is then filled anew.`,
  )
})

test('the product by which that is judged has all that a product can have, and fills every field', () => {
  assert.deepEqual(
    Object.keys(SearchDocument.shape).filter((field) => !(field in SearchDocument.parse(withEverything))),
    [],
  )
  const meta = { schema: '', analysis: '', complete: false }
  const { properties } = indexBody({ shards: 1, replicas: 0, meta, filling: false }).mappings
  const isEmpty = (value: unknown) => value === undefined || value === '' || (value as unknown[]).length === 0
  const entry = entryIn('en', { ...withEverything, card: JSON.stringify(cardOf(withEverything)) })
  assert.deepEqual(
    Object.keys(properties).filter((field) => isEmpty(entry[field])),
    // Of what was taken away alone.
    ['removedAt'],
  )
})

/** For JSON: in which order a value names its fields is no part of what it says. */
function byName(_name: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}
