import type { Money } from '@stoa/contracts/money'

/**
 * Where the unit of Stripe's API is not the ISO 4217 minor unit: https://docs.stripe.com/currencies#special-cases
 * (ISK, UGX: no minor unit in the world, two decimals in the API, which must be 00; MGA: two decimals in ISO 4217, none in the API).
 */
const STRIPE_UNITS_PER_MINOR = new Map([
  ['ISK', 100],
  ['UGX', 100],
  ['MGA', 1 / 100],
])

/** Three decimals, of which the last must be 0. */
const THREE_DECIMALS = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND'])

/** An amount as Stripe's API takes it; undefined when it cannot express this amount. */
export function toStripeAmount({ amountMinor, currency }: Money): number | undefined {
  const amount = scale(amountMinor, STRIPE_UNITS_PER_MINOR.get(currency) ?? 1)
  return THREE_DECIMALS.has(currency) && amount % 10 !== 0 ? undefined : whole(amount)
}

/** Back again; undefined when our minor units cannot express it. `currency` in any case. */
export function fromStripeAmount({
  amount,
  currency,
}: {
  amount: number
  currency: string
}): Money | undefined {
  const code = currency.toUpperCase()
  const amountMinor = whole(scale(amount, 1 / (STRIPE_UNITS_PER_MINOR.get(code) ?? 1)))
  return amountMinor === undefined ? undefined : { amountMinor, currency: code }
}

/** Divides by a whole number rather than multiplying by a fraction, which would not be exact. */
const scale = (amount: number, factor: number): number =>
  factor < 1 ? amount / Math.round(1 / factor) : amount * factor

const whole = (amount: number): number | undefined => (Number.isSafeInteger(amount) ? amount : undefined)
