import { Id } from '@stoa/contracts/text'
import { job, type Tx } from '@stoa/runtime'
import { v7 } from 'uuid'
import { z } from 'zod'
import { announceAgain as announce, MAX_ANNOUNCED } from '../announce.ts'
import type { Context } from '../context.ts'
import { relist } from '../listings.ts'

/** What has products that are to be read anew when it changes. */
const Of = z.enum(['brand', 'category'])

const PRODUCTS = {
  brand: `select product_id as id from product.products
    where brand_id = $1 and product_id > $2 order by product_id limit ${MAX_ANNOUNCED}`,
  category: `select distinct pc.product_id as id from product.product_categories pc
    join product.categories c on c.category_id = pc.category_id
    where c.path @> array[$1::uuid] and pc.product_id > $2 order by pc.product_id limit ${MAX_ANNOUNCED}`,
} as const satisfies Record<z.output<typeof Of>, string>

/** Announces the products of a brand or a category and those below it, page by page in the order of their ids: the next page is a job of its own. */
export const announceAgain = job({
  name: 'announce-again',
  input: z.strictObject({ of: Of, id: Id, after: Id.nullable(), run: Id }),
  handle: async ({ of, id, after, run }, ctx: Context) => {
    const rows = await ctx.query<{ id: string }>(PRODUCTS[of], [
      id,
      after ?? '00000000-0000-0000-0000-000000000000',
    ])
    if (rows.length === 0) return
    const productIds = rows.map((row) => row.id)
    await ctx.transaction(async (tx) => {
      await announce(tx, productIds)
      if (of === 'brand') await relist(tx.query, productIds)
      if (rows.length === MAX_ANNOUNCED)
        tx.schedule(announceAgain, { of, id, after: productIds.at(-1)!, run }, { key: keyOf(run) })
    })
  },
})

// Two changes shortly after one another are two runs: the second does not begin where the first one is.
const keyOf = (run: string) => `announce-again:${run}`

/** Has all products of a brand or a category announced. */
export function scheduleAnnouncement(tx: Tx, of: z.output<typeof Of>, id: string): void {
  const run = v7()
  tx.schedule(announceAgain, { of, id, after: null, run }, { key: keyOf(run) })
}
