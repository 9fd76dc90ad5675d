/** Between a facet's key and its value, and between a value and what shoppers read. No text of a document has it. */
export const SEPARATOR = '\u0001'

/** 16 hexadecimal digits that sort as the numbers do: a range of an attribute's numbers is a range of words. */
export function sortableNumber(value: number): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value + 0)
  const bits = view.getBigUint64(0)
  const negative = bits >> 63n === 1n
  return (negative ? ~bits & ALL : bits | SIGN).toString(16).padStart(16, '0')
}

export function numberOf(sortable: string): number {
  const written = BigInt(`0x${sortable}`)
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, written & SIGN ? written & ~SIGN : ~written & ALL)
  return view.getFloat64(0)
}

const SIGN = 1n << 63n
const ALL = (1n << 64n) - 1n

/**
 * What begins with one of these keys, for the `include` of an aggregation. Not with `.*`: where no value begins with a prefix that is
 * written so, OpenSearch 2.19 answers an index out of bounds.
 */
export const beginning = (keys: readonly string[]): string =>
  `(${keys.map(escaped).join('|')})${SEPARATOR}[^${SEPARATOR}]*`

/** For Lucene's regular expressions. */
const escaped = (text: string): string =>
  text.replace(/[^\p{L}\p{N}]/gu, (mark) => (mark === SEPARATOR ? mark : `\\${mark}`))

/** `key` and what follows its separator. */
export function split(text: string): [key: string, rest: string] {
  const at = text.indexOf(SEPARATOR)
  return [text.slice(0, at), text.slice(at + 1)]
}
