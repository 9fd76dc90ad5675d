import { checked, type ImportItemInput, type Note, type Read, type ReadOptions, type Stage } from '../item.ts'
import type { Bundle, SourceFile } from '../sources/bundle.ts'
import { csvRows } from '../sources/csv-rows.ts'
import { pictureIndex } from './bundle-pictures.ts'
import { gearStages } from './magento-gear.ts'
import { attributesOf, type Row, stockOf, type VariantOf, variantOf } from './magento-row.ts'
import { categoryPath, readableName, stableSlug } from './naming.ts'
import { oneLine, plainText, shortened } from './plain-text.ts'

type Place = { readonly file: string; readonly line: number }

/** Rows that wait for the product that they are variants of. Magento writes them just before it. */
const MAX_HELD_ROWS = 50_000
const MAX_HELD_CHARACTERS = 64 * 1024 * 1024

/**
 * A folder in Magento's import format: categories, products (a configurable product with its simple ones becomes one with variants), the
 * sample data's gear, then links and reviews, which name products that must be there.
 */
export async function magentoStages(bundle: Bundle, options: ReadOptions): Promise<Stage[]> {
  const csv = bundle.files.filter(({ name }) => name.toLowerCase().endsWith('.csv'))
  const pictures = pictureIndex(bundle)
  const named = (pattern: RegExp) => csv.filter(({ name }) => pattern.test(name))
  const products: SourceFile[] = []
  for (const file of csv) {
    const first = await firstRow(file)
    if (first && 'sku' in first && 'product_type' in first) products.push(file)
  }
  return [
    ...named(/(^|\/)categories\.csv$/i).map((file) => stage(file, () => readCategories(file))),
    ...products.map((file) => stage(file, () => readProducts(file, options, pictures))),
    ...gearStages(csv, options, pictures),
    ...products.map((file) => stage(file, () => readLinkColumns(file), ' (links)')),
    ...named(/(^|\/)(related|upsell|crosssell)\.csv$/i).map((file) => stage(file, () => readLinks(file))),
    ...named(/(^|\/)reviews\.csv$/i).map((file) => stage(file, () => readReviews(file))),
  ]
}

const stage = (file: SourceFile, read: Stage['read'], part = ''): Stage => ({ name: file.name + part, read })

export async function firstRow(file: SourceFile): Promise<Row | undefined> {
  for await (const record of csvRows(file)) if ('row' in record) return record.row
  return undefined
}

async function* readCategories(file: SourceFile): AsyncIterable<Read> {
  for await (const record of csvRows(file)) {
    const place = { file: file.name, line: record.line }
    if ('fault' in record) yield { ...place, refused: { field: null, reason: record.fault } }
    else {
      const { name = '', path = '', position = '' } = record.row
      const steps = categoryPath([...path.split('/'), name])
      const last = steps.at(-1)
      if (!last) yield { ...place, refused: { field: 'name', reason: 'is missing' } }
      else
        yield checked(place, {
          kind: 'category',
          slug: last.slug,
          name: last.name,
          parentSlug: steps.at(-2)?.slug ?? null,
          ...(/^\d{1,6}$/.test(position) ? { position: Number(position) } : {}),
        })
    }
  }
}

type Held = Place & { readonly row: Row; readonly characters: number }
type Waiting = Place & { readonly row: Row; readonly variations: readonly Variation[] }

/**
 * Products in the order in which they are complete. What is held is bounded: rows of a product that does not come in time are refused.
 */
async function* readProducts(
  file: SourceFile,
  options: ReadOptions,
  pictures: ReturnType<typeof pictureIndex>,
): AsyncIterable<Read> {
  const held = new Map<string, Held>()
  const waiting = new Map<string, Waiting>()
  /** Which configurable product waits for a SKU that did not come yet. */
  const awaited = new Map<string, string>()
  let heldCharacters = 0
  const take = (sku: string): Held | undefined => {
    const one = held.get(sku)
    if (one && held.delete(sku)) heldCharacters -= one.characters
    return one
  }
  const finish = (parent: Waiting): Read => {
    waiting.delete(parent.row.sku!)
    const found = parent.variations.flatMap((variation) => {
      awaited.delete(variation.sku)
      const one = take(variation.sku)
      return one ? [{ variation, row: one.row }] : []
    })
    return configurable(parent, found, options, pictures)
  }

  for await (const record of csvRows(file)) {
    const place: Place = { file: file.name, line: record.line }
    const refuse = (field: string | null, reason: string): Read => ({ ...place, refused: { field, reason } })
    if ('fault' in record) {
      yield refuse(null, record.fault)
      continue
    }
    const { row } = record
    const sku = row.sku?.trim() ?? ''
    if (sku === '') yield refuse('sku', 'is missing')
    else if (row.store_view_code) yield refuse('store_view_code', 'translations are not imported')
    else if (row.product_type === 'configurable') {
      const parent = { ...place, row, variations: variationsOf(row.configurable_variations ?? '') }
      const missing = parent.variations.filter((variation) => !held.has(variation.sku))
      if (missing.length === 0) yield finish(parent)
      else {
        waiting.set(sku, parent)
        for (const variation of missing) awaited.set(variation.sku, sku)
      }
    } else if (row.product_type !== 'simple')
      yield refuse('product_type', `a ${row.product_type || 'nameless'} product cannot be sold here`)
    else if (/not visible individually/i.test(row.visibility ?? '')) {
      if (held.has(sku)) {
        yield refuse('sku', `is that of line ${held.get(sku)!.line}, too`)
        continue
      }
      const characters = Object.values(row).reduce((sum, text) => sum + text.length, 0)
      held.set(sku, { ...place, row, characters })
      heldCharacters += characters
      const parent = waiting.get(awaited.get(sku) ?? '')
      if (parent?.variations.every((variation) => held.has(variation.sku))) yield finish(parent)
    } else yield simple(place, row, options, pictures)

    while (held.size > MAX_HELD_ROWS || heldCharacters > MAX_HELD_CHARACTERS) {
      const [oldest, one] = held.entries().next().value!
      take(oldest)
      yield {
        file: one.file,
        line: one.line,
        refused: { field: 'sku', reason: `no configurable product within ${MAX_HELD_ROWS} rows names it` },
      }
    }
  }
  for (const parent of [...waiting.values()]) yield finish(parent)
  for (const { file, line } of held.values())
    yield { file, line, refused: { field: 'sku', reason: 'no configurable product of the file names it' } }
}

type Variation = { readonly sku: string; readonly choices: Readonly<Record<string, string>> }

/** `sku=A-XS,size=XS,color=Black|sku=A-S,size=S,color=Black` */
export function variationsOf(text: string): Variation[] {
  return text.split('|').flatMap((one) => {
    const { sku = '', ...choices } = pairs(one)
    return sku === '' ? [] : [{ sku, choices }]
  })
}

/** `material=Wool,climate=Cool|Indoor`: a comma is a separator only before a name. */
export function pairs(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const pair of text.split(/,(?=[A-Za-z][A-Za-z0-9_]*=)/)) {
    const at = pair.indexOf('=')
    if (at > 0)
      found[pair.slice(0, at).trim()] = pair
        .slice(at + 1)
        .trim()
        .replace(/^"(.*)"$/s, '$1')
  }
  return found
}

function configurable(
  parent: Waiting,
  found: readonly { variation: Variation; row: Row }[],
  options: ReadOptions,
  pictures: ReturnType<typeof pictureIndex>,
): Read {
  const { row } = parent
  const refuse = (field: string, reason: string): Read => ({
    file: parent.file,
    line: parent.line,
    refused: { field, reason },
  })
  if (found.length === 0) return refuse('configurable_variations', 'none of its variants is in the file')
  const notes: Note[] = []
  const missing = parent.variations.filter(({ sku }) => !found.some(({ variation }) => variation.sku === sku))
  for (const { sku } of missing)
    notes.push({ field: 'configurable_variations', reason: `${sku} is not in the file` })
  const labels = pairs(row.configurable_variation_labels ?? '')
  const codes = [...new Set(found.flatMap(({ variation }) => Object.keys(variation.choices)))]
  const named = codes.map((code) => ({
    code,
    name: oneLine(labels[code] || readableName(code)).slice(0, 40),
  }))
  const variants: (VariantOf & { options: Record<string, string> })[] = []
  for (const { variation, row: own } of found) {
    const priced = variantOf(own, options)
    if ('reason' in priced) return refuse(`${variation.sku}.${priced.field}`, priced.reason)
    variants.push({
      ...priced,
      options: Object.fromEntries(
        named.map(({ code, name }) => [name, oneLine(variation.choices[code] ?? '')]),
      ),
    })
  }
  const item = productOf(parent.row, notes)
  const own = found.map((one) => ({
    row: one.row,
    sku: one.row.sku!.trim(),
    words: [item.name, one.variation.choices.color].filter(Boolean).join(', '),
  }))
  return checked(
    parent,
    {
      ...item,
      by: { sku: variants[0]!.sku },
      options: named.map(({ name }) => ({
        name,
        values: [...new Set(variants.map((one) => one.options[name]!))],
      })),
      variants,
      stock: found.flatMap(({ row: simple }) => stockOf(simple)),
      pictures: picturesOf(row, item.name, own, pictures, notes),
    },
    notes,
  )
}

function simple(
  place: Place,
  row: Row,
  options: ReadOptions,
  pictures: ReturnType<typeof pictureIndex>,
): Read {
  const variant = variantOf(row, options)
  if ('reason' in variant) return { ...place, refused: variant }
  const notes: Note[] = []
  const item = productOf(row, notes)
  return checked(
    place,
    {
      ...item,
      by: { sku: variant.sku },
      variants: [variant],
      stock: stockOf(row),
      pictures: picturesOf(row, item.name, [], pictures, notes),
    },
    notes,
  )
}

/** Everything of a product but what its variants say. */
function productOf(
  row: Row,
  notes: Note[],
): Omit<Extract<ImportItemInput, { kind: 'product' }>, 'by' | 'variants'> & { name: string } {
  const given = oneLine(plainText(row.name ?? ''))
  const name = shortened(given, 200) ?? given
  if (name !== given) notes.push({ field: 'name', reason: 'was shortened to 200 characters' })
  const { attributes, definitions } = attributesOf(pairs(row.additional_attributes ?? ''))
  const texts = [row.short_description, row.description].map((text) => plainText(text ?? ''))
  const text = texts[1] || texts[0] || ''
  const description = shortened(text, 20_000) ?? text
  const slug = row.url_key ? stableSlug(row.url_key) : undefined
  const seo = {
    title: shortenedLine(row.meta_title, 200),
    description: shortenedLine(row.meta_description, 500),
  }
  return {
    kind: 'product',
    sourceKey: row.sku!.trim().slice(0, 200),
    name,
    ...(slug === undefined ? {} : { slug }),
    description,
    categories: categoriesOf(row.categories ?? ''),
    attributes,
    definitions,
    ...(seo.title || seo.description ? { seo } : {}),
    status: row.product_online === '2' || row.product_online === '0' ? 'draft' : 'published',
  }
}

function shortenedLine(text: string | undefined, maxLength: number): string | null {
  const line = oneLine(plainText(text ?? ''))
  return line === '' ? null : (shortened(line, maxLength) ?? line)
}

/** `Default Category/Men/Tops,Default Category`: the root that every shop has says nothing. A category covers those above it. */
export function categoriesOf(text: string): ReturnType<typeof categoryPath>[] {
  const paths = text
    .split(',')
    .map((path) =>
      categoryPath(path.split('/').filter((name, index) => index > 0 || name !== 'Default Category')),
    )
    .filter((path) => path.length > 0)
  const slugs = paths.map((path) => path.at(-1)!.slug)
  return paths
    .filter((path, index) => slugs.indexOf(path.at(-1)!.slug) === index)
    .filter(
      (path) =>
        !paths.some(
          (other) => other.length > path.length && other[path.length - 1]!.slug === path.at(-1)!.slug,
        ),
    )
}

/** The pictures of a product and of its variants, each once, with the variants that share it. */
function picturesOf(
  row: Row,
  name: string,
  variants: readonly { row: Row; sku: string; words: string }[],
  pictures: ReturnType<typeof pictureIndex>,
  notes: Note[],
): { source: string; alt: string | null; variantSkus: string[] }[] {
  const found = new Map<string, { source: string; alt: string; variantSkus: string[] }>()
  const missing = new Set<string>()
  const add = (path: string, alt: string, sku?: string) => {
    const source = pictures.find(path)
    if (source === undefined) {
      missing.add(path)
      return
    }
    const known = found.get(source)
    if (known) {
      if (sku !== undefined) {
        if (known.variantSkus.length === 0) known.alt = alt
        known.variantSkus.push(sku)
      }
    } else found.set(source, { source, alt: alt.slice(0, 500), variantSkus: sku === undefined ? [] : [sku] })
  }
  for (const path of picturePaths(row)) add(path, oneLine(row.base_image_label || name))
  for (const one of variants) for (const path of picturePaths(one.row)) add(path, one.words, one.sku)
  for (const path of [...missing].slice(0, 5))
    notes.push({ field: 'base_image', reason: `the picture ${path.slice(0, 200)} is not there` })
  return [...found.values()].slice(0, 50)
}

const picturePaths = (row: Row): string[] => [
  ...new Set(
    [row.base_image, ...(row.additional_images ?? '').split(',')].flatMap((path) =>
      path?.trim() ? [path.trim()] : [],
    ),
  ),
]

const LINKS = { related: 'related', upsell: 'up-sell', crosssell: 'cross-sell' } as const

/** `sku,linked_sku`, with a line for each linked SKU. */
async function* readLinks(file: SourceFile): AsyncIterable<Read> {
  const kind = /(related|upsell|crosssell)\.csv$/i.exec(file.name)![1]!.toLowerCase() as keyof typeof LINKS
  for await (const record of csvRows(file)) {
    const place = { file: file.name, line: record.line }
    if ('fault' in record) yield { ...place, refused: { field: null, reason: record.fault } }
    else
      yield linksItem(place, LINKS[kind], record.row.sku ?? '', (record.row.linked_sku ?? '').split(/[\n,]/))
  }
}

/** The columns in which Magento's own export has the links. */
async function* readLinkColumns(file: SourceFile): AsyncIterable<Read> {
  for await (const record of csvRows(file)) {
    if ('fault' in record) continue
    for (const kind of ['related', 'upsell', 'crosssell'] as const) {
      const skus = record.row[`${kind}_skus`]
      if (skus)
        yield linksItem(
          { file: file.name, line: record.line },
          LINKS[kind],
          record.row.sku ?? '',
          skus.split(','),
        )
    }
  }
}

function linksItem(
  place: Place,
  link: 'related' | 'up-sell' | 'cross-sell',
  sku: string,
  linked: readonly string[],
): Read {
  const keys = [...new Set(linked.map((one) => one.trim()))].filter((one) => one !== '' && one !== sku.trim())
  return checked(place, {
    kind: 'links',
    of: { key: sku.trim() },
    link,
    to: keys.slice(0, 50).map((key) => ({ key })),
  })
}

async function* readReviews(file: SourceFile): AsyncIterable<Read> {
  for await (const record of csvRows(file)) {
    const place = { file: file.name, line: record.line }
    if ('fault' in record) {
      yield { ...place, refused: { field: null, reason: record.fault } }
      continue
    }
    const { sku = '', rating_value = '', title = '', review = '', reviewer = '' } = record.row
    const heading = oneLine(plainText(title || review))
    const text = plainText(review)
    yield checked(place, {
      kind: 'review',
      of: { key: sku.trim() },
      author: oneLine(plainText(reviewer)).slice(0, 60) || 'Anonymous',
      stars: Number(rating_value),
      title: shortened(heading, 120) ?? heading,
      text: shortened(text, 5000) ?? text,
    })
  }
}
