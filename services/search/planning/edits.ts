import { distance } from 'fastest-levenshtein'

/** A longer word is a code, and codes are not corrected. */
const CORRECTED_CHARACTERS = 24

/** One slip in four letters, two from eight on; codes are not guessed. */
export function allowedEdits(word: string): number {
  if (/\d/.test(word) || word.length > CORRECTED_CHARACTERS || word.length < 4) return 0
  return word.length < 8 ? 1 : 2
}

/** Two neighbours swapped are one slip. */
export function editsBetween(a: string, b: string): number {
  const edits = distance(a, b)
  if (edits !== 2 || a.length !== b.length) return edits
  let at = 0
  while (a[at] === b[at]) at += 1
  const swapped = a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2)
  return swapped ? 1 : edits
}
