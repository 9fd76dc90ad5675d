import type { Money } from '@stoa/contracts/money'

/** Digits after the point where they are not two: ISO 4217, table A.1. (`Intl` follows the CLDR, which rounds some of these away.) */
const EXPONENTS = new Map<string, number>([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
])

/** `€1,234.50`, `¥500`. */
export function formatMoney({ amountMinor, currency }: Money): string {
  const digits = EXPONENTS.get(currency) ?? 2
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
