import { checked, type ImportItemInput, type Note, type Read, type ReadOptions, type Stage } from '../item.ts'
import type { Bundle, SourceFile } from '../sources/bundle.ts'
import { csvRows } from '../sources/csv-rows.ts'
import { armed, type Column, split } from '../stoa-csv.ts'
import { amountMinor } from './amount.ts'

type Row = Readonly<Record<Column, string>>
type Line = { readonly line: number; readonly row: Row }

/** Rows of one product: variants, pictures and itself. */
const MAX_ROWS = 310

/** Our own CSV, as `stoa-csv.ts` describes it. */
export const stoaStages = (bundle: Bundle, options: ReadOptions): Stage[] =>
  bundle.files
    .filter(({ name }) => name.toLowerCase().endsWith('.csv'))
    .map((file) => ({ name: file.name, read: () => readStoa(file, options) }))

async function* readStoa(file: SourceFile, options: ReadOptions): AsyncIterable<Read> {
  let product: Line[] = []
  for await (const record of csvRows(file)) {
    const refuse = (field: string | null, reason: string): Read => ({
      file: file.name,
      line: record.line,
      refused: { field, reason },
    })
    if ('fault' in record) {
      yield refuse(null, record.fault)
      continue
    }
    const row = rowOf(record.row)
    const type = row.type.trim()
    if (type === 'variant' || type === 'picture') {
      if (product.length === 0 || (row.product !== '' && row.product !== product[0]!.row.slug))
        yield refuse('product', `does not stand below the product ${row.product}`)
      else if (product.length >= MAX_ROWS) yield refuse('product', `has more than ${MAX_ROWS} rows`)
      else product.push({ line: record.line, row })
      continue
    }
    if (product.length > 0) {
      yield guarded(file.name, product[0]!, () => productItem(product, options))
      product = []
    }
    const line = { line: record.line, row }
    if (type === 'product') product = [line]
    else if (Object.hasOwn(THINGS, type))
      yield guarded(file.name, line, () => THINGS[type as keyof typeof THINGS](row, options))
    else yield refuse('type', `must be one of product, variant, picture, ${Object.keys(THINGS).join(', ')}`)
  }
  if (product.length > 0) yield guarded(file.name, product[0]!, () => productItem(product, options))
}

/** Every column, also those that the file does not have. */
const rowOf = (row: Readonly<Record<string, string>>): Row =>
  new Proxy(row, { get: (target, name) => armed(target[name as string] ?? '') }) as Row

/** A cell that is not as it must be. */
class CellFault extends Error {
  readonly note: Note
  readonly line: number | undefined
  constructor(field: string, reason: string, line?: number) {
    super(reason)
    this.note = { field, reason }
    this.line = line
  }
}

function guarded(file: string, { line }: Line, make: () => ImportItemInput): Read {
  try {
    return checked({ file, line }, make())
  } catch (error) {
    if (error instanceof CellFault) return { file, line: error.line ?? line, refused: error.note }
    throw error
  }
}

const THINGS = {
  attribute: (row) => ({
    kind: 'attribute',
    definition: {
      code: row.slug,
      name: row.name,
      type: row.value_type as 'text',
      unit: orNull(row.unit),
      allowedValues: split(row.allowed_values),
      filterable: flag(row, 'filterable') ?? false,
      searchable: flag(row, 'searchable') ?? false,
      position: whole(row, 'position') ?? 0,
    },
  }),
  category: (row) => ({
    kind: 'category',
    slug: row.slug,
    name: row.name,
    parentSlug: orNull(row.parent),
    position: whole(row, 'position') ?? 0,
    description: row.description,
    picture: orNull(row.picture),
    seo: seo(row),
    attributes: split(row.attributes).map((entry) => ({
      code: entry.replace(/!$/, ''),
      required: entry.endsWith('!'),
    })),
  }),
  brand: (row) => ({ kind: 'brand', ...thing(row) }),
  collection: (row) => ({ kind: 'collection', ...thing(row) }),
  'collection-product': (row) => ({
    kind: 'collection-product',
    collection: row.parent,
    product: row.product,
    position: whole(row, 'position') ?? 0,
  }),
  link: (row) => ({
    kind: 'links',
    of: { slug: row.product },
    link: row.kind as 'related',
    to: split(row.to).map((slug) => ({ slug })),
  }),
  'price-list': (row) => ({
    kind: 'price-list',
    priceListId: row.key,
    name: row.name,
    currency: row.currency,
    customerGroup: orNull(row.customer_group),
    priority: whole(row, 'priority') ?? 0,
    startsAt: orNull(row.starts_at),
    endsAt: orNull(row.ends_at),
  }),
  'list-price': (row, { currency }) => ({
    kind: 'list-prices',
    priceListId: row.key,
    sku: row.sku,
    tiers: parts(row.prices).map((part) => {
      const match = /^from (\d{1,7}) (\S+)$/.exec(part)
      const amount = match && amountMinor(match[2]!, row.currency || currency)
      if (!match || amount === null || amount === undefined)
        throw new CellFault('prices', 'must be like "from 1 9.00; from 10 8.00"')
      return { minQuantity: Number(match[1]), amountMinor: amount }
    }),
  }),
  redirect: (row) => ({ kind: 'redirect', of: row.kind as 'product', slug: row.slug, to: row.to }),
} as const satisfies Record<string, (row: Row, options: ReadOptions) => ImportItemInput>

const thing = (row: Row) => ({
  slug: row.slug,
  name: row.name,
  description: row.description,
  picture: orNull(row.picture),
  seo: seo(row),
})

function productItem(lines: readonly Line[], { currency }: ReadOptions): ImportItemInput {
  const { row, line } = lines[0]!
  const variants = lines.filter(({ row: { type } }) => type.trim() === 'variant')
  const pictures = lines.filter(({ row: { type } }) => type.trim() === 'picture')
  if (variants.length === 0) throw new CellFault('type', 'no variant stands below the product', line)
  return {
    kind: 'product',
    by: { slug: row.slug },
    name: row.name,
    brand: orNull(row.brand),
    description: row.description,
    categorySlugs: split(row.categories),
    attributes: json(row, 'attributes', {}) as Record<string, string>,
    options: json(row, 'options', []) as { name: string; values: string[] }[],
    variants: variants.map((one) => variantOf(one, currency)),
    seo: seo(row),
    ...(row.status === '' ? {} : { status: row.status as 'draft' }),
    publishAt: orNull(row.publish_at),
    unpublishAt: orNull(row.unpublish_at),
    pictures: pictures.map(({ row: one }) => ({
      source: one.picture,
      alt: orNull(one.alt),
      variantSkus: split(one.skus),
    })),
    stock: variants.flatMap(({ row: one, line }) => {
      const quantity = whole(one, 'stock', line)
      return quantity === undefined ? [] : [{ sku: one.sku, quantity }]
    }),
  }
}

function variantOf({ row, line }: Line, currency: string) {
  const weightGrams = whole(row, 'weight_grams', line)
  const cost = row.cost === '' ? undefined : money(row.cost, currency)
  if (row.cost !== '' && !cost) throw new CellFault('cost', 'must be like "49.90 EUR"', line)
  return {
    sku: row.sku,
    ...(row.barcode === '' ? {} : { barcode: row.barcode }),
    options: json(row, 'options', {}, line) as Record<string, string>,
    prices: parts(row.prices).map((part) => {
      const match = /^(.*?)(?: was (\S+))?$/.exec(part)!
      const price = money(match[1]!, currency)
      const compareAtMinor =
        match[2] === undefined ? undefined : price && amountMinor(match[2], price.currency)
      if (!price || (match[2] !== undefined && compareAtMinor === undefined))
        throw new CellFault('prices', 'must be like "149.00 EUR was 199.00; 159.00 USD"', line)
      return { ...price, ...(compareAtMinor === undefined ? {} : { compareAtMinor }) }
    }),
    ...(cost ? { cost } : {}),
    ...(weightGrams === undefined ? {} : { weightGrams }),
    archived: flag(row, 'archived', line) ?? false,
  }
}

const parts = (cell: string): string[] =>
  cell
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** `49.90 EUR`, or `49.90` in the currency of the run. */
function money(text: string, fallback: string): { amountMinor: number; currency: string } | undefined {
  const match = /^(\S+)(?: ([A-Z]{3}))?$/.exec(text.trim())
  const currency = match?.[2] ?? fallback
  const amount = match ? amountMinor(match[1]!, currency) : undefined
  return amount === undefined ? undefined : { amountMinor: amount, currency }
}

const orNull = (cell: string): string | null => (cell === '' ? null : cell)
const seo = (row: Row) => ({ title: orNull(row.seo_title), description: orNull(row.seo_description) })

function whole(row: Row, column: Column, line?: number): number | undefined {
  const cell = row[column].trim()
  if (cell === '') return undefined
  if (!/^-?\d{1,10}$/.test(cell)) throw new CellFault(column, 'must be a whole number', line)
  return Number(cell)
}

function flag(row: Row, column: Column, line?: number): boolean | undefined {
  const cell = row[column].trim().toLowerCase()
  if (cell === '') return undefined
  if (cell !== 'yes' && cell !== 'no') throw new CellFault(column, 'must be yes or no', line)
  return cell === 'yes'
}

function json(row: Row, column: Column, empty: unknown, line?: number): unknown {
  if (row[column] === '') return empty
  try {
    return JSON.parse(row[column])
  } catch {
    throw new CellFault(column, 'is not JSON', line)
  }
}
