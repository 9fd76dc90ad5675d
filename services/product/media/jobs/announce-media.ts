import { CategoryChanged } from '@stoa/contracts/product'
import { BrandChanged, CollectionChanged } from '@stoa/contracts/product-assortment'
import { type Job, job, type Tx } from '@stoa/runtime'
import { z } from 'zod'
import { announceAgain } from '../../announce.ts'
import type { Context } from '../../context.ts'
import { relist } from '../../listings.ts'

/** Products announced in one transaction. */
const PAGE = 100

const Input = z.strictObject({ mediaId: z.uuid(), after: z.uuid().optional() })

/** Says of what shows a picture that it has changed, page by page: what is read of it holds the picture's text and size. */
export const announceMedia: Job<typeof Input, Context> = job({
  name: 'announce-media',
  input: Input,
  handle: async ({ mediaId, after }, ctx) => {
    await ctx.transaction(async (tx) => {
      if (after === undefined) await announceShelves(tx, mediaId)
      const rows = await tx.query<{ productId: string }>(PAGE_OF_PRODUCTS, [mediaId, after ?? null])
      if (rows.length === 0) return
      const productIds = rows.map(({ productId }) => productId)
      await announceAgain(tx, productIds)
      await relist(tx.query, productIds)
      if (rows.length === PAGE) tx.schedule(announceMedia, { mediaId, after: productIds.at(-1)! })
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
  select product_id as "productId" from product.product_media
  where media_id = $1 and ($2::uuid is null or product_id > $2::uuid)
  order by product_id
  limit ${PAGE}`
