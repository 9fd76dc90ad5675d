/**
 * A row of the catalogue. Brands are invented. `no` is an article's number for good: its barcodes are made of it, so a row may move but
 * never changes its number.
 */
export type Article = {
  readonly no: number
  readonly code: string
  readonly name: string
  readonly brand: string
  /** Slugs of categories, the main one first. */
  readonly in: readonly string[]
  /**
   * What the photo studio draws: `mug/round/dipped/{Colour}`. A name in braces is an option, and stands for the variant's value of it as
   * `shows` says, else in lower case.
   */
  readonly picture: string
  readonly shows?: Readonly<Record<string, string>>
  readonly text: string
  readonly eurMinor: number
  /** The price before, where it is on sale. */
  readonly wasEurMinor?: number
  readonly grams: number
  /** Every combination is a variant. */
  readonly options?: Readonly<Record<string, readonly string[]>>
  /** What a value adds to the price. */
  readonly extraEurMinor?: Readonly<Record<string, number>>
  /** What a value adds to the weight. */
  readonly extraGrams?: Readonly<Record<string, number>>
  /** First stock by SKU, where it is not what `plentiful` says. */
  readonly stock?: Readonly<Record<string, number>>
  readonly about?: About
  /** Codes of articles that go with it. */
  readonly with?: readonly string[]
}

/** What is said of an article by attribute; see `attributes.ts`. Lengths are centimetres. */
export type About = {
  readonly material?: readonly string[]
  readonly care?: readonly string[]
  readonly width?: number
  readonly height?: number
  readonly depth?: number
  readonly diameter?: number
  readonly length?: number
  readonly capacityMl?: number
  readonly volumeLitres?: number
  readonly powerWatts?: number
  readonly batteryHours?: number
  readonly connection?: readonly string[]
  readonly pieces?: number
  readonly pages?: number
  readonly ageYears?: number
  readonly dishwasher?: boolean
  readonly waterproof?: boolean
  readonly recycled?: boolean
  readonly organic?: boolean
  readonly vegan?: boolean
  readonly fit?: 'Slim' | 'Regular' | 'Relaxed'
  readonly netGrams?: number
  readonly cocoaPercent?: number
  readonly roast?: 'Light' | 'Medium' | 'Dark'
  readonly caffeine?: boolean
  readonly light?: 'Sun' | 'Half shade' | 'Shade'
  readonly hob?: readonly string[]
}
