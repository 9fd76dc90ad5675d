import { contract, event, operation } from '@stoa/contract'
import { z } from 'zod'
import { AmountMinor, Currency, Money } from './money.ts'
import { Page, pageInput } from './page.ts'
import { reviewOperations } from './product-reviews.ts'
import { Id, Line, Prose, Sku, Slug, Timestamp } from './text.ts'

/** What a variant costs in one currency. */
export const Price = z.object({
  amountMinor: AmountMinor,
  currency: Currency,
  /** The price it is compared with, struck through. Higher than the amount. */
  compareAtMinor: AmountMinor.nullable(),
})
const PriceInput = z.strictObject({
  amountMinor: AmountMinor,
  currency: Currency,
  compareAtMinor: AmountMinor.optional(),
})

/** GTIN-8, -12, -13 or -14 (GS1): its last digit checks the others. */
const Gtin = z.string().regex(/^(\d{8}|\d{12,14})$/, 'must be a GTIN of 8, 12, 13 or 14 digits')

/** Largest number of variants that one product has, archived ones included, and of categories in the tree. */
export const MAX_VARIANTS = 250
export const MAX_CATEGORIES = 5000

/** A variant for each combination: more options than this make more variants than a product may have. */
const MAX_OPTIONS = 5

export const Option = z.object({ name: z.string(), values: z.array(z.string()) })
const OptionInput = z.strictObject({ name: Line(40), values: z.array(Line(60)).min(1).max(100) })

export const Variant = z.object({
  variantId: Id,
  sku: z.string(),
  barcode: z.string().nullable(),
  /** One value for each of the product's options: `{ Colour: 'Oak' }`. */
  options: z.record(z.string(), z.string()),
  price: Price,
  weightGrams: z.int().nullable(),
})

const ProductSummaryShape = {
  productId: Id,
  slug: z.string(),
  name: z.string(),
  brand: z.string().nullable(),
  /** The cheapest and the dearest variant. */
  priceFrom: Money,
  priceTo: Money,
  /** Of the cheapest variant. */
  compareAtMinor: AmountMinor.nullable(),
  variantCount: z.int(),
}
export const ProductSummary = z.object(ProductSummaryShape)

export const Product = z.object({
  productId: Id,
  slug: z.string(),
  name: z.string(),
  brand: z.string().nullable(),
  description: z.string(),
  categories: z.array(z.object({ categoryId: Id, slug: z.string(), name: z.string() })),
  options: z.array(Option),
  variants: z.array(Variant),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type Product = z.output<typeof Product>

export const ProductStatus = z.enum(['draft', 'published', 'archived'])

/** As staff see it: with status, every currency, cost, and the version that the next change names. */
export const AdminVariant = Variant.omit({ price: true }).extend({
  prices: z.array(Price),
  cost: Money.nullable(),
  archived: z.boolean(),
})
export const AdminProduct = Product.omit({ variants: true }).extend({
  status: ProductStatus,
  version: z.int(),
  variants: z.array(AdminVariant),
})

export const Category = z.object({
  categoryId: Id,
  slug: z.string(),
  name: z.string(),
  parentId: Id.nullable(),
  /** Slugs from the root to this one. */
  path: z.array(z.string()),
  position: z.int(),
})

/** Which value each of the product's options has in a variant. */
const OptionValuesInput = z
  .record(Line(40), Line(60))
  .refine((values) => Object.keys(values).length <= MAX_OPTIONS, `must have at most ${MAX_OPTIONS} entries`)
  .meta({ maxProperties: MAX_OPTIONS })

const VariantInput = z.strictObject({
  sku: Sku,
  barcode: Gtin.optional(),
  options: OptionValuesInput.default({}),
  prices: z.array(PriceInput).min(1).max(20),
  cost: z.strictObject({ amountMinor: AmountMinor, currency: Currency }).optional(),
  weightGrams: z.int().min(0).max(10_000_000).optional(),
})

const NotFound = { status: 404, title: 'There is no such product.' } as const
const CategoryNotFound = { status: 404, title: 'There is no such category.' } as const
const SkuTaken = {
  status: 409,
  title: 'Another variant has this SKU or barcode.',
  data: z.object({ skus: z.array(z.string()) }),
} as const
const NotSellable = {
  status: 409,
  title: 'A published product needs a variant that is not archived.',
} as const
const TooDeep = { status: 409, title: 'The tree is at most 10 levels deep.' } as const
const SlugTaken = { status: 409, title: 'This slug is taken.' } as const
const Stale = {
  status: 412,
  title: 'It was changed in the meantime. Read it again.',
  data: z.object({ version: z.int() }),
} as const

const currencyInput = Currency.optional()

export const product = contract('product', {
  ...reviewOperations,
  list: operation({
    summary: 'Published products, newest first, of a category and those below it',
    method: 'GET',
    path: '/products',
    access: 'public',
    input: z.strictObject({
      /** A category's slug. */
      category: Slug.optional(),
      currency: currencyInput,
      ...pageInput,
    }),
    output: Page(ProductSummary),
    errors: { CATEGORY_NOT_FOUND: CategoryNotFound },
  }),
  get: operation({
    summary: 'One published product with its variants',
    method: 'GET',
    path: '/products/{idOrSlug}',
    access: 'public',
    input: z.strictObject({ idOrSlug: z.string().min(1).max(120), currency: currencyInput }),
    output: Product,
    errors: { PRODUCT_NOT_FOUND: NotFound },
  }),
  categories: operation({
    summary: 'The category tree, parents before children',
    method: 'GET',
    path: '/categories',
    access: 'public',
    input: z.strictObject({}),
    /** At most `MAX_CATEGORIES`. */
    output: z.object({ items: z.array(Category) }),
  }),
  /** Current price and description of sellable variants; unknown, unpublished or unpriced SKUs are left out. */
  quote: operation({
    summary: 'What some SKUs are and cost now',
    method: 'GET',
    path: '/product/quote',
    access: 'service',
    input: z.strictObject({ skus: z.array(Sku).min(1).max(200), currency: Currency }),
    output: z.object({
      items: z.array(
        z.object({
          sku: z.string(),
          variantId: Id,
          productId: Id,
          productSlug: z.string(),
          name: z.string(),
          options: z.record(z.string(), z.string()),
          unitPriceMinor: AmountMinor,
          weightGrams: z.int().nullable(),
        }),
      ),
    }),
  }),
  listForStaff: operation({
    summary: 'All products, newest first',
    method: 'GET',
    path: '/admin/products',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ status: ProductStatus.optional(), ...pageInput }),
    output: Page(
      z.object({
        productId: Id,
        slug: z.string(),
        name: z.string(),
        status: ProductStatus,
        variantCount: z.int(),
        version: z.int(),
      }),
    ),
  }),
  getForStaff: operation({
    summary: 'One product as staff see it',
    method: 'GET',
    path: '/admin/products/{productId}',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ productId: Id }),
    output: AdminProduct,
    errors: { PRODUCT_NOT_FOUND: NotFound },
  }),
  create: operation({
    summary: 'Create a product with its options and variants, as a draft',
    method: 'POST',
    path: '/admin/products',
    access: 'staff',
    permission: 'product:write',
    status: 201,
    idempotency: 'key',
    bodyLimitBytes: 1024 * 1024,
    input: z.strictObject({
      name: Line(200),
      /** Made from the name when absent. */
      slug: Slug.optional(),
      brand: Line(120).optional(),
      description: Prose(20_000).default(''),
      categoryIds: z.array(Id).max(50).default([]),
      options: z.array(OptionInput).max(MAX_OPTIONS).default([]),
      variants: z.array(VariantInput).min(1).max(MAX_VARIANTS),
    }),
    output: AdminProduct,
    errors: { SKU_TAKEN: SkuTaken, SLUG_TAKEN: SlugTaken, CATEGORY_NOT_FOUND: CategoryNotFound },
  }),
  change: operation({
    summary: 'Change a product; what is not named stays',
    method: 'PATCH',
    path: '/admin/products/{productId}',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    input: z.strictObject({
      productId: Id,
      /** The version that was read: a change of anything newer is refused. */
      version: z.int().min(1).max(2_000_000_000),
      name: Line(200).optional(),
      slug: Slug.optional(),
      brand: Line(120).nullable().optional(),
      description: Prose(20_000).optional(),
      categoryIds: z.array(Id).max(50).optional(),
      /** The same options in any order; values may come, and go when no variant uses them. */
      options: z.array(OptionInput).max(MAX_OPTIONS).optional(),
      status: ProductStatus.optional(),
    }),
    output: AdminProduct,
    errors: {
      PRODUCT_NOT_FOUND: NotFound,
      STALE: Stale,
      NOT_SELLABLE: NotSellable,
      SLUG_TAKEN: SlugTaken,
      CATEGORY_NOT_FOUND: CategoryNotFound,
    },
  }),
  addVariant: operation({
    summary: 'Add a variant to a product',
    method: 'POST',
    path: '/admin/products/{productId}/variants',
    access: 'staff',
    permission: 'product:write',
    status: 201,
    idempotency: 'key',
    input: VariantInput.extend({ productId: Id }),
    output: AdminProduct,
    errors: {
      PRODUCT_NOT_FOUND: NotFound,
      SKU_TAKEN: SkuTaken,
      TOO_MANY_VARIANTS: {
        status: 409,
        title: 'A product has at most 250 variants, archived ones included.',
      },
    },
  }),
  changeVariant: operation({
    summary: 'Change a variant; what is not named stays, prices are replaced as a whole',
    method: 'PATCH',
    path: '/admin/products/{productId}/variants/{variantId}',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    input: z.strictObject({
      productId: Id,
      variantId: Id,
      version: z.int().min(1).max(2_000_000_000),
      barcode: Gtin.nullable().optional(),
      prices: z.array(PriceInput).min(1).max(20).optional(),
      cost: z.strictObject({ amountMinor: AmountMinor, currency: Currency }).nullable().optional(),
      weightGrams: z.int().min(0).max(10_000_000).nullable().optional(),
      archived: z.boolean().optional(),
    }),
    output: AdminProduct,
    errors: {
      PRODUCT_NOT_FOUND: NotFound,
      VARIANT_NOT_FOUND: { status: 404, title: 'There is no such variant.' },
      STALE: Stale,
      SKU_TAKEN: SkuTaken,
      NOT_SELLABLE: NotSellable,
    },
  }),
  createCategory: operation({
    summary: 'Create a category',
    method: 'POST',
    path: '/admin/categories',
    access: 'staff',
    permission: 'product:write',
    status: 201,
    idempotency: 'key',
    input: z.strictObject({
      name: Line(120),
      slug: Slug.optional(),
      parentId: Id.optional(),
      position: z.int().min(0).max(1_000_000).default(0),
    }),
    output: Category,
    errors: {
      SLUG_TAKEN: SlugTaken,
      CATEGORY_NOT_FOUND: CategoryNotFound,
      TOO_DEEP: TooDeep,
      TOO_MANY_CATEGORIES: { status: 409, title: 'There are at most 5,000 categories.' },
    },
  }),
  changeCategory: operation({
    summary: 'Rename or move a category',
    method: 'PATCH',
    path: '/admin/categories/{categoryId}',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    input: z.strictObject({
      categoryId: Id,
      name: Line(120).optional(),
      slug: Slug.optional(),
      parentId: Id.nullable().optional(),
      position: z.int().min(0).max(1_000_000).optional(),
    }),
    output: Category,
    errors: {
      CATEGORY_NOT_FOUND: CategoryNotFound,
      SLUG_TAKEN: SlugTaken,
      CYCLE: { status: 409, title: 'A category cannot stand below itself.' },
      TOO_DEEP: TooDeep,
    },
  }),
  deleteCategory: operation({
    summary: 'Delete a category that has no categories below it',
    method: 'DELETE',
    path: '/admin/categories/{categoryId}',
    access: 'staff',
    permission: 'product:write',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ categoryId: Id }),
    output: z.null(),
    errors: { HAS_CHILDREN: { status: 409, title: 'Move or delete the categories below it first.' } },
  }),
  /** First goods of a new shop, published: inserts what is not there by slug, changes nothing that is. */
  seed: operation({
    summary: 'Fill a new shop with categories and products',
    method: 'POST',
    path: '/product/seed',
    access: 'service',
    idempotency: 'natural',
    bodyLimitBytes: 4 * 1024 * 1024,
    input: z.strictObject({
      /** Parents before children. */
      categories: z
        .array(
          z.strictObject({
            slug: Slug,
            name: Line(120),
            parentSlug: Slug.optional(),
            position: z.int().min(0).max(1_000_000).default(0),
          }),
        )
        .max(200),
      products: z
        .array(
          z.strictObject({
            slug: Slug,
            name: Line(200),
            brand: Line(120).optional(),
            description: Prose(20_000).default(''),
            categorySlugs: z.array(Slug).max(50).default([]),
            options: z.array(OptionInput).max(MAX_OPTIONS).default([]),
            variants: z.array(VariantInput).min(1).max(50),
          }),
        )
        .max(1000),
    }),
    /** How many were inserted. A product is left out when its slug, or a SKU or barcode of its variants, is there already. */
    output: z.object({ categories: z.int(), products: z.int(), variants: z.int() }),
  }),
})

/** Created, changed or archived: read the product for what it is now. */
export const ProductChanged = event({
  name: 'product.changed',
  version: 1,
  payload: z.object({ productId: Id, status: ProductStatus, skus: z.array(z.string()) }),
  key: (e) => e.productId,
})

export const CategoryChanged = event({
  name: 'product.category-changed',
  version: 1,
  payload: z.object({ categoryId: Id, deleted: z.boolean() }),
  key: (e) => e.categoryId,
})
