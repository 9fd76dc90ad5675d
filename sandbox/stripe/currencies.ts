/**
 * Currencies, their decimals and their limits: https://docs.stripe.com/currencies. Amounts are in the
 * unit in which Stripe's API takes them, which is not always the ISO 4217 minor unit.
 */
export const CURRENCIES: readonly string[] = (
  'usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf ' +
  'chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf ' +
  'idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop ' +
  'mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd ' +
  'scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof ' +
  'xpf yer zar zmw'
).split(' ')

const ZERO_DECIMAL = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '))

/** Cards settle these to the nearest ten: the last digit of an amount must be 0. */
const THREE_DECIMAL = new Set('bhd jod kwd omr tnd'.split(' '))

/** Without a minor unit in the world, but with two decimals in the API for old times' sake: they must be 00. */
const ZERO_DECIMAL_AS_TWO = new Set(['isk', 'ugx'])

const MINIMUM: Record<string, number> = {
  usd: 50,
  aed: 200,
  aud: 50,
  bgn: 100,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17500,
  inr: 50,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 1000,
}

/** Eight digits but for currencies whose unit is small. */
const MAXIMUM_DIGITS: Record<string, number> = { cop: 10, huf: 10, jpy: 10, inr: 9, idr: 12, lbp: 12 }

/** Absent from the table: the settlement currency's minimum decides after conversion; one unit stands in for it. */
export function minimumAmount(currency: string): number {
  return MINIMUM[currency] ?? 1
}

export function maximumAmount(currency: string): number {
  return 10 ** (MAXIMUM_DIGITS[currency] ?? 8) - 1
}

/** An amount must be a multiple of this. */
export function amountStep(currency: string): number {
  if (THREE_DECIMAL.has(currency)) return 10
  return ZERO_DECIMAL_AS_TWO.has(currency) ? 100 : 1
}

/** As Stripe's messages write it: `$20.00`, `¥500`. */
export function formatAmount({ amount, currency }: { amount: number; currency: string }): string {
  const decimals = ZERO_DECIMAL.has(currency) ? 0 : THREE_DECIMAL.has(currency) ? 3 : 2
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: currency.toUpperCase(),
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(amount / 10 ** decimals)
}
