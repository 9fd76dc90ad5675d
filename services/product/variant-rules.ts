import type { FieldError } from '@stoa/contract'
import { isCurrency } from './currencies.ts'
import { isGtin } from './gtin.ts'

/** More would only make the answer longer. */
const MAX_FAULTS = 20

export type Option = { readonly name: string; readonly values: readonly string[] }

export type PriceInput = {
  readonly amountMinor: number
  readonly currency: string
  readonly compareAtMinor?: number | undefined
}

export type VariantInput = {
  readonly sku: string
  readonly barcode?: string | undefined
  readonly options: Readonly<Record<string, string>>
  readonly prices: readonly PriceInput[]
  readonly cost?: { readonly amountMinor: number; readonly currency: string } | undefined
  readonly weightGrams?: number | undefined
}

/** What is wrong with the options and variants of a new product, field by field. `at` is where they stand in the input. */
export function productFaults(
  { options, variants }: { options: readonly Option[]; variants: readonly VariantInput[] },
  at = '',
): FieldError[] {
  const faults = optionFaults(options, at)
  const skus = new Map<string, number>()
  const barcodes = new Map<string, number>()
  const combinations = new Map<string, number>()
  variants.forEach((variant, index) => {
    const place = `${at}variants.${index}.`
    faults.push(...variantFaults(variant, options, place))
    const twice = (seen: Map<string, number>, key: string, field: string) => {
      const first = seen.get(key)
      if (first === undefined) seen.set(key, index)
      else faults.push({ field: `${place}${field}`, message: `is the same as that of variants.${first}` })
    }
    twice(skus, variant.sku, 'sku')
    if (variant.barcode !== undefined) twice(barcodes, variant.barcode.padStart(14, '0'), 'barcode')
    twice(combinations, combination(variant.options), 'options')
  })
  return faults.slice(0, MAX_FAULTS)
}

/** What is wrong with a variant that joins a product, besides its SKU and barcode being taken. */
export function newVariantFaults(
  variant: VariantInput,
  product: {
    options: readonly Option[]
    variants: readonly { sku: string; options: Readonly<Record<string, string>>; archived: boolean }[]
  },
): FieldError[] {
  const faults = variantFaults(variant, product.options, '')
  const twin = product.variants.find((other) => !other.archived && sameCombination(other, variant))
  if (twin) faults.push({ field: 'options', message: `is the combination that ${twin.sku} has` })
  return faults.slice(0, MAX_FAULTS)
}

/** What is wrong with new options of a product whose variants stay: they may gain and lose values that nothing uses. */
export function changedOptionFaults(
  options: readonly Option[],
  variants: readonly { sku: string; options: Readonly<Record<string, string>> }[],
  before: readonly Option[],
): FieldError[] {
  const faults = optionFaults(options, '')
  const byName = new Map(options.map((option, index) => [option.name, { option, index }]))
  for (const { name } of before)
    if (!byName.has(name)) faults.push({ field: 'options', message: `must keep the option ${name}` })
  options.forEach(({ name }, index) => {
    if (!before.some((option) => option.name === name))
      faults.push({ field: `options.${index}.name`, message: 'is not an option that the variants have' })
  })
  for (const variant of variants)
    for (const [name, value] of Object.entries(variant.options)) {
      const found = byName.get(name)
      if (found && !found.option.values.includes(value))
        faults.push({
          field: `options.${found.index}.values`,
          message: `must keep ${value}, which ${variant.sku} has`,
        })
    }
  return faults.slice(0, MAX_FAULTS)
}

export function barcodeFaults(barcode: string | null | undefined, at: string): FieldError[] {
  return typeof barcode === 'string' && !isGtin(barcode)
    ? [{ field: `${at}barcode`, message: 'must be a GTIN whose last digit checks the others' }]
    : []
}

export function priceFaults(prices: readonly PriceInput[], at: string): FieldError[] {
  const faults: FieldError[] = []
  const currencies = new Set<string>()
  prices.forEach(({ amountMinor, currency, compareAtMinor }, index) => {
    const place = `${at}prices.${index}.`
    faults.push(...currencyFaults(currency, place))
    if (currencies.has(currency))
      faults.push({ field: `${place}currency`, message: `has a price in ${currency} already` })
    currencies.add(currency)
    if (compareAtMinor !== undefined && compareAtMinor <= amountMinor)
      faults.push({ field: `${place}compareAtMinor`, message: 'must be higher than amountMinor' })
  })
  return faults
}

export const costFaults = (
  cost: { readonly currency: string } | null | undefined,
  at: string,
): FieldError[] => (cost ? currencyFaults(cost.currency, `${at}cost.`) : [])

const sameCombination = (a: Pick<VariantInput, 'options'>, b: Pick<VariantInput, 'options'>): boolean =>
  combination(a.options) === combination(b.options)

/** The same text for the same values, whatever their order. */
export const combination = (options: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))

function optionFaults(options: readonly Option[], at: string): FieldError[] {
  const faults: FieldError[] = []
  const names = new Set<string>()
  options.forEach(({ name, values }, index) => {
    if (names.has(name)) faults.push({ field: `${at}options.${index}.name`, message: 'is named twice' })
    names.add(name)
    values.forEach((value, place) => {
      if (values.indexOf(value) < place)
        faults.push({ field: `${at}options.${index}.values.${place}`, message: 'is listed twice' })
    })
  })
  return faults
}

function variantFaults(variant: VariantInput, options: readonly Option[], at: string): FieldError[] {
  return [
    ...barcodeFaults(variant.barcode, at),
    ...choiceFaults(variant.options, options, at),
    ...priceFaults(variant.prices, at),
    ...costFaults(variant.cost, at),
  ]
}

/** A variant names exactly the product's options, each with a listed value. */
function choiceFaults(
  choice: Readonly<Record<string, string>>,
  options: readonly Option[],
  at: string,
): FieldError[] {
  const faults: FieldError[] = []
  for (const { name, values } of options) {
    const field = `${at}options.${name}`
    if (!Object.hasOwn(choice, name)) faults.push({ field, message: 'is missing' })
    else if (!values.includes(choice[name]!))
      faults.push({ field, message: `must be one of ${sample(values)}` })
  }
  for (const name of Object.keys(choice))
    if (!options.some((option) => option.name === name))
      faults.push({ field: `${at}options.${name}`, message: 'is not an option of the product' })
  return faults
}

const currencyFaults = (currency: string, at: string): FieldError[] =>
  isCurrency(currency) ? [] : [{ field: `${at}currency`, message: 'must be an ISO 4217 code' }]

/** Of up to 100 values, enough to show what is meant. */
const sample = (values: readonly string[]): string =>
  values.length > 10 ? `${values.slice(0, 10).join(', ')} ...` : values.join(', ')
