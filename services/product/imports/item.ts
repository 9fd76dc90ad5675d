import { AmountMinor, Currency } from '@stoa/contracts/money'
import {
  AttributeCode,
  AttributesInput,
  LinkKind,
  MAX_LINKS,
  MAX_OPTIONS,
  MAX_VARIANTS,
  OptionInput,
  ProductStatus,
  VariantInput,
} from '@stoa/contracts/product'
import { MAX_PRODUCT_MEDIA } from '@stoa/contracts/product-media'
import { CustomerGroup, MAX_PRICED_QUANTITY, MAX_TIERS } from '@stoa/contracts/product-pricing'
import { AttributeDefinition } from '@stoa/contracts/search-document'
import { Id, Line, Prose, Sku, Slug, Timestamp } from '@stoa/contracts/text'
import { fieldWords } from '@stoa/runtime'
import { z } from 'zod'

/** A picture: its address, or `file:` and the name of a file of the bundle, or `sha256:` and the digest of one that the shop has. */
const PictureSource = z.string().min(1).max(2000)

/** One step of a category's path, from the root. */
export type CategoryStep = { readonly slug: string; readonly name: string }

const Position = z.int().min(0).max(1_000_000)
const seoFields = { seoTitle: Line(200).nullable(), seoDescription: Line(500).nullable() }
const Text = Prose(20_000)

const Definition = z.strictObject({
  ...AttributeDefinition.shape,
  code: AttributeCode,
  name: Line(120),
  unit: Line(40).nullable(),
  allowedValues: z.array(Line(200)).max(2000),
  position: Position,
})
export type Definition = z.output<typeof Definition>

const ProductItem = z.strictObject({
  kind: z.literal('product'),
  /** What its source calls it, where that is neither slug nor SKU: other rows of the source name it so. */
  sourceKey: z.string().min(1).max(200).optional(),
  by: z.union([z.strictObject({ slug: Slug }), z.strictObject({ sku: Sku })]),
  slug: Slug.optional(),
  name: Line(200),
  brand: Line(120).nullable().optional(),
  description: Text.optional(),
  /** Made where they are not there. */
  categories: z
    .array(
      z
        .array(z.strictObject({ slug: Slug, name: Line(120) }))
        .min(1)
        .max(10),
    )
    .max(50)
    .optional(),
  /** Of categories that are there. */
  categorySlugs: z.array(Slug).max(50).optional(),
  attributes: AttributesInput.optional(),
  /** Of the attributes, made by the reader; those that are there already stay as they are. */
  definitions: z.array(z.custom<Definition>()).max(500).default([]),
  options: z.array(OptionInput).max(MAX_OPTIONS).optional(),
  variants: z
    .array(VariantInput.extend({ archived: z.boolean().optional() }))
    .min(1)
    .max(MAX_VARIANTS),
  missingVariants: z.enum(['keep', 'archive']).default('keep'),
  seo: z.strictObject({ title: Line(200).nullable(), description: Line(500).nullable() }).optional(),
  status: ProductStatus.optional(),
  publishAt: Timestamp.nullable().optional(),
  unpublishAt: Timestamp.nullable().optional(),
  pictures: z
    .array(
      z.strictObject({
        source: PictureSource,
        alt: z.string().trim().max(500).nullable(),
        variantSkus: z.array(Sku).max(MAX_VARIANTS),
      }),
    )
    .max(MAX_PRODUCT_MEDIA)
    .optional(),
  stock: z
    .array(z.strictObject({ sku: Sku, quantity: z.int().min(0).max(10_000_000) }))
    .max(MAX_VARIANTS)
    .default([]),
})

const CategoryItem = z.strictObject({
  kind: z.literal('category'),
  slug: Slug,
  name: Line(120),
  parentSlug: Slug.nullable(),
  position: Position.optional(),
  description: Text.optional(),
  picture: PictureSource.nullable().optional(),
  seo: z.strictObject({ title: seoFields.seoTitle, description: seoFields.seoDescription }).optional(),
  attributes: z
    .array(z.strictObject({ code: AttributeCode, required: z.boolean() }))
    .max(500)
    .optional(),
})

const AttributeItem = z.strictObject({ kind: z.literal('attribute'), definition: Definition })

const thing = {
  slug: Slug,
  name: Line(120),
  description: Text,
  picture: PictureSource.nullable(),
  seo: z.strictObject({ title: seoFields.seoTitle, description: seoFields.seoDescription }),
}
const BrandItem = z.strictObject({ kind: z.literal('brand'), ...thing })
const CollectionItem = z.strictObject({ kind: z.literal('collection'), ...thing })
/** Where a product stands in a collection. */
const CollectionProductItem = z.strictObject({
  kind: z.literal('collection-product'),
  collection: Slug,
  product: Slug,
  position: Position,
})

/** How a row of a source names a product. */
const ProductName = z.union([
  z.strictObject({ slug: Slug }),
  /** What its source calls it, else the SKU of one of its variants. */
  z.strictObject({ key: z.string().min(1).max(200) }),
])

const LinksItem = z.strictObject({
  kind: z.literal('links'),
  of: ProductName,
  link: LinkKind,
  to: z.array(ProductName).max(MAX_LINKS),
})

const ReviewItem = z.strictObject({
  kind: z.literal('review'),
  of: ProductName,
  author: z.string().trim().min(1),
  stars: z.int().min(1).max(5),
  title: z.string().trim(),
  text: z.string().trim(),
})

const RedirectItem = z.strictObject({
  kind: z.literal('redirect'),
  of: z.enum(['product', 'category', 'brand', 'collection']),
  slug: Slug,
  to: Slug,
})

const PriceListItem = z.strictObject({
  kind: z.literal('price-list'),
  priceListId: Id,
  name: Line(120),
  currency: Currency,
  customerGroup: CustomerGroup.nullable(),
  priority: z.int().min(-1_000_000).max(1_000_000),
  startsAt: Timestamp.nullable(),
  endsAt: Timestamp.nullable(),
})
/** All steps of one variant in one list. */
const PriceTierItem = z.strictObject({
  kind: z.literal('list-prices'),
  priceListId: Id,
  sku: Sku,
  tiers: z
    .array(z.strictObject({ minQuantity: z.int().min(1).max(MAX_PRICED_QUANTITY), amountMinor: AmountMinor }))
    .min(1)
    .max(MAX_TIERS),
})

/** What a record of any format comes to: the one shape that is written. */
export const ImportItem = z.discriminatedUnion('kind', [
  ProductItem,
  CategoryItem,
  AttributeItem,
  BrandItem,
  CollectionItem,
  CollectionProductItem,
  LinksItem,
  ReviewItem,
  RedirectItem,
  PriceListItem,
  PriceTierItem,
])
export type ImportItem = z.output<typeof ImportItem>
export type ImportItemInput = z.input<typeof ImportItem>
export type ItemOf<Kind extends ImportItem['kind']> = Extract<ImportItem, { kind: Kind }>

export type Note = { readonly field: string | null; readonly reason: string }

/** What a reader makes of one record. */
export type Read = { readonly file: string; readonly line: number } & (
  | { readonly item: ImportItem; readonly notes: readonly Note[] }
  | { readonly refused: Note }
)

/** A checked item, or why its record is refused: the first field that is not as it must be. */
export function checked(
  { file, line }: { readonly file: string; readonly line: number },
  item: ImportItemInput,
  notes: readonly Note[] = [],
): Read {
  const result = ImportItem.safeParse(item, { error: fieldWords })
  if (result.success) return { file, line, item: result.data, notes }
  const issue = result.error.issues[0]!
  return {
    file,
    line,
    refused: { field: issue.path.slice(0, 5).join('.').slice(0, 200) || null, reason: reasonOf(issue) },
  }
}

/** Zod's words, or the schema's own. A union says no more than that nothing fitted: what it holds says it better. */
function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.flat()[0]
    if (inner) return reasonOf(inner)
  }
  return issue.message.slice(0, 300)
}

export type ReadOptions = {
  /** Of prices that name none. */
  readonly currency: string
  /** ISO 8601: what is on sale now. */
  readonly now: string
}

/** Records that are read one after the other; a run goes on after a number of them. */
export type Stage = {
  readonly name: string
  readonly read: () => AsyncIterable<Read>
  /** How many records `read` will have, where that is cheaper to tell than by reading them. Throws the same faults of the file. */
  readonly count?: () => Promise<number>
}
