import { OrderCancelled, OrderConfirmed } from '@stoa/contracts/order'
import { ReviewChanged } from '@stoa/contracts/product-reviews'
import { effect } from '@stoa/runtime'
import type { Context } from '../context.ts'

type Purchase = { orderId: string; customerId: string | null; skus: string[]; cancelled: boolean }

// A cancellation wins over a confirmation in whatever order they are heard. Published reviews of what was bought are shown anew,
// with or without the mark.
const REMEMBER = `
  with heard as (
    select h."orderId" as order_id, h."customerId" as customer_id, h.cancelled,
      array(select distinct v.product_id from product.variants v
        where v.sku in (select jsonb_array_elements_text(h.skus))) as product_ids
    from jsonb_to_recordset($1::jsonb) as h ("orderId" uuid, "customerId" uuid, skus jsonb, cancelled boolean)
  ), kept as (
    insert into product.purchases as b (order_id, customer_id, product_ids, cancelled)
    select order_id, customer_id, product_ids, cancelled from heard order by order_id
    on conflict (order_id) do update set cancelled = b.cancelled or excluded.cancelled,
      customer_id = coalesce(b.customer_id, excluded.customer_id),
      product_ids = case when b.customer_id is null then excluded.product_ids else b.product_ids end
    returning customer_id, product_ids
  )
  update product.reviews r set revision = revision + 1
  from (select distinct customer_id, unnest(product_ids) as product_id from kept) bought
  where r.customer_id = bought.customer_id and r.product_id = bought.product_id and r.status = 'published'
  returning r.review_id as "reviewId", r.product_id as "productId", r.revision`

/** Who bought what: it marks the reviews of buyers. A guest has no review to mark. */
export const rememberPurchases = effect({
  name: 'remember-purchases',
  hears: [OrderConfirmed, OrderCancelled],
  handle: async (facts, ctx: Context) => {
    const purchases = new Map<string, Purchase>()
    for (const { type, payload } of facts) {
      if (type === 'order.confirmed') {
        if (payload.customerId === null) continue
        const heard = purchases.get(payload.orderId)
        purchases.set(payload.orderId, {
          orderId: payload.orderId,
          customerId: payload.customerId,
          skus: payload.lines.map(({ sku }) => sku),
          cancelled: heard?.cancelled ?? false,
        })
      } else if (payload.wasConfirmed) {
        const { orderId } = payload
        const heard = purchases.get(orderId) ?? { orderId, customerId: null, skus: [] }
        purchases.set(orderId, { ...heard, cancelled: true })
      }
    }
    if (purchases.size === 0) return
    await ctx.transaction(async (tx) => {
      const shown = await tx.query<{ reviewId: string; productId: string; revision: number }>(REMEMBER, [
        JSON.stringify([...purchases.values()]),
      ])
      for (const { reviewId, productId, revision } of shown)
        tx.emit(ReviewChanged, { reviewId, productId, status: 'published' }, { version: revision })
    })
  },
})
