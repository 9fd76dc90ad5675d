import { invalidInput } from '@stoa/contract'

/** Where a page of reviews ended: the place in its order (microseconds since 1970, or votes) and the last review's id. */
export type ReviewCursor = { readonly place: string; readonly reviewId: string }

/** Reads the `next` that a list in this order answered. Anything else is a 400. */
export function readReviewCursor(order: string, after: string | undefined): ReviewCursor | undefined {
  if (after === undefined) return undefined
  // 16 digits reach the year 2286 and never leave what a timestamp can hold.
  const match = /^([a-z]+)\.(\d{1,16})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(after)
  if (match?.[1] !== order)
    throw invalidInput({ field: 'after', message: 'must be the `next` of a page in the same order' })
  return { place: match[2]!, reviewId: match[3]! }
}
