import { z } from 'zod'

/** Spread into the input of every list: how many, and where the last page ended. */
export const pageInput = {
  limit: z.int().min(1).max(100).default(20),
  /** The `next` of the page before. Opaque. */
  after: z.string().min(1).max(500).optional(),
}

/** A keyset page. `next` is null on the last one. */
export const Page = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable() })
