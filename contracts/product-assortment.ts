import { event, operation } from '@stoa/contract'
import { z } from 'zod'
import { Currency } from './money.ts'
import { Page, pageInput } from './page.ts'
import {
  AdminBrand,
  AdminCollection,
  AttributeCode,
  attributeFields,
  Brand,
  BrandNotFound,
  BrandSummary,
  CategoryNotFound,
  Collection,
  CollectionNotFound,
  CollectionSummary,
  LinkKind,
  MAX_ATTRIBUTES,
  MAX_COLLECTION_PRODUCTS,
  MAX_LINKS,
  MediaNotFound,
  Moved,
  ProductNotFound,
  ProductSummary,
  SeoInput,
  SlugTaken,
  Version,
} from './product-shapes.ts'
import { AttributeDefinition } from './search-document.ts'
import { Stale } from './stale.ts'
import { Id, Line, Prose, Slug } from './text.ts'

/** What staff read and change of an attribute. */
export const AdminAttribute = AttributeDefinition.extend({ version: z.int() })

const AttributeNotFound = { status: 404, title: 'There is no such attribute.' } as const
const AttributeInUse = {
  status: 409,
  title: 'Products have a value of this attribute.',
} as const

/** An attribute that the products of a category are asked for. */
const CategoryAttribute = AttributeDefinition.extend({
  required: z.boolean(),
  /** The category that says so: this one, or one above it. */
  from: z.object({ categoryId: Id, slug: z.string() }),
})

const matched = { headers: { version: 'if-match' }, responseHeaders: ['etag'] } as const
const staffRead = { method: 'GET', access: 'staff', permission: 'product:read' } as const
const staffWrite = { access: 'staff', permission: 'product:write' } as const

const thingFields = {
  slug: Slug.optional(),
  description: Prose(20_000).optional(),
  mediaId: Id.nullable().optional(),
  seo: SeoInput.optional(),
}

/** What makes a catalogue of an assortment: attributes, brands, collections and links. */
export const assortmentOperations = {
  listAttributes: operation({
    summary: 'All attributes by code',
    path: '/admin/attributes',
    ...staffRead,
    input: z.strictObject({ ...pageInput }),
    output: Page(AdminAttribute),
  }),
  getAttribute: operation({
    summary: 'One attribute',
    path: '/admin/attributes/{code}',
    ...staffRead,
    input: z.strictObject({ code: AttributeCode }),
    output: AdminAttribute,
    errors: { ATTRIBUTE_NOT_FOUND: AttributeNotFound },
    responseHeaders: ['etag'],
  }),
  createAttribute: operation({
    summary: 'Define an attribute',
    method: 'POST',
    path: '/admin/attributes',
    ...staffWrite,
    status: 201,
    /** The same definition again is answered as it stands. */
    idempotency: 'natural',
    input: z.strictObject({ code: AttributeCode, ...attributeFields }),
    output: AdminAttribute,
    errors: {
      CODE_TAKEN: { status: 409, title: 'Another attribute has this code.' },
      TOO_MANY_ATTRIBUTES: { status: 409, title: 'There are at most 20,000 attributes.' },
    },
    responseHeaders: ['etag'],
  }),
  replaceAttribute: operation({
    summary: 'Change the definition of an attribute, all of it',
    method: 'PUT',
    path: '/admin/attributes/{code}',
    ...staffWrite,
    idempotency: 'natural',
    ...matched,
    input: z.strictObject({ code: AttributeCode, version: Version, ...attributeFields }),
    output: AdminAttribute,
    errors: {
      ATTRIBUTE_NOT_FOUND: AttributeNotFound,
      /** Another type of value, while products have one of the old type. */
      ATTRIBUTE_IN_USE: AttributeInUse,
      STALE: Stale,
    },
  }),
  deleteAttribute: operation({
    summary: 'Delete an attribute that no product has a value of',
    method: 'DELETE',
    path: '/admin/attributes/{code}',
    ...staffWrite,
    status: 204,
    idempotency: 'natural',
    headers: { version: 'if-match' },
    input: z.strictObject({ code: AttributeCode, version: Version }),
    output: z.null(),
    errors: { ATTRIBUTE_IN_USE: AttributeInUse, STALE: Stale },
  }),
  /** All of them, at most `MAX_ATTRIBUTE_DEFINITIONS`, by code. */
  attributeDefinitions: operation({
    summary: 'What is said of each attribute',
    method: 'GET',
    path: '/product/attribute-definitions',
    access: 'service',
    input: z.strictObject({}),
    output: z.object({ items: z.array(AttributeDefinition) }),
  }),
  categoryAttributes: operation({
    summary:
      'Which attributes the products of a category are asked for, those of the categories above it included',
    path: '/admin/categories/{categoryId}/attributes',
    ...staffRead,
    input: z.strictObject({ categoryId: Id }),
    output: z.object({ items: z.array(CategoryAttribute) }),
    errors: { CATEGORY_NOT_FOUND: CategoryNotFound },
    /** The category's. */
    responseHeaders: ['etag'],
  }),
  putCategoryAttributes: operation({
    summary: 'Say which attributes the products of a category are asked for',
    method: 'PUT',
    path: '/admin/categories/{categoryId}/attributes',
    ...staffWrite,
    idempotency: 'natural',
    ...matched,
    input: z.strictObject({
      categoryId: Id,
      /** Of the category. */
      version: Version,
      /** Its own, in order. A product without a value of a required one cannot be published. */
      attributes: z
        .array(z.strictObject({ code: AttributeCode, required: z.boolean().default(false) }))
        .max(MAX_ATTRIBUTES),
    }),
    output: z.object({ items: z.array(CategoryAttribute) }),
    errors: {
      CATEGORY_NOT_FOUND: CategoryNotFound,
      STALE: Stale,
    },
  }),

  brands: operation({
    summary: 'Brands by name',
    method: 'GET',
    path: '/brands',
    access: 'public',
    cache: { seconds: 600 },
    input: z.strictObject({ ...pageInput }),
    output: Page(BrandSummary),
  }),
  brand: operation({
    summary: 'One brand',
    method: 'GET',
    path: '/brands/{slug}',
    access: 'public',
    cache: { seconds: 600 },
    input: z.strictObject({ slug: Slug }),
    output: Brand,
    errors: { BRAND_NOT_FOUND: BrandNotFound, MOVED: Moved },
  }),
  getBrandForStaff: operation({
    summary: 'One brand as staff see it',
    path: '/admin/brands/{brandId}',
    ...staffRead,
    input: z.strictObject({ brandId: Id }),
    output: AdminBrand,
    errors: { BRAND_NOT_FOUND: BrandNotFound },
    responseHeaders: ['etag'],
  }),
  createBrand: operation({
    summary: 'Create a brand',
    method: 'POST',
    path: '/admin/brands',
    ...staffWrite,
    status: 201,
    idempotency: 'key',
    input: z.strictObject({ name: Line(120), ...thingFields }),
    output: AdminBrand,
    errors: {
      NAME_TAKEN: { status: 409, title: 'Another brand has this name.' },
      SLUG_TAKEN: SlugTaken,
      MEDIA_NOT_FOUND: MediaNotFound,
    },
    responseHeaders: ['etag'],
  }),
  changeBrand: operation({
    summary: 'Change a brand; what is not named stays',
    method: 'PATCH',
    path: '/admin/brands/{brandId}',
    ...staffWrite,
    idempotency: 'natural',
    ...matched,
    input: z.strictObject({ brandId: Id, version: Version, name: Line(120).optional(), ...thingFields }),
    output: AdminBrand,
    errors: {
      BRAND_NOT_FOUND: BrandNotFound,
      NAME_TAKEN: { status: 409, title: 'Another brand has this name.' },
      SLUG_TAKEN: SlugTaken,
      MEDIA_NOT_FOUND: MediaNotFound,
      STALE: Stale,
    },
  }),
  deleteBrand: operation({
    summary: 'Delete a brand that no product has',
    method: 'DELETE',
    path: '/admin/brands/{brandId}',
    ...staffWrite,
    status: 204,
    idempotency: 'natural',
    headers: { version: 'if-match' },
    input: z.strictObject({ brandId: Id, version: Version }),
    output: z.null(),
    errors: { BRAND_IN_USE: { status: 409, title: 'Products have this brand.' }, STALE: Stale },
  }),

  collections: operation({
    summary: 'Collections by name',
    method: 'GET',
    path: '/collections',
    access: 'public',
    cache: { seconds: 600 },
    input: z.strictObject({ ...pageInput }),
    output: Page(CollectionSummary),
  }),
  /** Its products: `list` with `collection`. */
  collection: operation({
    summary: 'One collection',
    method: 'GET',
    path: '/collections/{slug}',
    access: 'public',
    cache: { seconds: 600 },
    input: z.strictObject({ slug: Slug }),
    output: Collection,
    errors: { COLLECTION_NOT_FOUND: CollectionNotFound, MOVED: Moved },
  }),
  getCollectionForStaff: operation({
    summary: 'One collection as staff see it',
    path: '/admin/collections/{collectionId}',
    ...staffRead,
    input: z.strictObject({ collectionId: Id }),
    output: AdminCollection,
    errors: { COLLECTION_NOT_FOUND: CollectionNotFound },
    responseHeaders: ['etag'],
  }),
  createCollection: operation({
    summary: 'Create a collection',
    method: 'POST',
    path: '/admin/collections',
    ...staffWrite,
    status: 201,
    idempotency: 'key',
    input: z.strictObject({ name: Line(120), ...thingFields }),
    output: AdminCollection,
    errors: { SLUG_TAKEN: SlugTaken, MEDIA_NOT_FOUND: MediaNotFound },
    responseHeaders: ['etag'],
  }),
  changeCollection: operation({
    summary: 'Change a collection; what is not named stays',
    method: 'PATCH',
    path: '/admin/collections/{collectionId}',
    ...staffWrite,
    idempotency: 'natural',
    ...matched,
    input: z.strictObject({
      collectionId: Id,
      version: Version,
      name: Line(120).optional(),
      ...thingFields,
    }),
    output: AdminCollection,
    errors: {
      COLLECTION_NOT_FOUND: CollectionNotFound,
      SLUG_TAKEN: SlugTaken,
      MEDIA_NOT_FOUND: MediaNotFound,
      STALE: Stale,
    },
  }),
  collectionProducts: operation({
    summary: 'The products of a collection in order, published or not',
    path: '/admin/collections/{collectionId}/products',
    ...staffRead,
    input: z.strictObject({ collectionId: Id }),
    /** At most `MAX_COLLECTION_PRODUCTS`. */
    output: z.object({ productIds: z.array(Id) }),
    errors: { COLLECTION_NOT_FOUND: CollectionNotFound },
    responseHeaders: ['etag'],
  }),
  putCollectionProducts: operation({
    summary: 'Say which products stand in a collection, in order',
    method: 'PUT',
    path: '/admin/collections/{collectionId}/products',
    ...staffWrite,
    idempotency: 'natural',
    ...matched,
    bodyLimitBytes: 512 * 1024,
    input: z.strictObject({
      collectionId: Id,
      version: Version,
      productIds: z.array(Id).max(MAX_COLLECTION_PRODUCTS),
    }),
    output: AdminCollection,
    errors: { COLLECTION_NOT_FOUND: CollectionNotFound, STALE: Stale },
  }),
  deleteCollection: operation({
    summary: 'Delete a collection; its products stay',
    method: 'DELETE',
    path: '/admin/collections/{collectionId}',
    ...staffWrite,
    status: 204,
    idempotency: 'natural',
    headers: { version: 'if-match' },
    input: z.strictObject({ collectionId: Id, version: Version }),
    output: z.null(),
    errors: { STALE: Stale },
  }),

  links: operation({
    summary: 'Published products that go with one',
    method: 'GET',
    path: '/products/{idOrSlug}/links',
    access: 'public',
    cache: { seconds: 600 },
    input: z.strictObject({ idOrSlug: z.string().min(1).max(120), currency: Currency.optional() }),
    /** Each at most `MAX_LINKS`, in order. */
    output: z.object({
      related: z.array(ProductSummary),
      upSell: z.array(ProductSummary),
      crossSell: z.array(ProductSummary),
    }),
    errors: { PRODUCT_NOT_FOUND: ProductNotFound },
  }),
  linksForStaff: operation({
    summary: 'The products that go with one, published or not',
    path: '/admin/products/{productId}/links',
    ...staffRead,
    input: z.strictObject({ productId: Id }),
    output: z.object({
      related: z.array(Id),
      upSell: z.array(Id),
      crossSell: z.array(Id),
    }),
    errors: { PRODUCT_NOT_FOUND: ProductNotFound },
    /** The product's. */
    responseHeaders: ['etag'],
  }),
  putLinks: operation({
    summary: 'Say which products go with one, in order',
    method: 'PUT',
    path: '/admin/products/{productId}/links/{kind}',
    ...staffWrite,
    idempotency: 'natural',
    ...matched,
    input: z.strictObject({
      productId: Id,
      kind: LinkKind,
      /** Of the product. */
      version: Version,
      productIds: z.array(Id).max(MAX_LINKS),
    }),
    output: z.object({ productIds: z.array(Id) }),
    errors: { PRODUCT_NOT_FOUND: ProductNotFound, STALE: Stale },
  }),
} as const

/** Read `attributeDefinitions` for what it is now. */
export const AttributeChanged = event({
  name: 'product.attribute-changed',
  version: 1,
  payload: z.object({ code: z.string(), deleted: z.boolean() }),
  key: (e) => e.code,
})

export const BrandChanged = event({
  name: 'product.brand-changed',
  version: 1,
  payload: z.object({ brandId: Id, deleted: z.boolean() }),
  key: (e) => e.brandId,
})

export const CollectionChanged = event({
  name: 'product.collection-changed',
  version: 1,
  payload: z.object({ collectionId: Id, deleted: z.boolean() }),
  key: (e) => e.collectionId,
})
