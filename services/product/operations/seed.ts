import { type InputOf, invalidInput } from '@stoa/contract'
import { CategoryChanged, MAX_CATEGORIES, ProductChanged, type product } from '@stoa/contracts/product'
import type { Query, Tx } from '@stoa/runtime'
import { v7 } from 'uuid'
import { insertCategories, lockTree, type NewCategory } from '../categories.ts'
import { type Place, placeBelow, refusal } from '../category-place.ts'
import type { Handles } from '../context.ts'
import { relist } from '../listings.ts'
import { reprice } from '../pricing/reprice.ts'
import { insertProducts, type NewProduct } from '../products.ts'
import { looksLikeId } from '../slug.ts'
import { productFaults } from '../variant-rules.ts'

type Input = InputOf<typeof product.operations.seed>

export const seed: Handles<typeof product.operations.seed> = async (input, ctx) => {
  const faults = input.products.flatMap((added, index) => [
    ...(looksLikeId(added.slug)
      ? [{ field: `products.${index}.slug`, message: 'must not look like an id' }]
      : []),
    ...productFaults(added, `products.${index}.`),
  ])
  if (faults.length > 0) throw invalidInput(...faults.slice(0, 20))

  return ctx.transaction(async (tx) => {
    // Two processes that start at once fill the shop one after the other: the second finds all there.
    const treeVersion = await lockTree(tx.query)
    const present = await loadPresent(tx.query, input)
    const { categories, places } = newCategories(input, present)
    const products = newProducts(input, present, places)
    if (categories.length > 0) await insertCategories(tx.query, categories, treeVersion)
    if (products.length > 0) {
      await insertProducts(tx.query, products, 'published')
      const productIds = products.map(({ productId }) => productId)
      await reprice(tx.query, productIds)
      await relist(tx.query, productIds)
    }
    announceAll(tx, { categories, products, treeVersion })
    return {
      categories: categories.length,
      products: products.length,
      variants: products.reduce((sum, { variants }) => sum + variants.length, 0),
    }
  })
}

type Present = {
  readonly categories: readonly (Place & { readonly slug: string })[]
  readonly categoryCount: number
  readonly slugs: readonly string[]
  readonly skus: readonly string[]
  readonly barcodes: readonly string[]
}

/** What is there already of all that the input names. */
async function loadPresent(query: Query, { categories, products }: Input): Promise<Present> {
  const variants = products.flatMap((added) => added.variants)
  const [row] = await query<Present>(
    `select
       coalesce((select json_agg(json_build_object('slug', slug, 'path', path, 'slugs', slugs))
         from product.categories where slug = any ($1::text[])), '[]') as categories,
       (select count(*) from product.categories)::int as "categoryCount",
       array(select slug from product.products where slug = any ($2::text[])) as slugs,
       array(select sku from product.variants where sku = any ($3::text[])) as skus,
       array(select lpad(barcode, 14, '0') from product.variants where lpad(barcode, 14, '0') = any ($4::text[])) as barcodes`,
    [
      [
        ...categories.flatMap(({ slug, parentSlug }) =>
          parentSlug === undefined ? [slug] : [slug, parentSlug],
        ),
        ...products.flatMap((added) => added.categorySlugs),
      ],
      products.map(({ slug }) => slug),
      variants.map(({ sku }) => sku),
      variants.flatMap(({ barcode }) => (barcode === undefined ? [] : [gtin14(barcode)])),
    ],
  )
  return row!
}

/** The categories to insert, and where each of the input's categories stands once they are. */
function newCategories(
  input: Input,
  present: Present,
): { categories: NewCategory[]; places: ReadonlyMap<string, Place> } {
  const places = new Map<string, Place>(present.categories.map((category) => [category.slug, category]))
  const categories: NewCategory[] = []
  input.categories.forEach(({ slug, name, parentSlug, position }, index) => {
    if (places.has(slug)) return
    const field = `categories.${index}.parentSlug`
    const parent = parentSlug === undefined ? undefined : places.get(parentSlug)
    if (parentSlug !== undefined && !parent)
      throw invalidInput({ field, message: 'is not a category before this one' })
    const categoryId = v7()
    if (refusal({ categoryId, levels: 1 }, parent))
      throw invalidInput({ field, message: 'is as deep as the tree may be' })
    const place = placeBelow(parent, { categoryId, slug })
    places.set(slug, place)
    categories.push({ ...place, categoryId, slug, name, parentId: place.path.at(-2) ?? null, position })
  })
  if (present.categoryCount + categories.length > MAX_CATEGORIES)
    throw invalidInput({ field: 'categories', message: `would be more than ${MAX_CATEGORIES}` })
  return { categories, places }
}

function newProducts(input: Input, present: Present, places: ReadonlyMap<string, Place>): NewProduct[] {
  const slugs = new Set(present.slugs)
  const skus = new Set(present.skus)
  const barcodes = new Set(present.barcodes)
  const products: NewProduct[] = []
  input.products.forEach(({ categorySlugs, ...added }, index) => {
    const variantTaken = added.variants.some(
      ({ sku, barcode }) => skus.has(sku) || (barcode !== undefined && barcodes.has(gtin14(barcode))),
    )
    if (slugs.has(added.slug) || variantTaken) return
    slugs.add(added.slug)
    for (const { sku, barcode } of added.variants) {
      skus.add(sku)
      if (barcode !== undefined) barcodes.add(gtin14(barcode))
    }
    const categoryIds = [...new Set(categorySlugs)].map((slug, place) => {
      const id = places.get(slug)?.path.at(-1)
      if (id === undefined)
        throw invalidInput({
          field: `products.${index}.categorySlugs.${place}`,
          message: 'is not a category',
        })
      return id
    })
    products.push({
      ...added,
      brand: added.brand,
      productId: v7(),
      categoryIds,
      variants: added.variants.map((variant) => ({ ...variant, variantId: v7() })),
    })
  })
  return products
}

function announceAll(
  tx: Tx,
  added: { categories: readonly NewCategory[]; products: readonly NewProduct[]; treeVersion: number },
): void {
  for (const { categoryId } of added.categories)
    tx.emit(CategoryChanged, { categoryId, deleted: false }, { version: added.treeVersion })
  for (const { productId, variants } of added.products) {
    const skus = variants.map(({ sku }) => sku)
    tx.emit(ProductChanged, { productId, status: 'published', skus }, { version: 1 })
  }
}

const gtin14 = (barcode: string): string => barcode.padStart(14, '0')
