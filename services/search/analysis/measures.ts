/**
 * Numbers with a unit, written in one way: `17 inch`, `17"`, `17in` and `43.2 cm` are `len:432`; `500gb`, `500 GB` and `0.5 TB` share
 * a term. Data sizes are both decimal and binary, because shops write 512 MB as 0.5 GB and 1000 GB as 1 TB.
 */
export type Measure = {
  /** Index of the first character and the one after the last. */
  readonly start: number
  readonly end: number
  readonly terms: readonly string[]
  /** Of inches without a fraction: shoppers say 17 inch for 17.3 inch as well. */
  readonly wholeInches?: number
}

type Unit = {
  readonly dimension: string
  readonly factor: number
  readonly binary?: number
  readonly decimals?: number
}

const units: Readonly<Record<string, Unit>> = {
  ...named('len', {
    mm: 1,
    cm: 10,
    m: 1000,
    inch: 25.4,
    inches: 25.4,
    in: 25.4,
    '"': 25.4,
    "''": 25.4,
    zoll: 25.4,
    ft: 304.8,
    feet: 304.8,
  }),
  ...named('mass', { g: 1, gr: 1, kg: 1000, lb: 453.6, lbs: 453.6, oz: 28.35 }, 1),
  ...named('vol', { ml: 1, cl: 10, l: 1000, liter: 1000, litre: 1000, liters: 1000, litres: 1000 }),
  ...named('freq', { hz: 1, khz: 1e3, mhz: 1e6, ghz: 1e9 }),
  ...named('power', { mw: 0.001, w: 1, watt: 1, watts: 1, kw: 1000 }, 3),
  ...named('volt', { v: 1, volt: 1, volts: 1, kv: 1000 }, 2),
  ...named('charge', { mah: 1, ah: 1000 }),
  ...named('speed', { rpm: 1 }),
  ...named('dots', { dpi: 1 }),
  ...named('pages', { ppm: 1 }),
  ...named('pixels', { mp: 1, megapixel: 1, megapixels: 1 }, 1),
  ...named('rate', { 'mbit/s': 1, mbps: 1, 'gbit/s': 1000, gbps: 1000 }),
  mb: { dimension: 'data', factor: 1, binary: 1 },
  gb: { dimension: 'data', factor: 1000, binary: 1024 },
  tb: { dimension: 'data', factor: 1e6, binary: 1024 * 1024 },
}

function named(dimension: string, factors: Record<string, number>, decimals = 0): Record<string, Unit> {
  return Object.fromEntries(
    Object.entries(factors).map(([name, factor]) => [name, { dimension, factor, decimals }]),
  )
}

const names = Object.keys(units)
  .sort((a, b) => b.length - a.length)
  .map((name) => name.replace(/[/]/g, '\\/'))
  .join('|')
/** Bounded: at most 9 digits before and 5 after the point, so that no text makes it slow. */
const pattern = new RegExp(
  `(?<![\\p{L}\\p{N}.,])(\\d{1,9}(?:[.,]\\d{1,5})?)(?:[ -]?)(${names})(?![\\p{L}\\p{N}])`,
  'gu',
)

/** `text` is folded. */
export function measuresIn(text: string): Measure[] {
  const found: Measure[] = []
  for (const match of text.matchAll(pattern)) {
    const [whole, digits, name] = match as unknown as [string, string, string]
    const terms = measureTerms(number(digits), name)
    const inches = units[name]!.factor === 25.4 && /^\d+$/.test(digits) ? Number(digits) : undefined
    found.push({
      start: match.index,
      end: match.index + whole.length,
      terms,
      ...(inches !== undefined && inches >= 10 && { wholeInches: inches }),
    })
  }
  return found
}

/** Of a number attribute whose definition names a unit. None for a unit that we do not know. */
export function measureTerms(value: number, unitName: string): string[] {
  const unit = units[unitName]
  if (!unit || !Number.isFinite(value)) return []
  const term = (amount: number) => {
    const scale = 10 ** (unit.decimals ?? 0)
    return `${unit.dimension}:${Math.round(amount * scale) / scale}`
  }
  const decimal = term(value * unit.factor)
  if (!unit.binary) return [decimal]
  const binary = term(value * unit.binary)
  return decimal === binary ? [decimal] : [decimal, binary]
}

/** Of diagonals from `inches` up to the next whole inch. */
export const inchTerms = (inches: number): string[] =>
  Array.from({ length: 10 }, (_, tenth) => measureTerms(inches + tenth / 10, 'in')[0]!)

/** `1,920` has thousands, `2,5` a decimal comma. */
function number(digits: string): number {
  return Number(/,\d{3}$/.test(digits) ? digits.replace(',', '') : digits.replace(',', '.'))
}
