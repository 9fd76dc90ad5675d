import { ProductChanged, type ProductStatus } from '@stoa/contracts/product'
import type { Query, Tx } from '@stoa/runtime'
import type { z } from 'zod'
import { relist } from '../listings.ts'
import { reprice } from './reprice.ts'

/** Holds products against other writers until the transaction ends, in one order whoever asks. */
export async function lockProducts(query: Query, productIds: readonly string[]): Promise<void> {
  await query(
    `select from product.products where product_id = any ($1::uuid[]) order by product_id for no key update`,
    [productIds],
  )
}

/**
 * Brings locked products to the prices that hold now: effective prices, public lists, and one announcement of each product
 * whose prices changed. At most five statements however many they are; one when no price changed.
 */
export async function bringPrices(tx: Tx, productIds: readonly string[]): Promise<void> {
  const changed = await reprice(tx.query, productIds)
  if (changed.length === 0) return
  const products = await tx.query<Changed>(
    `update product.products p set revision = revision + 1
     where product_id = any ($1::uuid[])
     returning product_id as "productId", revision, status,
       array(select v.sku from product.variants v where v.product_id = p.product_id order by v.position) as skus`,
    [changed],
  )
  await relist(tx.query, changed)
  // Lists price what has a price of its own in their currency: nothing comes to be sold in another one.
  for (const { revision, ...product } of products)
    tx.emit(ProductChanged, { ...product, only: 'prices' }, { version: revision })
}

type Changed = {
  readonly productId: string
  readonly revision: number
  readonly status: z.output<typeof ProductStatus>
  readonly skus: string[]
}
