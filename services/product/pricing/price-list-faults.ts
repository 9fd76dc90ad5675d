import type { FieldError } from '@stoa/contract'
import { isCurrency } from '../currencies.ts'

/** A list's times lie within these years: others are slips. */
const FIRST_YEAR = 2000
const LAST_YEAR = 2199

/** More would only make the answer longer. */
const MAX_FAULTS = 20

type Period = { readonly startsAt: string | null; readonly endsAt: string | null }

/** The same moment in one writing. */
export const moment = (iso: string | null): string | null =>
  iso === null ? null : new Date(iso).toISOString()

/** What is wrong with a list's period: the times as they were given, besides what the contract says. */
export function periodFaults({ startsAt, endsAt }: Period): FieldError[] {
  const faults = Object.entries({ startsAt, endsAt }).flatMap(([field, at]) => {
    const year = at === null ? FIRST_YEAR : new Date(at).getUTCFullYear()
    return year >= FIRST_YEAR && year <= LAST_YEAR
      ? []
      : [{ field, message: `must lie between ${FIRST_YEAR} and ${LAST_YEAR}` }]
  })
  if (
    faults.length === 0 &&
    startsAt !== null &&
    endsAt !== null &&
    Date.parse(endsAt) <= Date.parse(startsAt)
  )
    faults.push({ field: 'endsAt', message: 'must be later than startsAt' })
  return faults
}

export const currencyFaults = (currency: string): FieldError[] =>
  isCurrency(currency) ? [] : [{ field: 'currency', message: 'must be an ISO 4217 code' }]

type EntryInput = { readonly sku: string; readonly tiers: readonly { readonly minQuantity: number }[] }

/** A SKU that is named twice, and a quantity that has two prices. */
export function entryFaults(entries: readonly EntryInput[]): FieldError[] {
  const faults: FieldError[] = []
  const first = new Map<string, number>()
  entries.forEach(({ sku, tiers }, index) => {
    const seen = first.get(sku)
    if (seen === undefined) first.set(sku, index)
    else faults.push({ field: `entries.${index}.sku`, message: `is the same as that of entries.${seen}` })
    tiers.forEach(({ minQuantity }, place) => {
      if (tiers.findIndex((tier) => tier.minQuantity === minQuantity) < place)
        faults.push({ field: `entries.${index}.tiers.${place}.minQuantity`, message: 'has a price already' })
    })
  })
  return faults.slice(0, MAX_FAULTS)
}

export const unknownSkuFaults = (entries: readonly EntryInput[], known: ReadonlySet<string>): FieldError[] =>
  entries
    .flatMap(({ sku }, index) =>
      known.has(sku) ? [] : [{ field: `entries.${index}.sku`, message: 'is not the SKU of a variant' }],
    )
    .slice(0, MAX_FAULTS)
