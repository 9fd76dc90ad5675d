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
