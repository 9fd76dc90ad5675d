import { ACCESS_TOKEN_SECONDS } from '@stoa/contracts/auth'

/** When a key signs. Each signs until the next one does. */
export type KeyTimes = { readonly generation: number; readonly signsFrom: Date }

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const SIGNS_FOR_MS = 30 * DAY_MS
/** A key is published this long before it signs: whoever caches the set for less than that knows every key in time. */
export const PUBLISHED_AHEAD_MS = DAY_MS
/** The last token of a key outlives the key by an hour; the rest is for clocks that disagree and processes that learn late. */
const PUBLISHED_AFTER_MS = ACCESS_TOKEN_SECONDS * 1_000 + HOUR_MS

/** The newest that has begun. Before the first one begins, by a clock that is behind, it is the first one. */
export function signingKey<Key extends KeyTimes>(keys: readonly Key[], now: Date): Key | undefined {
  const sorted = byGeneration(keys)
  return sorted.findLast((key) => key.signsFrom <= now) ?? sorted[0]
}

/** Those whose tokens may be alive, and the one that signs next. */
export function publishedKeys<Key extends KeyTimes>(keys: readonly Key[], now: Date): Key[] {
  const sorted = byGeneration(keys)
  return sorted.filter((_, index) => {
    const next = sorted[index + 1]
    return !next || now.getTime() < next.signsFrom.getTime() + PUBLISHED_AFTER_MS
  })
}

/** The next key's times when it is time to make it, a day or more before it signs. One that is outdated is replaced at once. */
export function dueSuccessor(
  keys: readonly KeyTimes[],
  { now, outdated }: { now: Date; outdated: boolean },
): KeyTimes | undefined {
  const newest = byGeneration(keys).at(-1)
  if (!newest) return { generation: 1, signsFrom: now }
  const wanted = outdated ? now.getTime() : newest.signsFrom.getTime() + SIGNS_FOR_MS
  if (wanted - PUBLISHED_AHEAD_MS > now.getTime()) return undefined
  return {
    generation: newest.generation + 1,
    signsFrom: new Date(Math.max(wanted, now.getTime() + PUBLISHED_AHEAD_MS)),
  }
}

const byGeneration = <Key extends KeyTimes>(keys: readonly Key[]): Key[] =>
  keys.toSorted((a, b) => a.generation - b.generation)
