import { contract, event, operation } from '@stoa/contract'
import { z } from 'zod'
import { AmountMinor, Currency } from './money.ts'
import { Page, pageInput } from './page.ts'
import { assortmentOperations } from './product-assortment.ts'
import { cacheOperations } from './product-cache.ts'
import { importOperations } from './product-imports.ts'
import { MAX_PRODUCT_MEDIA, mediaOperations } from './product-media.ts'
import { MAX_PRICED_QUANTITY, PriceTier, pricingOperations } from './product-pricing.ts'
import { reviewOperations } from './product-reviews.ts'
import {
  AdminCategory,
  AdminProduct,
  AttributesInput,
  AttributesPatch,
  attributeFields,
  BrandNotFound,
  Category,
  CategoryDetail,
  CategoryNotFound,
  CollectionNotFound,
  Gtin,
  LinkKind,
  MAX_LINKS,
  MAX_OPTIONS,
  MAX_VARIANTS,
  MediaNotFound,
  Moved,
  OptionInput,
  PriceInput,
  Product,
  ProductNotFound,
  ProductStatus,
  ProductSummary,
  SeoInput,
  SlugTaken,
  VariantInput,
  Version,
} from './product-shapes.ts'
import { SearchDocument } from './search-document.ts'
import { Stale } from './stale.ts'
import { Id, Line, Prose, Sku, Slug, Timestamp } from './text.ts'

export * from './product-assortment.ts'
export * from './product-shapes.ts'

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

const currencyInput = Currency.optional()
const matched = { headers: { version: 'if-match' }, responseHeaders: ['etag'] } as const

/** When a product is published, and taken back, by itself. Null: not. */
const planInput = {
  publishAt: Timestamp.nullable().optional(),
  unpublishAt: Timestamp.nullable().optional(),
}

const categoryFields = {
  description: Prose(20_000).optional(),
  mediaId: Id.nullable().optional(),
  seo: SeoInput.optional(),
}

/** How many products one bulk change names. */
export const MAX_BULK = 5000

export const product = contract('product', {
  ...assortmentOperations,
  ...mediaOperations,
  ...pricingOperations,
  ...importOperations,
  ...reviewOperations,
  ...cacheOperations,
  list: operation({
    summary:
      'Published products, newest first, of a category and those below it, of a brand; of a collection in its order',
    method: 'GET',
    path: '/products',
    access: 'public',
    cache: { seconds: 300 },
    input: z.strictObject({
      /** Slugs. */
      category: Slug.optional(),
      brand: Slug.optional(),
      collection: Slug.optional(),
      currency: currencyInput,
      ...pageInput,
    }),
    output: Page(ProductSummary),
    errors: {
      CATEGORY_NOT_FOUND: CategoryNotFound,
      BRAND_NOT_FOUND: BrandNotFound,
      COLLECTION_NOT_FOUND: CollectionNotFound,
    },
  }),
  get: operation({
    summary: 'One published product with its variants',
    method: 'GET',
    path: '/products/{idOrSlug}',
    access: 'public',
    cache: { seconds: 600 },
    input: z.strictObject({ idOrSlug: z.string().min(1).max(120), currency: currencyInput }),
    output: Product,
    errors: { PRODUCT_NOT_FOUND: ProductNotFound, MOVED: Moved },
  }),
  categories: operation({
    summary: 'The category tree, parents before children',
    method: 'GET',
    path: '/categories',
    access: 'public',
    cache: { seconds: 600 },
    input: z.strictObject({}),
    /** At most `MAX_CATEGORIES`. */
    output: z.object({ items: z.array(Category) }),
  }),
  category: operation({
    summary: 'One category',
    method: 'GET',
    path: '/categories/{idOrSlug}',
    access: 'public',
    cache: { seconds: 600 },
    input: z.strictObject({ idOrSlug: z.string().min(1).max(120) }),
    output: CategoryDetail,
    errors: { CATEGORY_NOT_FOUND: CategoryNotFound, MOVED: Moved },
  }),
  /** For whoever reads them all: page by page in the order of ids, which no change moves. */
  documentIds: operation({
    summary: 'The ids of published products',
    method: 'GET',
    path: '/product/document-ids',
    access: 'service',
    input: z.strictObject({
      /** The last id of the page before. */
      after: Id.optional(),
      limit: z.int().min(1).max(1_000).default(1_000),
    }),
    output: z.object({ items: z.array(Id) }),
  }),
  /** What search is made of. Products that are not published are left out. */
  documents: operation({
    summary: 'All that search knows of some products',
    method: 'POST',
    path: '/product/documents',
    access: 'service',
    idempotency: 'natural',
    input: z.strictObject({ productIds: z.array(Id).min(1).max(200) }),
    output: z.object({ items: z.array(SearchDocument) }),
  }),
  /** Current price and description of sellable variants, each once; unknown, unpublished or unpriced SKUs are left out. */
  quote: operation({
    summary: 'What some SKUs are and cost now',
    method: 'GET',
    path: '/product/quote',
    access: 'service',
    input: z.strictObject({
      skus: z.array(Sku).min(1).max(200),
      /** How many of each, aligned with `skus`: many may cost less apiece. One when absent. */
      quantities: z.array(z.int().min(1).max(MAX_PRICED_QUANTITY)).min(1).max(200).optional(),
      currency: Currency,
    }),
    output: z.object({
      items: z.array(
        z.object({
          sku: z.string(),
          variantId: Id,
          productId: Id,
          productSlug: z.string(),
          name: z.string(),
          options: z.record(z.string(), z.string()),
          /** Of one piece of so many, for a customer like the caller. */
          unitPriceMinor: AmountMinor,
          /** What a piece costs from other quantities on, ascending. */
          tiers: z.array(PriceTier),
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
    errors: { PRODUCT_NOT_FOUND: ProductNotFound },
    responseHeaders: ['etag'],
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
      attributes: AttributesInput.default({}),
      seo: SeoInput.default({}),
      ...planInput,
    }),
    output: AdminProduct,
    responseHeaders: ['etag'],
    errors: { SKU_TAKEN: SkuTaken, SLUG_TAKEN: SlugTaken, CATEGORY_NOT_FOUND: CategoryNotFound },
  }),
  change: operation({
    summary: 'Change a product; what is not named stays',
    method: 'PATCH',
    path: '/admin/products/{productId}',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    bodyLimitBytes: 1024 * 1024,
    ...matched,
    input: z.strictObject({
      productId: Id,
      version: Version,
      name: Line(200).optional(),
      slug: Slug.optional(),
      brand: Line(120).nullable().optional(),
      description: Prose(20_000).optional(),
      categoryIds: z.array(Id).max(50).optional(),
      /** The same options in any order; values may come, and go when no variant uses them. */
      options: z.array(OptionInput).max(MAX_OPTIONS).optional(),
      attributes: AttributesPatch.optional(),
      seo: SeoInput.optional(),
      ...planInput,
      status: ProductStatus.optional(),
    }),
    output: AdminProduct,
    errors: {
      PRODUCT_NOT_FOUND: ProductNotFound,
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
    responseHeaders: ['etag'],
    errors: {
      PRODUCT_NOT_FOUND: ProductNotFound,
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
    ...matched,
    input: z.strictObject({
      productId: Id,
      variantId: Id,
      /** Of the product. */
      version: Version,
      barcode: Gtin.nullable().optional(),
      prices: z.array(PriceInput).min(1).max(20).optional(),
      cost: z.strictObject({ amountMinor: AmountMinor, currency: Currency }).nullable().optional(),
      weightGrams: z.int().min(0).max(10_000_000).nullable().optional(),
      archived: z.boolean().optional(),
    }),
    output: AdminProduct,
    errors: {
      PRODUCT_NOT_FOUND: ProductNotFound,
      VARIANT_NOT_FOUND: { status: 404, title: 'There is no such variant.' },
      STALE: Stale,
      SKU_TAKEN: SkuTaken,
      NOT_SELLABLE: NotSellable,
    },
  }),
  bulkChange: operation({
    summary: 'Change thousands of products; each is changed or refused by itself',
    method: 'POST',
    path: '/admin/products/bulk',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'key',
    /** 5,000 items of 1.6 KB. */
    bodyLimitBytes: 8 * 1024 * 1024,
    deadlineMs: 60_000,
    input: z.strictObject({
      items: z
        .array(
          z.strictObject({
            /** One of `productId` and `sku` (of any of its variants) says which product. */
            productId: Id.optional(),
            sku: Sku.optional(),
            /** Absent: whatever is there is changed. */
            version: Version.optional(),
            name: Line(200).optional(),
            slug: Slug.optional(),
            brand: Line(120).nullable().optional(),
            description: Prose(20_000).optional(),
            categoryIds: z.array(Id).max(50).optional(),
            attributes: AttributesPatch.optional(),
            seo: SeoInput.optional(),
            status: ProductStatus.optional(),
            ...planInput,
            /** Of variants of this product: all prices of each. */
            prices: z
              .array(z.strictObject({ sku: Sku, prices: z.array(PriceInput).min(1).max(20) }))
              .max(MAX_VARIANTS)
              .optional(),
          }),
        )
        .min(1)
        .max(MAX_BULK),
    }),
    output: z.object({
      changed: z.int(),
      unchanged: z.int(),
      refused: z.int(),
      items: z.array(
        z.object({
          index: z.int(),
          outcome: z.enum(['changed', 'unchanged', 'refused']),
          /** Of a refusal: a code as `change` has it. */
          code: z.string().nullable(),
          /** Of INVALID_INPUT: what is wrong, named as if the item stood alone. */
          fields: z.array(z.object({ field: z.string(), message: z.string() })),
        }),
      ),
    }),
  }),
  getCategoryForStaff: operation({
    summary: 'One category as staff see it',
    method: 'GET',
    path: '/admin/categories/{categoryId}',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ categoryId: Id }),
    output: AdminCategory,
    errors: { CATEGORY_NOT_FOUND: CategoryNotFound },
    responseHeaders: ['etag'],
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
      ...categoryFields,
    }),
    output: AdminCategory,
    responseHeaders: ['etag'],
    errors: {
      SLUG_TAKEN: SlugTaken,
      MEDIA_NOT_FOUND: MediaNotFound,
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
    ...matched,
    input: z.strictObject({
      categoryId: Id,
      version: Version,
      name: Line(120).optional(),
      slug: Slug.optional(),
      parentId: Id.nullable().optional(),
      position: z.int().min(0).max(1_000_000).optional(),
      ...categoryFields,
    }),
    output: AdminCategory,
    errors: {
      CATEGORY_NOT_FOUND: CategoryNotFound,
      MEDIA_NOT_FOUND: MediaNotFound,
      STALE: Stale,
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
    headers: { version: 'if-match' },
    input: z.strictObject({ categoryId: Id, version: Version }),
    output: z.null(),
    errors: {
      STALE: Stale,
      HAS_CHILDREN: { status: 409, title: 'Move or delete the categories below it first.' },
      HAS_PRODUCTS: { status: 409, title: 'More than 20,000 products stand in it. Move them first.' },
    },
  }),
  /** First goods of a new shop, published: inserts what is not there by slug, changes nothing that is. */
  seed: operation({
    summary: 'Fill a new shop with its first goods',
    method: 'POST',
    path: '/product/seed',
    access: 'service',
    idempotency: 'natural',
    bodyLimitBytes: 16 * 1024 * 1024,
    deadlineMs: 30_000,
    input: z.strictObject({
      /** Parents before children. */
      categories: z
        .array(
          z.strictObject({
            slug: Slug,
            name: Line(120),
            parentSlug: Slug.optional(),
            position: z.int().min(0).max(1_000_000).default(0),
            description: Prose(20_000).default(''),
            seo: SeoInput.default({}),
            /** Its picture, by the address from which it is fetched. */
            image: z.strictObject({ sourceUrl: z.url().max(2000), alt: z.string().max(500) }).optional(),
          }),
        )
        .max(200),
      attributes: z
        .array(
          z.strictObject({
            code: Slug,
            ...attributeFields,
          }),
        )
        .max(500)
        .default([]),
      products: z
        .array(
          z.strictObject({
            slug: Slug,
            name: Line(200),
            brand: Line(120).optional(),
            description: Prose(20_000).default(''),
            categorySlugs: z.array(Slug).max(50).default([]),
            attributes: AttributesInput.default({}),
            options: z.array(OptionInput).max(MAX_OPTIONS).default([]),
            variants: z.array(VariantInput).min(1).max(50),
            seo: SeoInput.default({}),
            /** The main one first. */
            media: z
              .array(
                z.strictObject({
                  /** Where the picture is fetched from when it is first asked for. */
                  sourceUrl: z.url().max(2000),
                  alt: z.string().max(500).default(''),
                  width: z.int().min(1).max(30_000).optional(),
                  height: z.int().min(1).max(30_000).optional(),
                  /** The variants that it shows; none: all. */
                  variantSkus: z.array(Sku).max(50).default([]),
                }),
              )
              .max(MAX_PRODUCT_MEDIA)
              .default([]),
          }),
        )
        .max(1000),
      /** Products by slug; those that are not there are left out. A list that is there already is left alone. */
      links: z
        .array(
          z.strictObject({
            slug: Slug,
            kind: LinkKind,
            slugs: z.array(Slug).max(MAX_LINKS),
          }),
        )
        .max(3000)
        .default([]),
      collections: z
        .array(
          z.strictObject({
            slug: Slug,
            name: Line(120),
            description: Prose(20_000).default(''),
            seo: SeoInput.default({}),
            /** Products by slug, in order. */
            slugs: z.array(Slug).max(1000),
          }),
        )
        .max(50)
        .default([]),
    }),
    /** How many were inserted. A product is left out when its slug, or a SKU or barcode of its variants, is there already. */
    output: z.object({ categories: z.int(), products: z.int(), variants: z.int() }),
  }),
})

/** Created, changed or archived: read the product for what it is now. */
export const ProductChanged = event({
  name: 'product.changed',
  version: 1,
  payload: z.object({
    productId: Id,
    status: ProductStatus,
    skus: z.array(z.string()),
    /**
     * Nothing else changed: what it costs (and it is sold in the same currencies as before), or its rating. Whoever shows only
     * other things of it need not look. Absent: anything may have changed.
     */
    only: z.enum(['prices', 'rating']).optional(),
  }),
  key: (e) => e.productId,
})

export const CategoryChanged = event({
  name: 'product.category-changed',
  version: 1,
  payload: z.object({ categoryId: Id, deleted: z.boolean() }),
  key: (e) => e.categoryId,
})
