import type { AdminProduct as AdminProductSchema } from '@stoa/contracts/product'
import type { Query } from '@stoa/runtime'
import type { z } from 'zod'
import { isoTimestamp } from './json.ts'
import { picturesOfProduct } from './media/media-json.ts'
import type { ProductState, StoredProduct, VariantState } from './stored-product.ts'

/** The categories of the product `p`, the main one first. */
export const categoriesOfProduct = `
  coalesce((
    select json_agg(json_build_object('categoryId', c.category_id, 'slug', c.slug, 'name', c.name) order by pc.position)
    from product.product_categories pc join product.categories c on c.category_id = pc.category_id
    where pc.product_id = p.product_id), '[]')`

/**
 * The fields that shoppers and staff see alike, of the product `p` and its brand `b`, for `json_build_object`; status, prices and
 * variants come on top.
 */
export const productFields = `
  'productId', p.product_id, 'slug', p.slug, 'name', p.name, 'brand', b.name, 'brandSlug', b.slug,
  'description', p.description, 'categories', ${categoriesOfProduct},
  'collections', coalesce((
    select json_agg(json_build_object('collectionId', c.collection_id, 'slug', c.slug, 'name', c.name)
      order by lower(c.name), c.collection_id)
    from product.collection_products cp join product.collections c on c.collection_id = cp.collection_id
    where cp.product_id = p.product_id), '[]'),
  'attributes', coalesce((
    select json_agg(json_build_object('code', d.code, 'name', d.name, 'type', d.type, 'unit', d.unit, 'value', a.value)
      order by d.position, d.code)
    from jsonb_each(p.attributes) a join product.attributes d on d.code = a.key), '[]'),
  'options', p.options, 'media', ${picturesOfProduct},
  'rating', coalesce((
    select json_build_object('average', r.average, 'count', r.count, 'histogram', r.histogram)
    from product.product_ratings r where r.product_id = p.product_id),
    '{"average":null,"count":0,"histogram":[0,0,0,0,0]}'),
  'seo', json_build_object('title', p.seo_title, 'description', p.seo_description),
  'createdAt', ${isoTimestamp('p.created_at')}, 'updatedAt', ${isoTimestamp('p.updated_at')}`

const PRICES = `
  (select json_agg(json_build_object(
      'amountMinor', vp.amount_minor, 'currency', vp.currency, 'compareAtMinor', vp.compare_at_minor)
      order by vp.currency)
    from product.variant_prices vp where vp.variant_id = v.variant_id)`

const COST = `
  case when v.cost_minor is not null
    then json_build_object('amountMinor', v.cost_minor, 'currency', v.cost_currency) end`

const PLAN = `'publishAt', ${isoTimestamp('p.publish_at')}, 'unpublishAt', ${isoTimestamp('p.unpublish_at')}`

const ADMIN_PRODUCT = `
  select p.version, json_build_object(${productFields},
    'status', p.status, 'version', p.version, ${PLAN},
    'variants', coalesce((
      select json_agg(json_build_object(
        'variantId', v.variant_id, 'sku', v.sku, 'barcode', v.barcode, 'options', v.options,
        'prices', ${PRICES}, 'cost', ${COST}, 'weightGrams', v.weight_grams, 'archived', v.archived) order by v.position)
      from product.variants v where v.product_id = p.product_id), '[]'))::text as json
  from product.products p left join product.brands b on b.brand_id = p.brand_id
  where p.product_id = $1`

/** A product as staff see it, as the contract's JSON, and its version. */
export async function adminProductJson(
  query: Query,
  productId: string,
): Promise<{ json: string; version: number } | undefined> {
  const [row] = await query<{ json: string; version: number }>(ADMIN_PRODUCT, [productId])
  return row
}

export type AdminProduct = z.output<typeof AdminProductSchema>

export async function loadAdminProduct(query: Query, productId: string): Promise<AdminProduct | undefined> {
  const found = await adminProductJson(query, productId)
  return found && (JSON.parse(found.json) as AdminProduct)
}

const STORED = `
  select json_build_object(
    'productId', p.product_id, 'version', p.version, 'brandId', p.brand_id, 'slug', p.slug, 'name', p.name,
    'brand', b.name, 'description', p.description, 'status', p.status,
    'categoryIds', coalesce((
      select json_agg(pc.category_id order by pc.position)
      from product.product_categories pc where pc.product_id = p.product_id), '[]'),
    'options', p.options, 'attributes', p.attributes,
    'seo', json_build_object('title', p.seo_title, 'description', p.seo_description), ${PLAN},
    'variants', coalesce((
      select json_agg(json_build_object(
        'variantId', v.variant_id, 'sku', v.sku, 'barcode', v.barcode, 'options', v.options,
        'prices', coalesce(${PRICES}, '[]'), 'cost', ${COST}, 'weightGrams', v.weight_grams, 'archived', v.archived)
        order by v.position)
      from product.variants v where v.product_id = p.product_id), '[]'),
    'media', coalesce((
      select json_agg(json_build_object('mediaId', m.media_id, 'alt', m.alt, 'variantIds', to_json(m.variant_ids))
        order by m.position, m.media_id)
      from product.product_media m where m.product_id = p.product_id), '[]'))::text as json
  from product.products p left join product.brands b on b.brand_id = p.brand_id
  where p.product_id = any ($1::uuid[])`

/** Products as they are stored, in no order. Those that are not there are left out. */
export async function loadProducts(query: Query, productIds: readonly string[]): Promise<StoredProduct[]> {
  if (productIds.length === 0) return []
  const rows = await query<{ json: string }>(STORED, [productIds])
  return rows.map(({ json }) => JSON.parse(json) as StoredProduct)
}

export async function loadProduct(query: Query, productId: string): Promise<StoredProduct | undefined> {
  const [found] = await loadProducts(query, [productId])
  return found
}

/** Holds products against other writers until the transaction ends. In key order, so that two who hold many never wait in a circle. */
export async function lockProducts(query: Query, productIds: readonly string[]): Promise<void> {
  await query(
    'select from product.products where product_id = any ($1::uuid[]) order by product_id for no key update',
    [productIds],
  )
}

export const lockProduct = (query: Query, productId: string): Promise<void> =>
  lockProducts(query, [productId])

export type SavedProduct = {
  readonly productId: string
  /** The version that is replaced; 0 of a new product. */
  readonly version: number
  readonly brandId: string | null
  readonly after: ProductState
  /** Only these variants are written; the others stay. */
  readonly variants: readonly VariantState[]
}

/** `revision` numbers what is announced of the product. */
export type SavedVersion = { readonly version: number; readonly revision: number }

/**
 * Writes new and changed products with all that belongs to them but their pictures, in one statement however many they are. Answers
 * their new versions; a product that is no longer at its version is left out and stays as it is.
 */
export async function saveProducts(
  query: Query,
  products: readonly SavedProduct[],
): Promise<Map<string, SavedVersion>> {
  if (products.length === 0) return new Map()
  const rows = await query<SavedVersion & { product_id: string }>(SAVE, [
    JSON.stringify(products.map(savedRow)),
  ])
  return new Map(rows.map(({ product_id, version, revision }) => [product_id, { version, revision }]))
}

const savedRow = ({ productId, version, brandId, after, variants }: SavedProduct) => ({
  productId,
  version: version + 1,
  slug: after.slug,
  name: after.name,
  brandId,
  description: after.description,
  options: after.options,
  attributes: after.attributes,
  status: after.status,
  seoTitle: after.seo.title,
  seoDescription: after.seo.description,
  publishAt: after.publishAt,
  unpublishAt: after.unpublishAt,
  categoryIds: after.categoryIds,
  variants: variants.map((variant) => ({
    ...variant,
    position: after.variants.findIndex(({ variantId }) => variantId === variant.variantId) + 1,
    costMinor: variant.cost?.amountMinor,
    costCurrency: variant.cost?.currency,
  })),
})

const SAVE = `
  with input as materialized (
    select * from jsonb_to_recordset($1::jsonb) as p ("productId" uuid, version int, slug text, name text, "brandId" uuid,
      description text, options jsonb, attributes jsonb, status text, "seoTitle" text, "seoDescription" text,
      "publishAt" timestamptz, "unpublishAt" timestamptz, "categoryIds" jsonb, variants jsonb)
  ), saved as (
    insert into product.products as p (product_id, version, slug, name, brand_id, description, options, attributes, status,
      seo_title, seo_description, publish_at, unpublish_at, published_at)
    select "productId", version, slug, name, "brandId", description, options, attributes, status, "seoTitle",
      "seoDescription", "publishAt", "unpublishAt", case when status = 'published' then now() end
    from input
    -- In one order, so that two who bring the same slugs at once wait for each other instead of in a circle.
    order by slug
    on conflict (product_id) do update set version = excluded.version, revision = p.revision + 1, slug = excluded.slug, name = excluded.name,
      brand_id = excluded.brand_id, description = excluded.description, options = excluded.options,
      attributes = excluded.attributes, status = excluded.status, seo_title = excluded.seo_title,
      seo_description = excluded.seo_description, publish_at = excluded.publish_at, unpublish_at = excluded.unpublish_at,
      published_at = coalesce(p.published_at, excluded.published_at), updated_at = now()
    where p.version = excluded.version - 1
    returning p.product_id, p.version, p.revision, old.slug as old_slug, new.slug as new_slug
  ), redirected as (
    insert into product.slug_redirects (kind, slug, target_id)
    select 'product', old_slug, product_id from saved where old_slug <> new_slug
    on conflict (kind, slug) do update set target_id = excluded.target_id, created_at = now()
  ), freed as (
    delete from product.slug_redirects r using saved
    where r.kind = 'product' and r.slug = saved.new_slug and saved.old_slug is distinct from saved.new_slug
  ), place as (
    select i."productId" as product_id, c.id::uuid as category_id, c.place
    from input i join saved on saved.product_id = i."productId",
      jsonb_array_elements_text(i."categoryIds") with ordinality as c (id, place)
  ), unplaced as (
    delete from product.product_categories pc
    using (
      select saved.product_id, array(select jsonb_array_elements_text(i."categoryIds")::uuid) as kept
      from saved join input i on i."productId" = saved.product_id
      where saved.old_slug is not null) s
    where pc.product_id = s.product_id and pc.category_id <> all (s.kept)
  ), placed as (
    insert into product.product_categories as pc (product_id, category_id, position)
    select product_id, category_id, place from place
    on conflict (product_id, category_id) do update set position = excluded.position
      where pc.position <> excluded.position
  ), variant as materialized (
    select i."productId" as product_id, v.*
    from input i join saved on saved.product_id = i."productId",
      jsonb_to_recordset(i.variants) as v ("variantId" uuid, sku text, barcode text, options jsonb, prices jsonb,
        "costMinor" bigint, "costCurrency" text, "weightGrams" int, archived boolean, position int)
  ), sold as (
    insert into product.variants (variant_id, product_id, sku, barcode, options, position, cost_minor, cost_currency,
      weight_grams, archived)
    select "variantId", product_id, sku, barcode, options, position, "costMinor", "costCurrency", "weightGrams", archived
    from variant
    -- In one order, as above.
    order by sku
    on conflict (variant_id) do update set barcode = excluded.barcode, options = excluded.options,
      position = excluded.position, cost_minor = excluded.cost_minor, cost_currency = excluded.cost_currency,
      weight_grams = excluded.weight_grams, archived = excluded.archived
  ), price as (
    select v."variantId" as variant_id, x.currency, x."amountMinor", x."compareAtMinor"
    from variant v,
      jsonb_to_recordset(v.prices) as x (currency text, "amountMinor" bigint, "compareAtMinor" bigint)
  ), left_over as materialized (
    -- Cut off from the planner, who takes an import for granted and would read the prices of the whole shop for one variant.
    select p.variant_id, p.currency
    from variant v cross join lateral (
      select * from product.variant_prices vp
      where vp.variant_id = v."variantId"
        and vp.currency <> all (array(select x.currency from jsonb_to_recordset(v.prices) as x (currency text)))
      offset 0) p
  ), unpriced as (
    delete from product.variant_prices vp
    where vp.variant_id = any (array(select variant_id from left_over))
      and exists (select from left_over l where l.variant_id = vp.variant_id and l.currency = vp.currency)
  ), priced as (
    insert into product.variant_prices as vp (variant_id, currency, amount_minor, compare_at_minor)
    select variant_id, currency, "amountMinor", "compareAtMinor" from price
    on conflict (variant_id, currency) do update
      set amount_minor = excluded.amount_minor, compare_at_minor = excluded.compare_at_minor
      where (vp.amount_minor, vp.compare_at_minor) is distinct from (excluded.amount_minor, excluded.compare_at_minor)
  )
  select product_id, version, revision from saved`

/** Replaces the pictures of some products, in one statement. */
export async function saveMedia(
  query: Query,
  products: readonly { readonly productId: string; readonly media: ProductState['media'] }[],
): Promise<void> {
  if (products.length === 0) return
  await query(SAVE_MEDIA, [JSON.stringify(products)])
}

const SAVE_MEDIA = `
  with input as materialized (
    select * from jsonb_to_recordset($1::jsonb) as p ("productId" uuid, media jsonb)
  ), wanted as materialized (
    select i."productId" as product_id, m."mediaId" as media_id, m.alt,
      array(select jsonb_array_elements_text(m."variantIds")::uuid) as variant_ids, m.ordinality as position
    from input i, rows from (jsonb_to_recordset(i.media) as ("mediaId" uuid, alt text, "variantIds" jsonb))
      with ordinality as m
  ), removed as (
    delete from product.product_media pm using input i
    where pm.product_id = i."productId"
      and not exists (select from wanted w where w.product_id = pm.product_id and w.media_id = pm.media_id)
  )
  insert into product.product_media (product_id, media_id, variant_ids, alt, position)
  select product_id, media_id, variant_ids, alt, position from wanted
  on conflict (product_id, media_id) do update
    set variant_ids = excluded.variant_ids, alt = excluded.alt, position = excluded.position`

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
  variants: readonly { readonly sku: string; readonly barcode?: string | null | undefined }[],
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
export const MAX_TAKEN_SLUGS = 1_000

/** The slugs that are `base` or begin with `base-`. */
export async function takenSlugs(
  query: Query,
  table: 'products' | 'categories' | 'brands' | 'collections',
  base: string,
): Promise<Set<string>> {
  // '.' follows '-' in "C" order, which makes the prefix a range of the index.
  const rows = await query<{ slug: string }>(
    `select slug from product.${table} where slug = $1 or (slug > $1 || '-' and slug < $1 || '.') limit ${MAX_TAKEN_SLUGS}`,
    [base],
  )
  return new Set(rows.map(({ slug }) => slug))
}
