import { ProductChanged } from '@stoa/contracts/product'
import type { Tx } from '@stoa/runtime'
import type { AdminProduct } from './products.ts'

/** Says that a product is now as it is here. */
export const announce = (
  tx: Tx,
  {
    productId,
    status,
    revision,
    variants,
  }: Pick<AdminProduct, 'productId' | 'status'> & {
    readonly revision: number
    readonly variants: readonly { readonly sku: string }[]
  },
  only?: 'prices',
): void =>
  tx.emit(
    ProductChanged,
    { productId, status, skus: variants.map(({ sku }) => sku), ...(only && { only }) },
    { version: revision },
  )

/** Products announced in one transaction. */
export const MAX_ANNOUNCED = 500

/**
 * Says that something of these products changed that is not stored with them (their brand's name, a collection they stand in): what is
 * made of them now replaces what was made before. `edited`: it is something that staff change with the product, so it has a new version.
 */
export async function announceAgain(
  tx: Tx,
  productIds: readonly string[],
  { edited = false }: { edited?: boolean } = {},
): Promise<void> {
  if (productIds.length === 0) return
  const rows = await tx.query<
    Pick<AdminProduct, 'productId' | 'status'> & { revision: number; skus: string[] }
  >(
    `with subject as (
       select product_id from product.products where product_id = any ($1::uuid[]) order by product_id for no key update
     )
     update product.products p set version = version + $2::int, revision = revision + 1 from subject
     where p.product_id = subject.product_id
     returning p.product_id as "productId", p.status, p.revision,
       array(select v.sku from product.variants v where v.product_id = p.product_id order by v.position) as skus`,
    [productIds, edited ? 1 : 0],
  )
  for (const { productId, status, revision, skus } of rows)
    tx.emit(ProductChanged, { productId, status, skus }, { version: revision })
}
