import { z } from 'zod'
import { Media } from './media.ts'
import { AmountMinor, Currency, Money } from './money.ts'
import { ProductMedia } from './product-media.ts'
import { PriceTier } from './product-pricing.ts'
import { AttributeDefinition, AttributeValue } from './search-document.ts'
import { Id, Line, Prose, Sku, Slug, Timestamp } from './text.ts'

/** Largest number of variants that one product has, archived ones included, and of categories in the tree. */
export const MAX_VARIANTS = 250
export const MAX_CATEGORIES = 5000
/** The richest products of a real catalogue say some 200 things; more would make each read of one slow. */
export const MAX_ATTRIBUTES = 500
/** For the whole shop: all of them travel to search in one answer. */
export const MAX_ATTRIBUTE_DEFINITIONS = 20_000
/** A collection is put in order by hand. */
export const MAX_COLLECTION_PRODUCTS = 5000
/** Of one kind, of one product: a shopper sees a dozen. */
export const MAX_LINKS = 50
/** A variant for each combination: more options than this make more variants than a product may have. */
export const MAX_OPTIONS = 5
/** What a variant costs in one currency. */
export const Price = z.object({
  amountMinor: AmountMinor,
  currency: Currency,
  /** The price it is compared with, struck through. Higher than the amount. */
  compareAtMinor: AmountMinor.nullable(),
})
export const PriceInput = z.strictObject({
  amountMinor: AmountMinor,
  currency: Currency,
  compareAtMinor: AmountMinor.optional(),
})

/** GTIN-8, -12, -13 or -14 (GS1): its last digit checks the others. */
export const Gtin = z.string().regex(/^(\d{8}|\d{12,14})$/, 'must be a GTIN of 8, 12, 13 or 14 digits')

export const Option = z.object({ name: z.string(), values: z.array(z.string()) })
export const OptionInput = z.strictObject({ name: Line(40), values: z.array(Line(60)).min(1).max(100) })

/** The version of the thing that was read, in `If-Match`: a change of anything newer is refused. */
export const Version = z.int().min(1).max(2_000_000_000)

/** What search engines and link previews show instead of name and description. */
export const Seo = z.object({ title: z.string().nullable(), description: z.string().nullable() })
/** What is not named stays; null takes it away. */
export const SeoInput = z.strictObject({
  title: Line(200).nullable().optional(),
  description: Line(500).nullable().optional(),
})

/** Stars 1 to 5; null before the first review. */
export const Rating = z.object({ average: z.number().nullable(), count: z.int() })
/** `histogram`: how many gave 1, 2, 3, 4, 5 stars. */
export const RatingDetail = Rating.extend({ histogram: z.array(z.int()).length(5) })

export const Variant = z.object({
  variantId: Id,
  sku: z.string(),
  barcode: z.string().nullable(),
  /** One value for each of the product's options: `{ Colour: 'Oak' }`. */
  options: z.record(z.string(), z.string()),
  /** Of one piece. */
  price: Price,
  /** What a piece costs from other quantities on, ascending. */
  tiers: z.array(PriceTier),
  weightGrams: z.int().nullable(),
})

export const ProductSummary = z.object({
  productId: Id,
  slug: z.string(),
  name: z.string(),
  brand: z.string().nullable(),
  brandSlug: z.string().nullable(),
  /** The cheapest and the dearest variant. */
  priceFrom: Money,
  priceTo: Money,
  /** Of the cheapest variant. */
  compareAtMinor: AmountMinor.nullable(),
  variantCount: z.int(),
  image: Media.nullable(),
  rating: Rating,
})

/** What a product says of one attribute. */
export const ProductAttribute = AttributeDefinition.pick({
  code: true,
  name: true,
  type: true,
  unit: true,
}).extend({ value: AttributeValue })

export const Product = z.object({
  productId: Id,
  slug: z.string(),
  name: z.string(),
  brand: z.string().nullable(),
  brandSlug: z.string().nullable(),
  description: z.string(),
  /** The main one first. */
  categories: z.array(z.object({ categoryId: Id, slug: z.string(), name: z.string() })),
  collections: z.array(z.object({ collectionId: Id, slug: z.string(), name: z.string() })),
  /** In the order of their definitions. */
  attributes: z.array(ProductAttribute),
  options: z.array(Option),
  variants: z.array(Variant),
  /** The main picture first. */
  media: z.array(ProductMedia),
  rating: RatingDetail,
  seo: Seo,
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type Product = z.output<typeof Product>

export const ProductStatus = z.enum(['draft', 'published', 'archived'])

/** As staff see it: with status, every currency, cost, plan, and the version that the next change names. */
export const AdminVariant = Variant.omit({ price: true, tiers: true }).extend({
  prices: z.array(Price),
  cost: Money.nullable(),
  archived: z.boolean(),
})
export const AdminProduct = Product.omit({ variants: true }).extend({
  status: ProductStatus,
  version: z.int(),
  /** When it will be published, and taken back, by itself. */
  publishAt: Timestamp.nullable(),
  unpublishAt: Timestamp.nullable(),
  variants: z.array(AdminVariant),
})

/** Which value each of the product's options has in a variant. */
const OptionValuesInput = z
  .record(Line(40), Line(60))
  .refine((values) => Object.keys(values).length <= MAX_OPTIONS, `must have at most ${MAX_OPTIONS} entries`)
  .meta({ maxProperties: MAX_OPTIONS })

export const VariantInput = z.strictObject({
  sku: Sku,
  barcode: Gtin.optional(),
  options: OptionValuesInput.default({}),
  prices: z.array(PriceInput).min(1).max(20),
  cost: z.strictObject({ amountMinor: AmountMinor, currency: Currency }).optional(),
  weightGrams: z.int().min(0).max(10_000_000).optional(),
})

/** `display-diagonal`. */
export const AttributeCode = Slug

/** What is said of an attribute once, as it comes in. */
export const attributeFields = {
  name: Line(120),
  type: AttributeDefinition.shape.type,
  /** Of a number. */
  unit: Line(40).nullable().default(null),
  /** Of a select, in the order in which they are offered. Empty: any. */
  allowedValues: z.array(Line(200)).max(2000).default([]),
  filterable: z.boolean().default(false),
  searchable: z.boolean().default(false),
  position: z.int().min(0).max(1_000_000).default(0),
}

/** An attribute's value, as it comes in. Its definition says which of these it must be. */
export const AttributeValueInput = z.union([
  Prose(4000),
  z.number().min(-1e15).max(1e15),
  z.boolean(),
  z.array(Line(200)).max(100),
])

const fewAttributes = (values: Record<string, unknown>) => Object.keys(values).length <= MAX_ATTRIBUTES
const tooManyAttributes = `must have at most ${MAX_ATTRIBUTES} entries`

/** By the attribute's code. */
export const AttributesInput = z
  .record(AttributeCode, AttributeValueInput)
  .refine(fewAttributes, tooManyAttributes)
  .meta({ maxProperties: MAX_ATTRIBUTES })
/** What is not named stays; null takes a value away. */
export const AttributesPatch = z
  .record(AttributeCode, AttributeValueInput.nullable())
  .refine(fewAttributes, tooManyAttributes)
  .meta({ maxProperties: MAX_ATTRIBUTES })

export const Category = z.object({
  categoryId: Id,
  slug: z.string(),
  name: z.string(),
  parentId: Id.nullable(),
  /** Slugs from the root to this one. */
  path: z.array(z.string()),
  position: z.int(),
})
export const CategoryDetail = Category.extend({
  description: z.string(),
  image: Media.nullable(),
  seo: Seo,
})
export const AdminCategory = CategoryDetail.extend({ version: z.int() })

export const BrandSummary = z.object({
  brandId: Id,
  slug: z.string(),
  name: z.string(),
  image: Media.nullable(),
})
export const Brand = BrandSummary.extend({ description: z.string(), seo: Seo })
export const AdminBrand = Brand.extend({ version: z.int() })

export const CollectionSummary = z.object({
  collectionId: Id,
  slug: z.string(),
  name: z.string(),
  image: Media.nullable(),
})
export const Collection = CollectionSummary.extend({ description: z.string(), seo: Seo })
export const AdminCollection = Collection.extend({ version: z.int(), productCount: z.int() })

export const LinkKind = z.enum(['related', 'up-sell', 'cross-sell'])

export const ProductNotFound = { status: 404, title: 'There is no such product.' } as const
export const CategoryNotFound = { status: 404, title: 'There is no such category.' } as const
export const BrandNotFound = { status: 404, title: 'There is no such brand.' } as const
export const CollectionNotFound = { status: 404, title: 'There is no such collection.' } as const
export const MediaNotFound = { status: 404, title: 'There is no such picture.' } as const
export const SlugTaken = { status: 409, title: 'This slug is taken.' } as const
/** Its slug was changed: `location` is where it is now. */
export const Moved = {
  status: 301,
  title: 'It has another address now.',
  data: z.object({ slug: z.string(), location: z.string() }),
} as const
