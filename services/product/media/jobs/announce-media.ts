import { CategoryChanged, ProductChanged } from '@stoa/contracts/product'
import { BrandChanged, CollectionChanged } from '@stoa/contracts/product-assortment'
import { type Job, job, type Tx } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { relist } from '../../listings.ts'

/** Products announced in one transaction. */
const PAGE = 100

const Input = z.strictObject({
  mediaId: z.uuid(),
  /**
   * `described`: staff changed its text or focal point. `measured`: it was fetched, and its width and height are known; that
   * is no change that an editor of the product must have read, so its version stays.
   */
  change: z.enum(['described', 'measured']),
  after: z.uuid().optional(),
})

type Row = {
  productId: string
  status: 'draft' | 'published' | 'archived'
  version: number
  skus: string[]
}

/** Says of what shows a picture that it has changed, page by page: what is read of it holds the picture's text and size. */
export const announceMedia: Job<typeof Input, Context> = job({
  name: 'announce-media',
  input: Input,
  handle: async ({ mediaId, change, after }, ctx) => {
    await ctx.transaction(async (tx) => {
      if (after === undefined) await announceShelves(tx, mediaId)
      const rows = await tx.query<Row>(PAGE_OF_PRODUCTS, [
        mediaId,
        after ?? null,
        change === 'described' ? 1 : 0,
      ])
      const published = rows.filter(({ status }) => status === 'published')
      if (published.length > 0)
        await relist(
          tx.query,
          published.map(({ productId }) => productId),
        )
      for (const { productId, status, version, skus } of rows) {
        tx.emit(ProductChanged, { productId, status, skus }, { version })
        if (change === 'described')
          tx.audit({ subject: `product:${productId}`, version, before: {}, after: { picture: mediaId } })
      }
      if (rows.length === PAGE) tx.schedule(announceMedia, { mediaId, change, after: rows.at(-1)!.productId })
    })
  },
})

/** A brand has a picture of its own; more than these that share one wait until their cached pages expire. */
const MAX_SHELVES = 100

async function announceShelves(tx: Tx, mediaId: string): Promise<void> {
  const shelves = await tx.query<{ kind: 'brand' | 'category' | 'collection'; id: string; version: number }>(
    `(select 'brand' as kind, brand_id as id, version from product.brands where media_id = $1 limit ${MAX_SHELVES})
     union all
     (select 'collection', collection_id, version from product.collections where media_id = $1 limit ${MAX_SHELVES})
     union all
     (select 'category', category_id, tree_version from product.categories where media_id = $1 limit ${MAX_SHELVES})`,
    [mediaId],
  )
  for (const { kind, id, version } of shelves)
    switch (kind) {
      case 'brand':
        tx.emit(BrandChanged, { brandId: id, deleted: false }, { version })
        break
      case 'collection':
        tx.emit(CollectionChanged, { collectionId: id, deleted: false }, { version })
        break
      case 'category':
        tx.emit(CategoryChanged, { categoryId: id, deleted: false }, { version })
    }
}

const PAGE_OF_PRODUCTS = `
  with page as (
    select p.product_id from product.product_media pm join product.products p on p.product_id = pm.product_id
    where pm.media_id = $1 and ($2::uuid is null or pm.product_id > $2::uuid)
    order by pm.product_id
    limit ${PAGE}
    for no key update of p
  ), changed as (
    update product.products p set version = version + $3::int from page where p.product_id = page.product_id
    returning p.product_id, p.status, p.version
  )
  select product_id as "productId", status, version,
    array(select v.sku from product.variants v where v.product_id = changed.product_id order by v.position) as skus
  from changed
  order by product_id`
