import { ProductChanged } from '@stoa/contracts/product'
import { type Job, job } from '@stoa/runtime'
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

/** Says of the products that show a picture that they have changed, page by page: what is read of them holds its text and size. */
export const announceMedia: Job<typeof Input, Context> = job({
  name: 'announce-media',
  input: Input,
  handle: async ({ mediaId, change, after }, ctx) => {
    await ctx.transaction(async (tx) => {
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
