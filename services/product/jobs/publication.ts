import { Id } from '@stoa/contracts/text'
import { job, type Tx } from '@stoa/runtime'
import { z } from 'zod'
import { announce } from '../announce.ts'
import type { Context } from '../context.ts'
import { relist } from '../listings.ts'
import { missingAttributes } from '../product-rules.ts'
import { loadProduct, lockProduct } from '../products.ts'
import { isSellable, type ProductState, pick, type StoredProduct } from '../stored-product.ts'
import { requiredAttributes } from '../surroundings.ts'

/**
 * Carries out a product's plan. The plan in the row decides, by the database's clock, not what the job was made for: one that comes
 * twice, late or for a plan of the past changes nothing.
 */
export const publication = job({
  name: 'publication',
  input: z.strictObject({ productId: Id }),
  handle: async ({ productId }, ctx: Context) => {
    await ctx.transaction(async (tx) => {
      await lockProduct(tx.query, productId)
      const before = await loadProduct(tx.query, productId)
      if (!before || (before.publishAt === null && before.unpublishAt === null)) return
      const [clock] = await tx.query<{ now: Date }>('select now()')
      const due = dueChange(before, clock!.now.toISOString())
      if (!due) return schedulePublication(tx, productId, before)
      const missing =
        due.status === 'published'
          ? missingAttributes(before.attributes, await requiredAttributes(tx.query, before.categoryIds))
          : []
      const refused = due.status === 'published' && (!isSellable(before.variants) || missing.length > 0)
      if (refused) ctx.log.warn({ productId, missing }, 'a planned publication could not be carried out')
      const after = { ...due, status: refused ? before.status : due.status }
      const [row] = await tx.query<{ version: number; revision: number }>(
        `update product.products set status = $2, publish_at = $3, unpublish_at = $4, version = version + 1, revision = revision + 1, updated_at = now(),
           published_at = coalesce(published_at, case when $2 = 'published' then now() end)
         where product_id = $1 returning version, revision`,
        [before.productId, after.status, after.publishAt, after.unpublishAt],
      )
      if (after.status !== before.status) await relist(tx.query, [before.productId])
      announce(tx, { ...before, ...after, revision: row!.revision })
      tx.audit({
        subject: `product:${before.productId}`,
        version: row!.version,
        before: pick(before, PLANNED),
        after,
      })
      schedulePublication(tx, before.productId, after)
    })
  },
})

const PLANNED = ['status', 'publishAt', 'unpublishAt'] as const

/** What a plan makes of a product at a moment; undefined while nothing is due. */
export function dueChange(
  { status, publishAt, unpublishAt }: Pick<StoredProduct, 'status' | 'publishAt' | 'unpublishAt'>,
  now: string,
): Pick<ProductState, 'status' | 'publishAt' | 'unpublishAt'> | undefined {
  const publishes = publishAt !== null && publishAt <= now
  const unpublishes = unpublishAt !== null && unpublishAt <= now
  if (!publishes && !unpublishes) return undefined
  // Both are due when nothing ran for a while: what came last holds.
  const next = unpublishes ? 'draft' : 'published'
  return {
    status: status === 'archived' ? 'archived' : next,
    publishAt: publishes ? null : publishAt,
    unpublishAt: unpublishes ? null : unpublishAt,
  }
}

/** Has the plan carried out at its next moment. Takes the place of an earlier one. */
export function schedulePublication(
  tx: Tx,
  productId: string,
  { publishAt, unpublishAt }: Pick<ProductState, 'publishAt' | 'unpublishAt'>,
): void {
  const [next] = [publishAt, unpublishAt].filter((at) => at !== null).sort()
  if (next !== undefined)
    tx.schedule(publication, { productId }, { key: `publication:${productId}`, runAt: new Date(next) })
}
