/**
 * For each term, the documents it occurs in, in ascending order, each with 32 bits of how. Append only: lists are chains of slices in
 * one array that grow with their list, so that a rare term costs 40 bytes and a frequent one is read in long runs.
 */
export type Postings = {
  readonly append: (term: number, document: number, occurrence: number) => void
  /** Entries of the term, those of removed documents among them. */
  readonly length: (term: number) => number
  /** Calls with the array and the bounds of each slice; entries are pairs of document and occurrence. False ends the walk. */
  readonly slices: (
    term: number,
    read: (entries: Uint32Array, from: number, to: number) => boolean | undefined,
  ) => void
  readonly entries: () => number
  readonly bytes: () => number
}

const FIRST_SLICE = 2
/** Pairs. Longer slices would waste, for the last one of each list is half empty. */
const LONGEST_SLICE = 2_048
/** Of a slice: where the next one begins, and how many pairs this one has room for. */
const HEADER = 2
const TERM = 4

export function openPostings(expectedEntries = 1 << 16): Postings {
  let pool = new Uint32Array(expectedEntries * 3)
  let used = 1
  /** For each term: first slice, last slice, pairs in the last one, pairs in all. */
  let terms = new Uint32Array(1 << 12)
  let entries = 0

  const slice = (room: number): number => {
    const at = used
    used += HEADER + 2 * room
    if (used > pool.length) {
      const grown = new Uint32Array(Math.max(used, Math.ceil(pool.length * 1.5)))
      grown.set(pool)
      pool = grown
    }
    pool[at + 1] = room
    return at
  }

  return {
    append: (term, document, occurrence) => {
      const at = term * TERM
      if (at + TERM > terms.length) {
        const grown = new Uint32Array(Math.max(at + TERM, terms.length * 2))
        grown.set(terms)
        terms = grown
      }
      if (terms[at] === 0) {
        terms[at] = terms[at + 1] = slice(FIRST_SLICE)
      } else if (terms[at + 2] === pool[terms[at + 1]! + 1]) {
        const full = terms[at + 1]!
        const next = slice(Math.min(LONGEST_SLICE, 2 * pool[full + 1]!))
        pool[full] = next
        terms[at + 1] = next
        terms[at + 2] = 0
      }
      const place = terms[at + 1]! + HEADER + 2 * terms[at + 2]!
      pool[place] = document
      pool[place + 1] = occurrence
      terms[at + 2]! += 1
      terms[at + 3]! += 1
      entries += 1
    },
    length: (term) => terms[term * TERM + 3] ?? 0,
    slices: (term, read) => {
      const at = term * TERM
      let start = terms[at] ?? 0
      while (start !== 0) {
        const pairs = start === terms[at + 1] ? terms[at + 2]! : pool[start + 1]!
        if (read(pool, start + HEADER, start + HEADER + 2 * pairs) === false) return
        start = pool[start]!
      }
    },
    entries: () => entries,
    bytes: () => 4 * (pool.length + terms.length),
  }
}
