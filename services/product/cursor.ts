import { invalidInput } from '@stoa/contract'

/** Where a page of the public list ended: microseconds since 1970 of the last item's publication, and its id. */
export type Cursor = { readonly publishedAtMicros: string; readonly productId: string }

/** Reads the `next` that `list` answered. Anything else is a 400. */
export function readCursor(after: string): Cursor {
  // 16 digits reach the year 2286 and never leave what a timestamp can hold.
  const match = /^(\d{1,16})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(after)
  if (!match) throw invalidInput({ field: 'after', message: 'must be the `next` of a page' })
  return { publishedAtMicros: match[1]!, productId: match[2]! }
}
