/**
 * Our own CSV: the whole catalogue in one table, UTF-8, with a row per thing. `type` says what a row is, and which columns it uses:
 *
 * | type | columns |
 * |---|---|
 * | attribute | slug (its code) name value_type unit allowed_values filterable searchable position |
 * | category | slug name parent position description picture seo_title seo_description attributes |
 * | brand, collection | slug name description picture seo_title seo_description |
 * | product | slug name brand description status categories attributes options seo_title seo_description publish_at unpublish_at |
 * | variant | product sku barcode options prices cost weight_grams archived stock |
 * | picture | product picture alt skus |
 * | collection-product | parent (the collection) product position |
 * | link | product kind to |
 * | price-list | key name currency customer_group priority starts_at ends_at |
 * | list-price | key sku prices |
 * | redirect | kind slug to |
 *
 * The variants and pictures of a product stand below it, in order. Things stand before those that name them. Lists have a bar between
 * (`categories`, `skus`, `to`, `allowed_values`); `options` and `attributes` of products are JSON. An empty cell is no value.
 * `prices` are `149.00 EUR was 199.00; 159.00 USD`, those of a list `from 1 9.00; from 10 8.00`. A category asks for `attributes`:
 * `material!|colour`, those with `!` are required. `picture` is an address, `sha256:` and the digest of one that the shop has, or
 * `file:` and a file beside this one.
 */
export const COLUMNS = [
  'type',
  'slug',
  'parent',
  'product',
  'sku',
  'name',
  'brand',
  'status',
  'categories',
  'options',
  'prices',
  'cost',
  'barcode',
  'weight_grams',
  'archived',
  'stock',
  'position',
  'description',
  'attributes',
  'picture',
  'alt',
  'skus',
  'kind',
  'to',
  'seo_title',
  'seo_description',
  'publish_at',
  'unpublish_at',
  'value_type',
  'unit',
  'allowed_values',
  'filterable',
  'searchable',
  'key',
  'currency',
  'customer_group',
  'priority',
  'starts_at',
  'ends_at',
] as const
export type Column = (typeof COLUMNS)[number]
export type Cells = Readonly<Partial<Record<Column, string | number | boolean | null>>>

/** What spreadsheets take for a formula (OWASP, CSV injection), and what would be taken for the mark that we set before one. */
const RISKY = /^(?:[=+\-@\t\r]|'[=+\-@\t\r'])/
const NUMBER = /^-?\d+(?:\.\d+)?$/

/** A cell as a spreadsheet shows it as text: an apostrophe stands before what it would run. */
export const defused = (text: string): string => (RISKY.test(text) && !NUMBER.test(text) ? `'${text}` : text)
/** The text of a cell again. */
export const armed = (cell: string): string => (/^'[=+\-@\t\r']/.test(cell) ? cell.slice(1) : cell)

/** One line of CSV (RFC 4180), with its end. */
export const csvLine = (cells: readonly (string | number | boolean | null | undefined)[]): string =>
  `${cells
    .map((cell) => {
      const text =
        cell === null || cell === undefined
          ? ''
          : cell === true
            ? 'yes'
            : cell === false
              ? 'no'
              : String(cell)
      const safe = defused(text)
      return /[",;\r\n\t]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe
    })
    .join(',')}\r\n`

export const header = csvLine(COLUMNS)
export const rowLine = (cells: Cells): string => csvLine(COLUMNS.map((column) => cells[column]))

/** A list in one cell: a bar, or a backslash, within an entry has a backslash before it. */
export const joined = (entries: readonly string[]): string =>
  entries.map((entry) => entry.replaceAll(/[\\|]/g, '\\$&')).join('|')
export function split(cell: string): string[] {
  if (cell === '') return []
  const entries: string[] = []
  let entry = ''
  for (let at = 0; at < cell.length; at += 1) {
    if (cell[at] === '\\' && at + 1 < cell.length) {
      at += 1
      entry += cell[at]
    } else if (cell[at] === '|') {
      entries.push(entry)
      entry = ''
    } else entry += cell[at]
  }
  return [...entries, entry]
}
