import { currencyExponent } from '@stoa/contracts/money'

/**
 * The minor units of a decimal with a point (`1234.50`, `12`): exact, never by way of a binary fraction. Undefined when it is no amount,
 * or has more digits than the currency; zeros behind them do not count.
 */
export function amountMinor(text: string, currency: string): number | undefined {
  const match = /^(\d{1,11})(?:\.(\d{1,12}))?$/.exec(text.trim())
  if (!match) return undefined
  const digits = currencyExponent(currency)
  const fraction = (match[2] ?? '').replace(/0+$/, '')
  if (fraction.length > digits) return undefined
  const minor = Number(match[1]! + fraction.padEnd(digits, '0'))
  return minor <= 99_999_999_999 ? minor : undefined
}

/** `1234.50`. */
export function decimalAmount(amount: number, currency: string): string {
  const digits = currencyExponent(currency)
  if (digits === 0) return String(amount)
  const text = String(amount).padStart(digits + 1, '0')
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`
}
