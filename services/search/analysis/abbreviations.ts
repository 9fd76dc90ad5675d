import type { Token } from './tokens.ts'

/** `SSD` as `solid state drive`: the words it is made of, as terms. */
export type Abbreviation = { readonly short: string; readonly terms: readonly string[] }

const WORDS_AT_LEAST = 3
const WORDS_AT_MOST = 5

/**
 * What the product itself spells out in its name and writes short elsewhere (`internal solid state drive`, with `SSD` among its
 * attributes), after Schwartz, Hearst: A Simple Algorithm for Identifying Abbreviation Definitions, 2003. Two letters are left out: by
 * chance they are the initials of anything.
 */
export function abbreviationsIn(
  name: readonly Token[],
  { stem, has }: { readonly stem: (word: string) => string; readonly has: (term: string) => boolean },
): Abbreviation[] {
  const found: Abbreviation[] = []
  for (let start = 0; start + WORDS_AT_LEAST <= name.length; start += 1) {
    let short = ''
    for (let end = start; end < name.length && end < start + WORDS_AT_MOST; end += 1) {
      const { text, before } = name[end]!
      if (text.length < 2 || /\d/.test(text) || (end > start && before === 'break')) break
      short += text[0]!
      if (end + 1 - start < WORDS_AT_LEAST || !has(stem(short))) continue
      const words = name.slice(start, end + 1).map((token) => token.text)
      if (!words.includes(short)) found.push({ short, terms: words.map(stem) })
    }
  }
  return found
}

/** Products that spell an abbreviation out: fewer may do so by chance. */
export const SPELLED_OUT_BY = 5

/** The terms that an abbreviation stands for, when enough products spell it out and most of them in this way. */
export function usualWay(ways: readonly (readonly [way: string, times: number])[]): string[] | undefined {
  const [way, times] = ways.reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0] as const)
  const all = ways.reduce((sum, [, count]) => sum + count, 0)
  return times >= SPELLED_OUT_BY && times > all / 2 ? way.split(' ') : undefined
}
