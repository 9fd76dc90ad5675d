import type { Query } from '@stoa/runtime'
import type { AttributeRule } from './attribute-rules.ts'
import { MAX_TAKEN_SLUGS } from './products.ts'

/** All besides the products themselves that decides whether products may be written: who has which slug, SKU and barcode, and so on. */
export type Surroundings = {
  /** Product by slug. Of those asked for, and of those that begin with an asked stem. */
  readonly slugs: Map<string, string>
  /** Product by SKU. */
  readonly skus: Map<string, string>
  /** SKU by barcode, in 14 digits. */
  readonly barcodes: Map<string, string>
  /** Of each category that exists: codes of the attributes that its products must have, those of categories above included. */
  readonly categories: ReadonlyMap<string, readonly string[]>
  readonly media: ReadonlySet<string>
}

/** Reads it in one statement. */
export async function loadSurroundings(
  query: Query,
  asked: {
    readonly slugs: readonly string[]
    readonly stems: readonly string[]
    readonly skus: readonly string[]
    readonly barcodes: readonly string[]
    readonly categoryIds: readonly string[]
    readonly mediaIds: readonly string[]
  },
): Promise<Surroundings> {
  const [row] = await query<{
    slugs: [string, string][]
    skus: [string, string][]
    barcodes: [string, string][]
    categories: [string, string[]][]
    media: string[]
  }>(
    `select
       coalesce((select json_agg(json_build_array(p.slug, p.product_id)) from (
         select slug, product_id from product.products where slug = any ($1::text[])
         union
         select near.slug, near.product_id from unnest($2::text[]) as stem
         cross join lateral (
           select slug, product_id from product.products
           where slug > stem || '-' and slug < stem || '.' limit ${MAX_TAKEN_SLUGS}) near
       ) p), '[]') as slugs,
       coalesce((select json_agg(json_build_array(sku, product_id))
         from product.variants where sku = any ($3::text[])), '[]') as skus,
       coalesce((select json_agg(json_build_array(lpad(barcode, 14, '0'), sku))
         from product.variants where lpad(barcode, 14, '0') = any ($4::text[])), '[]') as barcodes,
       coalesce((select json_agg(json_build_array(c.category_id, array(
           select distinct ca.code from product.category_attributes ca
           where ca.required and ca.category_id = any (c.path))))
         from product.categories c where c.category_id = any ($5::uuid[])), '[]') as categories,
       coalesce((select json_agg(media_id) from product.media where media_id = any ($6::uuid[])), '[]') as media`,
    [
      [...asked.slugs, ...asked.stems],
      asked.stems,
      asked.skus,
      asked.barcodes,
      asked.categoryIds,
      asked.mediaIds,
    ],
  )
  return {
    slugs: new Map(row!.slugs),
    skus: new Map(row!.skus),
    barcodes: new Map(row!.barcodes),
    categories: new Map(row!.categories),
    media: new Set(row!.media),
  }
}

/** The definitions of these codes, held as they are until the transaction ends. Those that are not there are left out. */
export async function loadAttributeRules(
  query: Query,
  codes: Iterable<string>,
): Promise<Map<string, AttributeRule>> {
  const wanted = [...new Set(codes)]
  if (wanted.length === 0) return new Map()
  const rows = await query<AttributeRule>(
    `select code, type, allowed_values as "allowedValues" from product.attributes
     where code = any ($1::text[]) order by code for share`,
    [wanted],
  )
  return new Map(rows.map((row) => [row.code, row]))
}

/** Which attributes products of these categories must have. */
export async function requiredAttributes(query: Query, categoryIds: readonly string[]): Promise<string[]> {
  if (categoryIds.length === 0) return []
  const rows = await query<{ code: string }>(
    `select distinct ca.code from product.category_attributes ca
     join product.categories c on ca.category_id = any (c.path)
     where ca.required and c.category_id = any ($1::uuid[]) order by ca.code`,
    [categoryIds],
  )
  return rows.map(({ code }) => code)
}

export const gtin14 = (barcode: string): string => barcode.padStart(14, '0')
