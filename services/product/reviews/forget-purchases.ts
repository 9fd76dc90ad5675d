import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'

const BATCH = 5_000
/** A million a night. */
const MAX_BATCHES = 200

/**
 * Retention: what somebody bought is forgotten after three years; of their reviews of it the mark stays. A cancellation whose
 * buyer was never heard of is forgotten after a month, when the log has nothing older left.
 */
export const forgetPurchases = job({
  name: 'forget-purchases',
  cron: '53 2 * * *',
  input: z.object({}),
  handle: async (_input, ctx: Context) => {
    for (let batch = 0; batch < MAX_BATCHES && !ctx.signal.aborted; batch += 1) {
      const [row] = await ctx.query<{ gone: number }>(
        `with gone as (
           delete from product.purchases where order_id in (
             select order_id from product.purchases
             where heard_at < now() - interval '3 years'
               or (customer_id is null and heard_at < now() - interval '30 days')
             limit ${BATCH})
           returning customer_id, product_ids, cancelled
         ), marked as (
           update product.reviews r set verified = true
           from gone
           where not gone.cancelled and r.customer_id = gone.customer_id and gone.product_ids @> array[r.product_id]
         )
         select count(*)::int as gone from gone`,
      )
      if (row!.gone < BATCH) return
    }
  },
})
