import { isGtin } from '../../gtin.ts'
import { checked, type ImportItemInput, type Note, type Read, type ReadOptions, type Stage } from '../item.ts'
import type { Bundle } from '../sources/bundle.ts'
import { csvRows } from '../sources/csv-rows.ts'
import { amountMinor } from './amount.ts'
import { categoryPath, definition, readableName, skuOf, stableSlug } from './naming.ts'
import { oneLine, plainText, shortened } from './plain-text.ts'

type Row = Readonly<Record<string, string>>
type Line = { readonly line: number; readonly row: Row }

/** More rows of one product than it may have variants and pictures. */
const MAX_ROWS = 500

/** Shopify's product CSV, in its older and its newer column names: the rows of a product stand together under its handle. */
export const shopifyStages = (bundle: Bundle, options: ReadOptions): Stage[] =>
  bundle.files
    .filter(({ name }) => name.toLowerCase().endsWith('.csv'))
    .map((file) => ({
      name: file.name,
      read: async function* (): AsyncIterable<Read> {
        let lines: Line[] = []
        for await (const record of csvRows(file)) {
          const place = { file: file.name, line: record.line }
          if ('fault' in record) {
            yield { ...place, refused: { field: null, reason: record.fault } }
            continue
          }
          const row = inOldNames(record.row)
          const handle = row.Handle?.trim() ?? ''
          if (handle === '') {
            yield { ...place, refused: { field: 'Handle', reason: 'is missing' } }
            continue
          }
          const same = lines[0]?.row.Handle?.trim() === handle
          if (same && lines.length >= MAX_ROWS) {
            yield { ...place, refused: { field: 'Handle', reason: `has more than ${MAX_ROWS} rows` } }
            continue
          }
          if (!same && lines.length > 0) {
            yield readProduct(file.name, lines, options)
            lines = []
          }
          lines.push({ line: record.line, row })
        }
        if (lines.length > 0) yield readProduct(file.name, lines, options)
      },
    }))

/** The columns of the template of 2024 and later, by those before. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'URL handle': 'Handle',
  Description: 'Body (HTML)',
  'Product category': 'Product Category',
  'Published on online store': 'Published',
  SKU: 'Variant SKU',
  Barcode: 'Variant Barcode',
  'Option1 name': 'Option1 Name',
  'Option1 value': 'Option1 Value',
  'Option2 name': 'Option2 Name',
  'Option2 value': 'Option2 Value',
  'Option3 name': 'Option3 Name',
  'Option3 value': 'Option3 Value',
  Price: 'Variant Price',
  'Compare-at price': 'Variant Compare At Price',
  'Inventory quantity': 'Variant Inventory Qty',
  'Weight value (grams)': 'Variant Grams',
  'Product image URL': 'Image Src',
  'Image position': 'Image Position',
  'Image alt text': 'Image Alt Text',
  'Variant image URL': 'Variant Image',
  'SEO title': 'SEO Title',
  'SEO description': 'SEO Description',
  'Gift card': 'Gift Card',
}

function inOldNames(row: Row): Row {
  if ('Handle' in row) return row
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [OLD_NAMES[name] ?? name, value]))
}

function readProduct(file: string, lines: readonly Line[], { currency }: ReadOptions): Read {
  const { row: first, line } = lines[0]!
  const place = { file, line }
  const refuse = (at: number, field: string, reason: string): Read => ({
    file,
    line: at,
    refused: { field, reason },
  })
  const notes: Note[] = []
  const handle = first.Handle!.trim()
  const title = oneLine(plainText(first.Title ?? ''))
  if (title === '') return refuse(line, 'Title', 'is missing')
  if (/^true$/i.test(first['Gift Card'] ?? ''))
    return refuse(line, 'Gift Card', 'gift cards cannot be sold here')
  const name = shortened(title, 200)
  if (name !== undefined) notes.push({ field: 'Title', reason: 'was shortened to 200 characters' })

  // A product without options has one that Shopify calls Title, with the value Default Title.
  const numbers = ['1', '2', '3'].filter(
    (number) =>
      first[`Option${number} Name`]?.trim() && first[`Option${number} Value`]?.trim() !== 'Default Title',
  )
  const optionName = (number: string) => oneLine(first[`Option${number} Name`]!).slice(0, 40)
  const rows = lines.filter(({ row }, index) => index === 0 || row['Variant Price'] || row['Option1 Value'])
  const variants: (Extract<ImportItemInput, { kind: 'product' }>['variants'][number] & {
    options: Record<string, string>
  })[] = []
  const stock: { sku: string; quantity: number }[] = []
  const variantPictures = new Map<string, string[]>()
  for (const { row, line: at } of rows) {
    const options = Object.fromEntries(
      numbers.map((number) => [optionName(number), oneLine(row[`Option${number} Value`] ?? '').slice(0, 60)]),
    )
    const given = row['Variant SKU']?.trim() ?? ''
    const sku = given || skuOf([handle, ...Object.values(options)].join('-'))
    if (given === '') notes.push({ field: 'Variant SKU', reason: `is missing; ${sku} takes its place` })
    const price = amountMinor(row['Variant Price'] ?? '', currency)
    if (price === undefined) return refuse(at, 'Variant Price', `must be an amount in ${currency} like 49.90`)
    const before = row['Variant Compare At Price']
      ? amountMinor(row['Variant Compare At Price'], currency)
      : undefined
    const cost = row['Cost per item'] ? amountMinor(row['Cost per item'], currency) : undefined
    const code = row['Variant Barcode']?.trim().replace(/^'/, '') ?? ''
    if (code !== '' && !isGtin(code))
      notes.push({ field: 'Variant Barcode', reason: `${code.slice(0, 40)} is not a GTIN and was left out` })
    const grams = Number(row['Variant Grams'] || Number.NaN)
    variants.push({
      sku,
      ...(isGtin(code) ? { barcode: code } : {}),
      options,
      prices: [
        {
          amountMinor: price,
          currency,
          ...(before !== undefined && before > price ? { compareAtMinor: before } : {}),
        },
      ],
      ...(cost === undefined ? {} : { cost: { amountMinor: cost, currency } }),
      ...(Number.isFinite(grams) && grams >= 0 && grams <= 10_000_000
        ? { weightGrams: Math.round(grams) }
        : {}),
    })
    const quantity = row['Variant Inventory Qty']?.trim() ?? ''
    if (/^-?\d{1,8}$/.test(quantity)) stock.push({ sku, quantity: Math.max(0, Number(quantity)) })
    const picture = row['Variant Image']?.trim()
    if (picture) variantPictures.set(picture, [...(variantPictures.get(picture) ?? []), sku])
  }
  const description = plainText(first['Body (HTML)'] ?? '')
  const tags = [...new Set((first.Tags ?? '').split(',').map(oneLine))].filter(Boolean).slice(0, 100)
  const brand = oneLine(first.Vendor ?? '').slice(0, 120)
  const { attributes, definitions } = metafields(first)
  if (tags.length > 0) {
    attributes.tags = tags.map((tag) => tag.slice(0, 200))
    definitions.push(definition('tags', { name: 'Tags', type: 'multi-select' }))
  }
  const seo = {
    title: textOrNull(first['SEO Title'], 200),
    description: textOrNull(first['SEO Description'], 500),
  }
  return checked(
    place,
    {
      kind: 'product',
      by: { slug: stableSlug(handle) },
      name: name ?? title,
      ...(brand === '' ? {} : { brand }),
      description: shortened(description, 20_000) ?? description,
      categories: categoriesOf(first),
      attributes,
      definitions,
      options: numbers.map((number) => ({
        name: optionName(number),
        values: [...new Set(variants.map(({ options }) => options[optionName(number)]!))],
      })),
      variants,
      ...(seo.title || seo.description ? { seo } : {}),
      status: statusOf(first),
      pictures: picturesOf(lines, variantPictures, title),
      stock,
    },
    notes,
  )
}

/** `Apparel & Accessories > Clothing > Shirts`, else the merchant's own type. */
const categoriesOf = (row: Row): ReturnType<typeof categoryPath>[] => {
  const path = categoryPath((row['Product Category'] || row.Type || '').split('>'))
  return path.length > 0 ? [path] : []
}

function statusOf(row: Row): 'published' | 'draft' | 'archived' {
  const status = row.Status?.trim().toLowerCase()
  if (status === 'archived' || status === 'draft') return status
  return /^false$/i.test(row.Published ?? '') ? 'draft' : 'published'
}

function picturesOf(
  lines: readonly Line[],
  variantPictures: ReadonlyMap<string, string[]>,
  name: string,
): { source: string; alt: string; variantSkus: string[] }[] {
  const pictures = lines
    .filter(({ row }) => row['Image Src']?.trim())
    .map(({ row }, index) => ({
      source: row['Image Src']!.trim(),
      alt: oneLine(row['Image Alt Text'] || name).slice(0, 500),
      variantSkus: variantPictures.get(row['Image Src']!.trim()) ?? [],
      position: Number(row['Image Position']) || index + 1,
    }))
    .sort((a, b) => a.position - b.position)
  const known = new Set(pictures.map(({ source }) => source))
  const others = [...variantPictures].filter(([source]) => !known.has(source))
  return [
    ...pictures.map(({ position: _, ...picture }) => picture),
    ...others.map(([source, variantSkus]) => ({ source, alt: name.slice(0, 500), variantSkus })),
  ]
    .filter(({ source }, index, all) => all.findIndex((one) => one.source === source) === index)
    .slice(0, 50)
}

/** `Fabric (product.metafields.custom.fabric)` */
function metafields(row: Row) {
  const attributes: Record<string, string | string[]> = {}
  const definitions: ReturnType<typeof definition>[] = []
  for (const [column, value] of Object.entries(row)) {
    const match = /^(.*)\(product\.metafields\.[^.)]+\.([A-Za-z0-9_-]+)\)$/.exec(column)
    if (!match || value.trim() === '') continue
    const code = stableSlug(match[2]!)
    attributes[code] = plainText(value).slice(0, 4000)
    definitions.push(
      definition(code, {
        name: oneLine(match[1]!).slice(0, 120) || readableName(match[2]!),
        type: 'text',
        filterable: false,
      }),
    )
  }
  return { attributes, definitions }
}

function textOrNull(text: string | undefined, maxLength: number): string | null {
  const line = oneLine(plainText(text ?? ''))
  return line === '' ? null : (shortened(line, maxLength) ?? line)
}
