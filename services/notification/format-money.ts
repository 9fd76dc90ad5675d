import { currencyExponent, type Money } from '@stoa/contracts/money'

/** `€1,234.50`, `¥500`. */
export function formatMoney({ amountMinor, currency }: Money): string {
  // ISO 4217's digits: `Intl` follows the CLDR, which rounds some of them away.
  const digits = currencyExponent(currency)
  let format = formats.get(currency)
  if (!format) {
    format = new Intl.NumberFormat('en', {
      style: 'currency',
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    })
    formats.set(currency, format)
  }
  return format.format(amountMinor / 10 ** digits)
}

/** One for each currency that is sold in: a new one costs more than all that it formats. */
const formats = new Map<string, Intl.NumberFormat>()
