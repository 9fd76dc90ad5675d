import type { AdminProduct as AdminProductSchema } from '@stoa/contracts/product'
import type { Query } from '@stoa/runtime'
import type { z } from 'zod'
import type { ProductFields } from './change-product.ts'
import { isoTimestamp } from './json.ts'
import type { Option, PriceInput, VariantInput } from './variant-rules.ts'

/** The categories of the product `p`, the main one first. */
export const categoriesOfProduct = `
  coalesce((
    select json_agg(json_build_object('categoryId', c.category_id, 'slug', c.slug, 'name', c.name) order by pc.position)
    from product.product_categories pc join product.categories c on c.category_id = pc.category_id
    where pc.product_id = p.product_id), '[]')`

const ADMIN_PRODUCT = `
  select json_build_object(
    'productId', p.product_id, 'slug', p.slug, 'name', p.name, 'brand', p.brand, 'description', p.description,
    'status', p.status, 'version', p.version, 'categories', ${categoriesOfProduct}, 'options', p.options,
    'variants', coalesce((
      select json_agg(json_build_object(
        'variantId', v.variant_id, 'sku', v.sku, 'barcode', v.barcode, 'options', v.options,
        'prices', (
          select json_agg(json_build_object(
            'amountMinor', vp.amount_minor, 'currency', vp.currency, 'compareAtMinor', vp.compare_at_minor)
            order by vp.currency)
          from product.variant_prices vp where vp.variant_id = v.variant_id),
        'cost', case when v.cost_minor is not null
          then json_build_object('amountMinor', v.cost_minor, 'currency', v.cost_currency) end,
        'weightGrams', v.weight_grams, 'archived', v.archived) order by v.position)
      from product.variants v where v.product_id = p.product_id), '[]'),
    'createdAt', ${isoTimestamp('p.created_at')}, 'updatedAt', ${isoTimestamp('p.updated_at')})::text as json
  from product.products p
  where p.product_id = $1`

/** A product as staff see it, as the contract's JSON. */
export async function adminProductJson(query: Query, productId: string): Promise<string | undefined> {
  const [row] = await query<{ json: string }>(ADMIN_PRODUCT, [productId])
  return row?.json
}

export type AdminProduct = z.output<typeof AdminProductSchema>

export async function loadProduct(query: Query, productId: string): Promise<AdminProduct | undefined> {
  const json = await adminProductJson(query, productId)
  return json === undefined ? undefined : (JSON.parse(json) as AdminProduct)
}

export type NewVariant = VariantInput & { readonly variantId: string }

export type NewProduct = {
  readonly productId: string
  readonly slug: string
  readonly name: string
  readonly brand: string | undefined
  readonly description: string
  readonly categoryIds: readonly string[]
  readonly options: readonly Option[]
  readonly variants: readonly NewVariant[]
}

/** Inserts products with all that belongs to them, in one statement however many they are. */
export async function insertProducts(
  query: Query,
  products: readonly NewProduct[],
  status: 'draft' | 'published',
): Promise<void> {
  await query(
    `with input as (
       select * from jsonb_to_recordset($1::jsonb) as p ("productId" uuid, slug text, name text, brand text,
         description text, "categoryIds" jsonb, options jsonb, variants jsonb)
     ), added as (
       insert into product.products (product_id, slug, name, brand, description, options, status, published_at)
       select "productId", slug, name, brand, description, options, $2, case when $2 = 'published' then now() end
       from input
     ), placed as (
       insert into product.product_categories (product_id, category_id, position)
       select i."productId", c.id::uuid, c.place
       from input i, jsonb_array_elements_text(i."categoryIds") with ordinality as c (id, place)
     ), variant as (
       select i."productId" as product_id, v.ordinality as position, v."variantId" as variant_id, v.sku, v.barcode, v.options,
         v.prices, v."costMinor", v."costCurrency", v."weightGrams"
       from input i, rows from (jsonb_to_recordset(i.variants) as ("variantId" uuid, sku text, barcode text, options jsonb,
         prices jsonb, "costMinor" bigint, "costCurrency" text, "weightGrams" int)) with ordinality as v
     ), sold as (
       insert into product.variants (variant_id, product_id, sku, barcode, options, position, cost_minor, cost_currency,
         weight_grams)
       select variant_id, product_id, sku, barcode, options, position, "costMinor", "costCurrency", "weightGrams"
       from variant
       -- In one order, so that two who bring the same SKUs at once wait for each other instead of in a circle.
       order by sku
     )
     insert into product.variant_prices (variant_id, currency, amount_minor, compare_at_minor)
     select v.variant_id, x.currency, x."amountMinor", x."compareAtMinor"
     from variant v, jsonb_to_recordset(v.prices) as x (currency text, "amountMinor" bigint, "compareAtMinor" bigint)`,
    [
      JSON.stringify(products.map((added) => ({ ...added, variants: added.variants.map(variantRow) }))),
      status,
    ],
  )
}

/** Writes a product's own fields. Answers its new version; undefined when it is no longer at `expectedVersion`. */
export async function updateProduct(
  query: Query,
  { productId, expectedVersion }: { productId: string; expectedVersion: number },
  fields: ProductFields,
): Promise<number | undefined> {
  const [row] = await query<{ version: number }>(
    `with changed as (
       update product.products set slug = $3, name = $4, brand = $5, description = $6, options = $7::jsonb, status = $8,
         version = version + 1, updated_at = now(),
         published_at = coalesce(published_at, case when $8 = 'published' then now() end)
       where product_id = $1 and version = $2
       returning product_id, version
     ), removed as (
       delete from product.product_categories pc using changed
       where pc.product_id = changed.product_id and pc.category_id <> all ($9::uuid[])
     ), placed as (
       insert into product.product_categories (product_id, category_id, position)
       select changed.product_id, c.id, c.place from changed, unnest($9::uuid[]) with ordinality as c (id, place)
       on conflict (product_id, category_id) do update set position = excluded.position
     )
     select version from changed`,
    [
      productId,
      expectedVersion,
      fields.slug,
      fields.name,
      fields.brand,
      fields.description,
      JSON.stringify(fields.options),
      fields.status,
      fields.categoryIds,
    ],
  )
  return row?.version
}

/** Holds a product against other writers until the transaction ends. */
export async function lockProduct(query: Query, productId: string): Promise<void> {
  await query('select from product.products where product_id = $1 for no key update', [productId])
}

/** Adds a variant behind the others of a locked product. */
export async function insertVariant(
  query: Query,
  { productId, position }: { productId: string; position: number },
  variant: NewVariant,
): Promise<void> {
  await query(
    `with changed as (
       update product.products set version = version + 1, updated_at = now() where product_id = $1
     ), variant as (
       select * from jsonb_to_record($3::jsonb) as v ("variantId" uuid, sku text, barcode text, options jsonb, prices jsonb,
         "costMinor" bigint, "costCurrency" text, "weightGrams" int)
     ), sold as (
       insert into product.variants (variant_id, product_id, sku, barcode, options, position, cost_minor, cost_currency,
         weight_grams)
       select "variantId", $1, sku, barcode, options, $2, "costMinor", "costCurrency", "weightGrams" from variant
     )
     insert into product.variant_prices (variant_id, currency, amount_minor, compare_at_minor)
     select v."variantId", x.currency, x."amountMinor", x."compareAtMinor"
     from variant v, jsonb_to_recordset(v.prices) as x (currency text, "amountMinor" bigint, "compareAtMinor" bigint)`,
    [productId, position, JSON.stringify(variantRow(variant))],
  )
}

export type VariantFields = {
  readonly barcode: string | null
  readonly prices: readonly PriceInput[]
  readonly cost: { readonly amountMinor: number; readonly currency: string } | null
  readonly weightGrams: number | null
  readonly archived: boolean
}

/** Writes one variant. Answers the product's new version; undefined when it is no longer at `expectedVersion`. */
export async function updateVariant(
  query: Query,
  at: { productId: string; variantId: string; expectedVersion: number },
  fields: VariantFields,
): Promise<number | undefined> {
  const [row] = await query<{ version: number }>(
    `with changed as (
       update product.products set version = version + 1, updated_at = now()
       where product_id = $1 and version = $2
       returning version
     ), price as (
       select x.* from changed, jsonb_to_recordset($4::jsonb)
         as x (currency text, "amountMinor" bigint, "compareAtMinor" bigint)
     ), sold as (
       update product.variants set barcode = $5, cost_minor = $6, cost_currency = $7, weight_grams = $8, archived = $9
       from changed where variant_id = $3
     ), removed as (
       delete from product.variant_prices using changed
       where variant_id = $3 and currency not in (select currency from price)
     ), priced as (
       insert into product.variant_prices (variant_id, currency, amount_minor, compare_at_minor)
       select $3, currency, "amountMinor", "compareAtMinor" from price
       on conflict (variant_id, currency) do update
         set amount_minor = excluded.amount_minor, compare_at_minor = excluded.compare_at_minor
     )
     select version from changed`,
    [
      at.productId,
      at.expectedVersion,
      at.variantId,
      JSON.stringify(fields.prices),
      fields.barcode,
      fields.cost?.amountMinor ?? null,
      fields.cost?.currency ?? null,
      fields.weightGrams,
      fields.archived,
    ],
  )
  return row?.version
}

export async function productVersion(query: Query, productId: string): Promise<number> {
  const [row] = await query<{ version: number }>(
    'select version from product.products where product_id = $1',
    [productId],
  )
  return row?.version ?? 0
}

/** Which of these variants have a SKU or barcode that is another's. */
export async function takenSkus(
  query: Query,
  variants: readonly { readonly sku: string; readonly barcode?: string | undefined }[],
): Promise<string[]> {
  const rows = await query<{ sku: string }>(
    `select i.sku
     from jsonb_to_recordset($1::jsonb) as i (sku text, barcode text)
     where exists (select from product.variants v where v.sku = i.sku)
       or exists (select from product.variants v where lpad(v.barcode, 14, '0') = lpad(i.barcode, 14, '0'))
     order by i.sku`,
    [JSON.stringify(variants.map(({ sku, barcode }) => ({ sku, barcode })))],
  )
  return rows.map(({ sku }) => sku)
}

/** More names of one stem than this, and a new one gets its number from those seen. */
const MAX_TAKEN_SLUGS = 1_000

/** The slugs that are `base` or begin with `base-`. */
export async function takenSlugs(
  query: Query,
  table: 'products' | 'categories',
  base: string,
): Promise<Set<string>> {
  // '.' follows '-' in "C" order, which makes the prefix a range of the index.
  const rows = await query<{ slug: string }>(
    `select slug from product.${table} where slug = $1 or (slug > $1 || '-' and slug < $1 || '.') limit ${MAX_TAKEN_SLUGS}`,
    [base],
  )
  return new Set(rows.map(({ slug }) => slug))
}

const variantRow = ({ cost, ...variant }: NewVariant) => ({
  ...variant,
  costMinor: cost?.amountMinor,
  costCurrency: cost?.currency,
})
