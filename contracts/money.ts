import { z } from 'zod'

/** ISO 4217 alphabetic code. */
export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be a three-letter ISO 4217 code')

/**
 * An amount in the currency's minor units (cents; whole yen): ISO 4217 gives the exponent. Bounded so that a sum of
 * 10,000 of them stays an exact Number.
 */
export const AmountMinor = z.int().min(0).max(99_999_999_999)

export const Money = z.object({ amountMinor: AmountMinor, currency: Currency })
export type Money = z.output<typeof Money>

/** As an input: a field it does not name is refused. */
export const MoneyInput = z.strictObject(Money.shape)

/** Currencies whose exponent is not 2: ISO 4217, table A.1. (`Intl` follows the CLDR, which rounds some of these away.) */
const EXPONENTS = new Map<string, number>([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
])

/** How many digits of an amount stand behind the point. */
export const currencyExponent = (currency: string): number => EXPONENTS.get(currency) ?? 2

/** For sentences, in any language: `149.00 EUR`, `1500 JPY`. */
export function moneyInWords({ amountMinor, currency }: Money): string {
  const digits = currencyExponent(currency)
  return `${(amountMinor / 10 ** digits).toFixed(digits)} ${currency}`
}
