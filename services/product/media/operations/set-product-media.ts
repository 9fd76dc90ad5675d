import { isDeepStrictEqual } from 'node:util'
import { type FieldError, type InputOf, invalidInput, Rejection } from '@stoa/contract'
import { ProductChanged } from '@stoa/contracts/product'
import type { mediaOperations, ProductMedia } from '@stoa/contracts/product-media'
import { changedSince, type Query } from '@stoa/runtime'
import type { Handles } from '../../context.ts'
import { relist } from '../../listings.ts'
import { violatedConstraint } from '../../violation.ts'
import { picturesOfProduct } from '../media-json.ts'

export const setProductMedia: Handles<typeof mediaOperations.setProductMedia> = async (input, ctx) => {
  const { productId } = input
  const before = await loadSubject(ctx.query, input)
  if (!before) throw new Rejection('PRODUCT_NOT_FOUND')
  const items = input.items.map(({ mediaId, alt, variantIds }) => ({
    mediaId: mediaId.toLowerCase(),
    alt: alt ?? null,
    variantIds: [...new Set(variantIds.map((id) => id.toLowerCase()))],
  }))
  const faults = faultsOf(items, before)
  if (faults.length > 0) throw invalidInput(...faults)
  const answer = (version: number, pictures: readonly ProductMedia[]) => {
    ctx.setHeader('etag', `"${version}"`)
    return { productId, version, items: [...pictures] }
  }
  // A repetition after a lost answer, whose version is naturally the old one (RFC 9110, 13.1.1).
  if (isDeepStrictEqual(before.items, items)) return answer(before.version, before.pictures)

  const subject = `product:${productId}`
  const stale = async (version: number) =>
    new Rejection('STALE', {
      version,
      changed: await changedSince(ctx.query, { schema: 'product', subject, version: input.version }),
    })
  if (before.version !== input.version) throw await stale(before.version)
  try {
    const written = await ctx.transaction(async (tx) => {
      const after = await write(tx.query, { productId, expectedVersion: input.version }, items)
      if (!after) return undefined
      const { version, revision } = after
      const { status, skus } = before
      if (status === 'published') await relist(tx.query, [productId])
      tx.emit(ProductChanged, { productId, status, skus }, { version: revision })
      tx.audit({ subject, version, before: { media: before.items }, after: { media: items } })
      return { version, pictures: await loadPictures(tx.query, productId) }
    })
    if (written) return answer(written.version, written.pictures)
  } catch (error) {
    // Deleted since we looked.
    if (violatedConstraint(error) !== 'product_media_media_id_fkey') throw error
    throw invalidInput({ field: 'items', message: 'names a picture that was just deleted' })
  }
  const now = await loadSubject(ctx.query, input)
  if (!now) throw new Rejection('PRODUCT_NOT_FOUND')
  throw await stale(now.version)
}

type Item = { readonly mediaId: string; readonly alt: string | null; readonly variantIds: readonly string[] }

type Subject = {
  readonly version: number
  readonly status: 'draft' | 'published' | 'archived'
  readonly skus: string[]
  readonly variantIds: readonly string[]
  readonly items: readonly Item[]
  readonly pictures: readonly ProductMedia[]
  /** Those of the request that there are. */
  readonly known: readonly string[]
}

async function loadSubject(
  query: Query,
  { productId, items }: InputOf<typeof mediaOperations.setProductMedia>,
): Promise<Subject | undefined> {
  const [row] = await query<Subject>(
    `select p.version, p.status, v.skus, v.ids as "variantIds", ${picturesOfProduct} as pictures,
       coalesce((
         select json_agg(json_build_object('mediaId', pm.media_id, 'alt', pm.alt, 'variantIds', to_json(pm.variant_ids))
           order by pm.position, pm.media_id)
         from product.product_media pm where pm.product_id = p.product_id), '[]') as items,
       array(select m.media_id::text from product.media m where m.media_id = any ($2::uuid[])) as known
     from product.products p
     cross join lateral (
       select coalesce(json_agg(v.sku order by v.position), '[]') as skus, coalesce(json_agg(v.variant_id), '[]') as ids
       from product.variants v where v.product_id = p.product_id) v
     where p.product_id = $1`,
    [productId, items.map(({ mediaId }) => mediaId)],
  )
  return row
}

function faultsOf(items: readonly Item[], { known, variantIds }: Subject): FieldError[] {
  const faults: FieldError[] = []
  const seen = new Set<string>()
  const [pictures, variants] = [new Set(known), new Set(variantIds)]
  for (const [place, item] of items.entries()) {
    const field = `items.${place}.mediaId`
    if (!pictures.has(item.mediaId)) faults.push({ field, message: 'is no picture that there is' })
    if (seen.has(item.mediaId)) faults.push({ field, message: 'stands in the list twice' })
    seen.add(item.mediaId)
    for (const [index, variantId] of item.variantIds.entries())
      if (!variants.has(variantId))
        faults.push({
          field: `items.${place}.variantIds.${index}`,
          message: 'is no variant of this product',
        })
  }
  return faults
}

/** Undefined when the product is no longer at `expectedVersion`. */
async function write(
  query: Query,
  { productId, expectedVersion }: { productId: string; expectedVersion: number },
  items: readonly Item[],
): Promise<{ version: number; revision: number } | undefined> {
  const [row] = await query<{ version: number; revision: number }>(
    `with changed as (
       update product.products set version = version + 1, revision = revision + 1, updated_at = now()
       where product_id = $1 and version = $2
       returning product_id, version, revision
     ), input as (
       select i."mediaId" as media_id, i.alt, i.place,
         array(select jsonb_array_elements_text(i."variantIds")::uuid) as variant_ids
       from rows from (jsonb_to_recordset($3::jsonb) as ("mediaId" uuid, alt text, "variantIds" jsonb))
         with ordinality as i ("mediaId", alt, "variantIds", place)
     ), removed as (
       delete from product.product_media pm using changed
       where pm.product_id = changed.product_id and pm.media_id not in (select media_id from input)
     ), placed as (
       insert into product.product_media (product_id, media_id, variant_ids, alt, position)
       select changed.product_id, i.media_id, i.variant_ids, i.alt, i.place from changed, input i
       on conflict (product_id, media_id) do update set variant_ids = excluded.variant_ids, alt = excluded.alt,
         position = excluded.position
     )
     select version, revision from changed`,
    [productId, expectedVersion, JSON.stringify(items)],
  )
  return row
}

async function loadPictures(query: Query, productId: string): Promise<ProductMedia[]> {
  const [row] = await query<{ pictures: ProductMedia[] }>(
    `select ${picturesOfProduct} as pictures from product.products p where p.product_id = $1`,
    [productId],
  )
  return row!.pictures
}
