import { createHash } from 'node:crypto'
import { BrandChanged } from '@stoa/contracts/product'
import type { Query, Tx } from '@stoa/runtime'
import { v7 } from 'uuid'
import { slugify } from './slug.ts'

/** Others may make the same brands at the same moment; after they have committed, a new statement sees theirs. */
const MAX_TRIES = 3

export type BrandName = { readonly brandId: string; readonly name: string }

/**
 * The brands of these names, whichever way they are capitalised, made and announced where they are not there. Held as they are until
 * the transaction ends: none is deleted, or gets a name that a product which comes to it now would not be shown by. One statement, three
 * when some are new. By `brandKey`.
 */
export async function ensureBrands(tx: Tx, names: readonly string[]): Promise<Map<string, BrandName>> {
  const brands = await findBrands(tx.query, names, HOLD)
  for (let tries = 1; ; tries += 1) {
    const missing = distinctNames(names).filter((name) => !brands.has(brandKey(name)))
    if (missing.length === 0) return brands
    if (tries > MAX_TRIES) throw new Error('Brands are being made by others, and do not appear')
    for (const brandId of await addBrands(tx.query, missing))
      tx.emit(BrandChanged, { brandId, deleted: false }, { version: 1 })
    for (const [key, brand] of await findBrands(tx.query, missing, HOLD)) brands.set(key, brand)
  }
}

/** Those that are there, by `brandKey`. */
export const knownBrands = (
  query: Query,
  names: readonly (string | null | undefined)[],
): Promise<Map<string, BrandName>> => findBrands(query, names, '')

// In one order, so that two who hold many never wait in a circle.
const HOLD = 'order by b.brand_id for share of b'

async function findBrands(
  query: Query,
  names: readonly (string | null | undefined)[],
  hold: typeof HOLD | '',
): Promise<Map<string, BrandName>> {
  const wanted = distinctNames(names)
  if (wanted.length === 0) return new Map()
  const rows = await query<BrandName & { key: string }>(
    `select wanted.key, b.brand_id as "brandId", b.name
     from jsonb_to_recordset($1::jsonb) as wanted (key text, name text)
     join product.brands b on lower(b.name) = lower(wanted.name) ${hold}`,
    [JSON.stringify(wanted.map((name) => ({ key: brandKey(name), name })))],
  )
  return new Map(rows.map(({ key, brandId, name }) => [key, { brandId, name }]))
}

const distinctNames = (names: readonly (string | null | undefined)[]): string[] => [
  ...new Map(names.filter((name) => typeof name === 'string').map((name) => [brandKey(name), name])).values(),
]

/** As the index on brands compares names. */
export const brandKey = (name: string): string => name.toLowerCase()

/** Answers the ids of those that were made. */
async function addBrands(query: Query, names: readonly string[]): Promise<string[]> {
  const rows = await query<{ id: string }>(
    `insert into product.brands (brand_id, slug, name)
     select i."brandId", case when taken then i."otherSlug" else i.slug end, i.name
     from (
       select i.*, row_number() over (partition by i.slug order by i.name) > 1
         or exists (select from product.brands b where b.slug = i.slug) as taken
       from jsonb_to_recordset($1::jsonb) as i ("brandId" uuid, slug text, "otherSlug" text, name text)
     ) i
     -- In one order, so that two who bring the same names at once wait for each other instead of in a circle.
     order by lower(i.name)
     on conflict do nothing
     returning brand_id as id`,
    [
      JSON.stringify(
        names.map((name) => {
          const slug = slugify(name, 'brand')
          return { brandId: v7(), slug, otherSlug: `${slug}-${shortDigest(name)}`, name }
        }),
      ),
    ],
  )
  return rows.map(({ id }) => id)
}

/**
 * Tells two names apart that are written with the same letters, as all are that have no Latin one. Of 100,000 such brands no two meet, by
 * 50,000 to 1.
 */
const shortDigest = (name: string): string =>
  createHash('sha256').update(brandKey(name)).digest('hex').slice(0, 12)
