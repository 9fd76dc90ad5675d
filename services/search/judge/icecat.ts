import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import type { AttributeDefinition, AttributeValue, SearchDocument } from '@stoa/contracts/search-document'

/** The open icecat catalogue, as the importer brings it into search. */
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

/** An attribute with more values than this divides nothing: it is searched, not filtered by. */
const FILTER_VALUES = 200
const FILTER_PRODUCTS = 100

export const icecatFolder = (): string | undefined =>
  [process.env.STOA_DATA, join(import.meta.dirname, '../../../../shared/data')]
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, 'icecat'))
    .find((folder) => existsSync(join(folder, 'judgements.csv')))

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
      name: raw.title,
      description: raw.short_description ?? '',
      brand: { slug: slugOf(raw.supplier), name: raw.supplier },
      categories:
        typeof type === 'string' && /\p{L}/u.test(type)
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
    if (typeof value === 'string')
      return [[code, types.get(code) === 'multi-select' ? value.split(/,\s*/) : value]]
    return typeof value === 'number' || typeof value === 'boolean' ? [[code, value]] : []
  })
  return Object.fromEntries(entries)
}

const codeOf = (key: string): string | undefined => /^attr_[tnb]_(.+)$/.exec(key)?.[1]

function definitionsOf(raws: readonly Raw[]): AttributeDefinition[] {
  const seen = new Map<string, { kind: string; products: number; values: Set<unknown> }>()
  for (const raw of raws)
    for (const [key, value] of Object.entries(raw)) {
      const code = codeOf(key)
      if (code === undefined) continue
      const one = seen.get(code) ?? { kind: key[5]!, products: 0, values: new Set() }
      one.products += 1
      if (one.values.size <= FILTER_VALUES) one.values.add(value)
      seen.set(code, one)
    }
  return [...seen].map(([code, { kind, products, values }], position): AttributeDefinition => {
    const filterable = products >= FILTER_PRODUCTS && (kind !== 't' || values.size <= FILTER_VALUES)
    return {
      code,
      name: code.replaceAll(/_+/g, ' ').trim(),
      type: kind === 'n' ? 'number' : kind === 'b' ? 'boolean' : 'text',
      unit: null,
      allowedValues: [],
      filterable,
      searchable: kind !== 'n',
      position,
    }
  })
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
