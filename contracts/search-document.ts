import { z } from 'zod'
import { Media } from './media.ts'
import { AmountMinor, Currency } from './money.ts'
import { Id, Timestamp } from './text.ts'

/** A value of an attribute: text, a number in the attribute's unit, yes or no, or several choices. */
export const AttributeValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])
export type AttributeValue = z.output<typeof AttributeValue>

/** What is said of an attribute once, for all products. */
export const AttributeDefinition = z.object({
  code: z.string(),
  name: z.string(),
  type: z.enum(['text', 'number', 'boolean', 'select', 'multi-select']),
  unit: z.string().nullable(),
  /** Of a select, in order. Empty: any. */
  allowedValues: z.array(z.string()),
  filterable: z.boolean(),
  searchable: z.boolean(),
  position: z.int(),
})
export type AttributeDefinition = z.output<typeof AttributeDefinition>

/**
 * All that search knows of a product from the catalogue. Stock comes from inventory, sales from orders. A product that is not
 * published has no document.
 */
export const SearchDocument = z.object({
  productId: Id,
  /** Grows by each change: an older document never replaces a newer. */
  version: z.int(),
  slug: z.string(),
  name: z.string(),
  /** Plain text: tags and entities are gone. At most 5,000 characters. */
  description: z.string(),
  brand: z.object({ slug: z.string(), name: z.string() }).nullable(),
  /** The main one first; `path` from the root to the category itself. */
  categories: z.array(
    z.object({ categoryId: Id, path: z.array(z.object({ slug: z.string(), name: z.string() })) }),
  ),
  /** Slugs. */
  collections: z.array(z.string()),
  /** By the attribute's code. */
  attributes: z.record(z.string(), AttributeValue),
  /** What variants differ by, with the values that can be bought: `{ name: 'Colour', values: ['Oak'] }`. */
  options: z.array(z.object({ name: z.string(), values: z.array(z.string()) })),
  /** Of the variants that can be bought. */
  variants: z.array(z.object({ sku: z.string(), barcode: z.string().nullable() })),
  /** For everyone, for one piece; one entry per currency. */
  prices: z.array(
    z.object({
      currency: Currency,
      fromMinor: AmountMinor,
      toMinor: AmountMinor,
      compareAtMinor: AmountMinor.nullable(),
    }),
  ),
  image: Media.nullable(),
  /** Stars 1 to 5; null before the first review. */
  rating: z.object({ average: z.number().nullable(), count: z.int() }),
  publishedAt: Timestamp,
})
export type SearchDocument = z.output<typeof SearchDocument>
