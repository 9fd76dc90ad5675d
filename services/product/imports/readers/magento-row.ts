import { isGtin } from '../../gtin.ts'
import type { Definition, ImportItemInput, ReadOptions } from '../item.ts'
import { amountMinor } from './amount.ts'
import { definition, readableName, stableSlug } from './naming.ts'
import { oneLine, plainText } from './plain-text.ts'

/** A row of Magento's CSV by its columns. */
export type Row = Readonly<Record<string, string>>

/** Flags of Magento's own. */
const NOT_ATTRIBUTES = new Set(['has_options', 'required_options'])

/** Yes and no are booleans; all else is chosen from a list, which a bar divides. */
export function attributesOf(values: Readonly<Record<string, string>>): {
  attributes: Record<string, boolean | string[]>
  definitions: Definition[]
} {
  const attributes: Record<string, boolean | string[]> = {}
  const definitions: Definition[] = []
  for (const [field, value] of Object.entries(values)) {
    if (NOT_ATTRIBUTES.has(field) || value === '') continue
    const code = stableSlug(field)
    const name = readableName(field).slice(0, 120)
    if (value === 'Yes' || value === 'No') {
      attributes[code] = value === 'Yes'
      definitions.push(definition(code, { name, type: 'boolean' }))
      continue
    }
    const choices = [...new Set(value.split('|').map((choice) => oneLine(plainText(choice)).slice(0, 200)))]
    attributes[code] = choices.filter((choice) => choice !== '').slice(0, 100)
    definitions.push(definition(code, { name, type: 'multi-select' }))
  }
  return { attributes, definitions }
}

/** A variant with the values of its product's options. */
export type VariantOf = Extract<ImportItemInput, { kind: 'product' }>['variants'][number]

/** What a simple row says of a variant. A special price in its time is the price; the regular one is struck through. */
export function variantOf(
  row: Row,
  { currency, now }: ReadOptions,
): VariantOf | { field: string; reason: string } {
  const price = amountMinor(row.price ?? '', currency)
  if (price === undefined) return { field: 'price', reason: `must be an amount in ${currency} like 49.90` }
  const special = row.special_price ? amountMinor(row.special_price, currency) : undefined
  const inTime =
    (!row.special_price_from_date || dayOf(row.special_price_from_date) <= now) &&
    (!row.special_price_to_date || dayOf(row.special_price_to_date) >= now.slice(0, 10))
  const onSale = special !== undefined && special < price && inTime
  const weight = Number(row.weight || Number.NaN)
  const barcode = [row.gtin, row.ean, row.barcode, row.upc].find((code) => code !== undefined && isGtin(code))
  return {
    sku: row.sku!.trim(),
    ...(barcode === undefined ? {} : { barcode }),
    prices: [
      onSale ? { amountMinor: special, currency, compareAtMinor: price } : { amountMinor: price, currency },
    ],
    // In kilograms, Magento's default outside of the United States.
    ...(Number.isFinite(weight) && weight > 0 && weight <= 10_000
      ? { weightGrams: Math.round(weight * 1000) }
      : {}),
  }
}

const dayOf = (text: string): string => {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}

export function stockOf(row: Row): { sku: string; quantity: number }[] {
  const quantity = Number(row.qty || Number.NaN)
  return Number.isFinite(quantity)
    ? [{ sku: row.sku!.trim(), quantity: Math.max(0, Math.min(10_000_000, Math.floor(quantity))) }]
    : []
}
