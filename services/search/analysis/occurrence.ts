import type { TextField } from '../engines/engine.ts'

/**
 * How a term occurs in one document, in 32 bits: for each field how often (up to 3), where in the name it first stands, and what part
 * it plays there.
 *
 *   bits  0-13  two for each of `FIELDS`
 *   bits 14-19  position in the name, `NOWHERE` when it is not among the first 63 words
 *   bit  20     it is the name's head: the last noun of a run of words (`case` in `notebook case 43 cm`)
 *   bit  21     it stands before a head, describing it (`notebook` in `notebook case`), in the name or the main category's name
 *   bit  22     it stands after a word like `for` or `with`: what the product goes with
 *   bit  23     it is the head of the name of the product's main category
 */
export const FIELDS = [
  'name',
  'brand',
  'category',
  'attributes',
  'compatibility',
  'description',
  'code',
] as const satisfies readonly TextField[]

export const NOWHERE = 63
export const POSITION_SHIFT = 14
export const HEAD = 1 << 20
export const MODIFIER = 1 << 21
export const GOES_WITH = 1 << 22
export const CATEGORY_HEAD = 1 << 23
export const NO_OCCURRENCE = NOWHERE << POSITION_SHIFT

export const timesIn = (occurrence: number, field: number): number => (occurrence >>> (2 * field)) & 3
export const positionOf = (occurrence: number): number => (occurrence >>> POSITION_SHIFT) & NOWHERE

export function counted(occurrence: number, field: number): number {
  const times = timesIn(occurrence, field)
  return times === 3 ? occurrence : occurrence + (1 << (2 * field))
}

export function placedAt(occurrence: number, position: number): number {
  if (position >= NOWHERE || positionOf(occurrence) !== NOWHERE) return occurrence
  return (occurrence & ~(NOWHERE << POSITION_SHIFT)) | (position << POSITION_SHIFT)
}
