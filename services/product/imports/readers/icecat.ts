import { isGtin } from '../../gtin.ts'
import { slugify } from '../../slug.ts'
import {
  checked,
  type Definition,
  type ImportItemInput,
  type Note,
  type Read,
  type ReadOptions,
  type Stage,
} from '../item.ts'
import type { Bundle } from '../sources/bundle.ts'
import { jsonArray } from '../sources/json-array.ts'
import { categoryPath, definition, stableSlug } from './naming.ts'
import { oneLine, plainText, shortened } from './plain-text.ts'

/** icecat's open catalogue: JSON arrays of products with `attr_t_` (text), `attr_n_` (number) and `attr_b_` (boolean) fields. */
export const icecatStages = (bundle: Bundle, options: ReadOptions): Stage[] =>
  bundle.files
    .filter(({ name }) => name.toLowerCase().endsWith('.json'))
    .map((file) => ({
      name: file.name,
      read: async function* (): AsyncIterable<Read> {
        for await (const record of jsonArray(file)) {
          const place = { file: file.name, line: record.line }
          if ('fault' in record) yield { ...place, refused: { field: null, reason: record.fault } }
          else yield readIcecat(record.value, place, options)
        }
      },
      count: async () => {
        let records = 0
        for await (const _ of jsonArray(file)) records += 1
        return records
      },
    }))

/** One of its products, as an item. */
export function readIcecat(
  value: unknown,
  place: { file: string; line: number },
  { currency }: Pick<ReadOptions, 'currency'>,
): Read {
  const refuse = (field: string | null, reason: string): Read => ({ ...place, refused: { field, reason } })
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(null, 'is not an object')
  const record = value as Record<string, unknown>
  const text = (field: string): string => (typeof record[field] === 'string' ? record[field] : '')
  const id = typeof record.id === 'number' ? String(record.id) : text('id')
  if (id === '') return refuse('id', 'is missing')
  const title = oneLine(plainText(text('title') || text('name')))
  if (title === '') return refuse('title', 'is missing')
  if (record.price !== undefined && !Number.isSafeInteger(record.price))
    return refuse('price', 'must be a whole number of cents')
  if (record.price === undefined) return refuse('price', 'is missing')

  const notes: Note[] = []
  const name = shortened(title, 200)
  if (name !== undefined)
    notes.push({ field: 'title', reason: 'was shortened to 200 characters; the description has it whole' })
  const description = plainText(text('short_description'))
  const codes = barcodesOf(record.ean, notes)
  const { attributes, definitions } = attributesOf(record, notes)
  if (codes.length > 1) {
    attributes['other-barcodes'] = codes.slice(1, 101)
    definitions.push(OTHER_BARCODES)
  }
  const part = oneLine(text('name'))
  if (part !== '' && part !== title) {
    attributes['part-number'] = part.slice(0, 4000)
    definitions.push(PART_NUMBER)
  }
  const type = oneLine(text('attr_t_product_type'))
  const picture = [text('img_500x500'), text('img_high'), text('img_low')].find((url) =>
    /^https?:\/\//.test(url),
  )
  const brand = oneLine(text('supplier')).slice(0, 120)
  const item: ImportItemInput = {
    kind: 'product',
    by: { sku: id },
    slug: slugWithId(title, id),
    name: name ?? title,
    ...(brand === '' ? {} : { brand }),
    description: name === undefined ? description : `${title}\n\n${description}`.trim(),
    // Some number their types instead of naming them.
    categories: /\p{L}{3}/u.test(type) ? [categoryPath([type])] : [],
    attributes,
    definitions,
    variants: [
      {
        sku: id,
        ...(codes[0] === undefined ? {} : { barcode: codes[0] }),
        prices: [{ amountMinor: record.price as number, currency }],
      },
    ],
    status: 'published',
    ...(picture === undefined
      ? {}
      : { pictures: [{ source: picture, alt: title.slice(0, 500), variantSkus: [] }] }),
  }
  return checked(place, item, notes)
}

const OTHER_BARCODES = definition('other-barcodes', {
  name: 'Other barcodes',
  type: 'multi-select',
  filterable: false,
})
const PART_NUMBER = definition('part-number', { name: 'Part number', type: 'text', filterable: false })

/** Titles come twice; with the id they do not, and each import makes the same one. */
const slugWithId = (title: string, id: string): string => {
  const words = slugify(title, 'product')
  const cut = words.length > 80 ? words.slice(0, words.lastIndexOf('-', 80)) : words
  return `${cut}-${slugify(id, 'id')}`.slice(0, 120)
}

/** The valid GTINs, each once. */
function barcodesOf(ean: unknown, notes: Note[]): string[] {
  const codes: string[] = []
  for (const code of Array.isArray(ean) ? ean : ean === undefined ? [] : [ean]) {
    if (typeof code === 'string' && isGtin(code)) codes.push(code)
    else notes.push({ field: 'ean', reason: `${String(code).slice(0, 40)} is not a GTIN and was left out` })
  }
  return [...new Set(codes)]
}

type Values = Record<string, string | number | boolean | string[]>

/** More attributes than a product may have are left out. */
const MAX_ATTRIBUTES = 490
/** The longest choice; longer text is prose. */
const MAX_CHOICE_LENGTH = 200

function attributesOf(
  record: Readonly<Record<string, unknown>>,
  notes: Note[],
): { attributes: Values; definitions: Definition[] } {
  const attributes: Values = {}
  const definitions: Definition[] = []
  for (const [field, value] of Object.entries(record)) {
    const known = knownAttribute(field)
    if (!known) continue
    if (definitions.length >= MAX_ATTRIBUTES) {
      notes.push({ field, reason: `is more than the ${MAX_ATTRIBUTES} attributes that a product may have` })
      break
    }
    const add = (of: Definition, one: Values[string]) => {
      attributes[of.code] = one
      definitions.push(of)
    }
    if (known.type === 'number' && typeof value === 'number' && Number.isFinite(value))
      add(known.plain, value)
    else if (known.type === 'boolean' && typeof value === 'boolean') add(known.plain, value)
    else if (known.type === 'text' && typeof value === 'string') {
      const text = plainText(value)
      // A list has no spaces behind its commas.
      const choices = [...new Set(text.split(/,(?!\s)/).map(oneLine))].filter((choice) => choice !== '')
      if (choices.length === 0) continue
      if (choices.length <= 100 && choices.every(({ length }) => length <= MAX_CHOICE_LENGTH))
        add(known.plain, choices)
      else add(known.prose, text.slice(0, 4000))
    } else notes.push({ field, reason: 'is not of the type that its name says, and was left out' })
  }
  return { attributes, definitions }
}

type KnownAttribute = {
  readonly type: 'text' | 'number' | 'boolean'
  readonly plain: Definition
  /** The same attribute, for values too long to choose from. */
  readonly prose: Definition
}

/** What a field's name says, worked out once per name. Bounded: a file may bring as many names as it likes. */
const names = new Map<string, KnownAttribute>()
const MAX_NAMES = 20_000

function knownAttribute(field: string): KnownAttribute | undefined {
  if (!field.startsWith('attr_')) return undefined
  const known = names.get(field)
  if (known) return known
  const letter = field[5]
  const type = letter === 't' ? 'text' : letter === 'n' ? 'number' : letter === 'b' ? 'boolean' : undefined
  if (!type || field[6] !== '_' || field === 'attr_t_product_type') return undefined
  const bare = field.slice(7)
  const { name, unit } = readableAttribute(bare, type)
  const code = stableSlug(bare.replaceAll('_', ' '))
  const made: KnownAttribute = {
    type,
    plain: definition(code, { name, unit, type: type === 'text' ? 'multi-select' : type }),
    prose: definition(`${code}-text`, { name, type: 'text', filterable: false }),
  }
  if (names.size >= MAX_NAMES) names.clear()
  names.set(field, made)
  return made
}

/**
 * `display_diagonal` is the `Display diagonal`; `thermal_design_power__tdp_` the `Thermal design power (TDP)`: two underscores open a
 * bracket and the next ones close it. Units are icecat's own for its common measures, where the name leaves no doubt.
 */
export function readableAttribute(
  bare: string,
  type: 'text' | 'number' | 'boolean',
): { name: string; unit: string | null } {
  const bracketed = bare
    .replaceAll(/__(.+?)(?:__|_$)/g, (_, inside: string) => ` (${inside}) `)
    .replaceAll(/_+/g, ' ')
    .replaceAll(/ +\)/g, ')')
  const words = oneLine(bracketed)
    .replaceAll(/[a-z0-9]+/g, (word) => SPELLINGS[word] ?? word)
    .replaceAll('Wi Fi', 'Wi-Fi')
  const name = (words.charAt(0).toUpperCase() + words.slice(1)).slice(0, 120)
  const unit = type === 'number' ? (UNITS.find(([pattern]) => pattern.test(bare))?.[1] ?? null) : null
  return { name: name === '' ? bare.slice(0, 120) || 'Attribute' : name, unit }
}

const SPELLINGS: Readonly<Record<string, string>> = Object.fromEntries([
  ...'usb hdmi vga dvi lan hdd ssd ram cpu gpu ddr ddr2 ddr3 ddr4 led lcd tft tdp ecc fsb pci pcmcia sata sas ide raid rgb rj ups ac dc fm uv hd 3d 2d 4g 3g 5g lte gps nfc isbn ean upc uk eu us ieee pdif emi rfi rpm ip sim sd vesa poe'
    .split(' ')
    .map((word) => [word, word.toUpperCase()] as const),
  ['wi', 'Wi'],
  ['fi', 'Fi'],
  ['bluetooth', 'Bluetooth'],
  ['ethernet', 'Ethernet'],
  ['intel', 'Intel'],
  ['windows', 'Windows'],
  ['wxdxh', 'W x D x H'],
])

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/^(package_|pallet_|master__outer__case_)?weight(__uk_)?$/, 'g'],
  [/^(package_|pallet_|master__outer__case_|label_)?(width|height|depth|length)(__uk_)?$/, 'mm'],
  [/^cable_length$/, 'm'],
  [/^(display|screen)_diagonal$/, '"'],
  [/^thermal_design_power__tdp_$|^power_consumption__/, 'W'],
  [/^processor_lithography$/, 'nm'],
  [/(^|_)page_yield$/, 'pages'],
]
