import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import type { AttributeDefinition, AttributeValue, SearchDocument } from '@stoa/contracts/search-document'

/**
 * The open icecat catalogue, read as the importer reads it (services/product/imports/readers/icecat.ts): the title is the name, texts are
 * lists of choices, the product's type is its category.
 */
export type Catalogue = {
  readonly documents: readonly SearchDocument[]
  readonly attributes: readonly AttributeDefinition[]
  /** The catalogue's own number by our id. */
  readonly numbers: ReadonlyMap<string, string>
}

type Raw = {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly ean: readonly string[]
  readonly short_description?: string
  readonly date_released: string
  readonly supplier: string
  readonly price: number
} & Record<string, unknown>

/** An attribute of a name that the catalogue does not have: the maker's number. */
const PART_NUMBER = 'part-number'

const dataFolders = (): string[] =>
  [process.env.STOA_DATA, join(import.meta.dirname, '../../../../shared/data')].filter(
    (folder) => folder !== undefined,
  )

export const icecatFolder = (): string | undefined =>
  dataFolders()
    .map((folder) => join(folder, 'icecat'))
    .find((folder) => existsSync(join(folder, 'judgements.csv')))

/**
 * Why a test that needs the catalogue may be left out. Never where all is to be shown and the data are said to be there, or their folder is:
 * then the catalogue is missed.
 */
export const withoutIcecat = (): string | false => {
  const mustBeThere =
    process.env.CI && (process.env.STOA_DATA || dataFolders().some((folder) => existsSync(folder)))
  return icecatFolder() !== undefined || mustBeThere
    ? false
    : `there is no icecat catalogue in ${dataFolders().join(' or ')}`
}

export function readIcecat(folder: string): Catalogue {
  const raws = readdirSync(folder)
    .filter((name) => name.endsWith('.zip'))
    .sort()
    .flatMap((name) => JSON.parse(onlyFileOf(readFileSync(join(folder, name)))) as Raw[])
  const attributes = definitionsOf(raws)
  const types = new Map(attributes.map(({ code, type }) => [code, type]))
  const numbers = new Map<string, string>()
  const documents = raws.map((raw): SearchDocument => {
    const productId = idOf(raw.id)
    numbers.set(productId, raw.id)
    const type = raw.attr_t_product_type
    return {
      productId,
      version: 1,
      slug: `p-${raw.id}`,
      name: raw.title.slice(0, 200),
      description: raw.short_description ?? '',
      brand: { slug: slugOf(raw.supplier), name: raw.supplier },
      categories:
        typeof type === 'string' && /\p{L}{3}/u.test(type)
          ? [{ categoryId: idOf('0'), path: [{ slug: slugOf(type), name: type }] }]
          : [],
      collections: [],
      attributes: attributesOf(raw, types),
      options: [],
      variants: [{ sku: raw.id, barcode: raw.ean[0] ?? null }],
      prices: [{ currency: 'EUR', fromMinor: raw.price, toMinor: raw.price, compareAtMinor: null }],
      image: null,
      rating: { average: null, count: 0 },
      publishedAt: raw.date_released,
    }
  })
  return { documents, attributes, numbers }
}

function attributesOf(raw: Raw, types: ReadonlyMap<string, string>): SearchDocument['attributes'] {
  const entries = Object.entries(raw).flatMap(([key, value]): [string, AttributeValue][] => {
    const code = codeOf(key)
    if (code === undefined || !types.has(code)) return []
    // A list has no spaces behind its commas.
    if (typeof value === 'string') return [[code, value.split(/,(?!\s)/)]]
    return typeof value === 'number' || typeof value === 'boolean' ? [[code, value]] : []
  })
  return { ...Object.fromEntries(entries), ...(raw.name !== raw.title && { [PART_NUMBER]: raw.name }) }
}

function codeOf(key: string): string | undefined {
  if (key === 'attr_t_product_type') return undefined
  const bare = /^attr_[tnb]_(.+)$/.exec(key)?.[1]
  return bare?.replaceAll(/_+/g, '-').replaceAll(/^-|-$/g, '')
}

function definitionsOf(raws: readonly Raw[]): AttributeDefinition[] {
  const types = new Map<string, AttributeDefinition['type']>([[PART_NUMBER, 'text']])
  for (const raw of raws)
    for (const key of Object.keys(raw)) {
      const code = codeOf(key)
      if (code !== undefined && !types.has(code))
        types.set(code, key[5] === 'n' ? 'number' : key[5] === 'b' ? 'boolean' : 'multi-select')
    }
  return [...types].map(([code, type]) => ({
    code,
    name: code.replaceAll('-', ' '),
    type,
    unit: null,
    allowedValues: [],
    filterable: code !== PART_NUMBER,
    searchable: type === 'text' || type === 'multi-select',
    position: 0,
  }))
}

const slugOf = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

/** The same product has the same id in each run. */
const idOf = (number: string): string => `01890000-0000-7000-8000-${number.padStart(12, '0')}`

/** The first file of a zip (APPNOTE 4.3: the central directory says where and how long). These are small and ours: no zip64. */
function onlyFileOf(zip: Buffer): string {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  const directory = zip.readUInt32LE(end + 16)
  const method = zip.readUInt16LE(directory + 10)
  const packed = zip.readUInt32LE(directory + 20)
  const header = zip.readUInt32LE(directory + 42)
  const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28)
  const bytes = zip.subarray(start, start + packed)
  return (method === 0 ? bytes : inflateRawSync(bytes)).toString('utf8')
}
