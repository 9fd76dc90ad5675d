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

/** Products announced by one statement. */
export const MAX_ANNOUNCED = 500

/**
 * Says that something of these products changed that is not stored with them (their brand's name, a collection they stand in): what is
 * made of them now replaces what was made before. Their versions stay.
 */
export const announceAgain = async (tx: Tx, productIds: readonly string[]): Promise<void> => {
  await advance(tx, productIds, 0)
}

export type Edit = {
  readonly before: Readonly<Record<string, unknown>>
  readonly after: Readonly<Record<string, unknown>>
}

/** Says that what staff change with these products, and is not in their rows, was changed: a new version of each, recorded and announced. */
export async function announceEdits(tx: Tx, edits: ReadonlyMap<string, Edit>): Promise<void> {
  const productIds = [...edits.keys()].sort()
  for (let from = 0; from < productIds.length; from += MAX_ANNOUNCED)
    for (const { productId, version } of await advance(tx, productIds.slice(from, from + MAX_ANNOUNCED), 1))
      tx.audit({ subject: `product:${productId}`, version, ...edits.get(productId)! })
}

async function advance(
  tx: Tx,
  productIds: readonly string[],
  versions: 0 | 1,
): Promise<{ productId: string; version: number }[]> {
  if (productIds.length === 0) return []
  const rows = await tx.query<
    Pick<AdminProduct, 'productId' | 'status' | 'version'> & { revision: number; skus: string[] }
  >(
    `with subject as (
       select product_id from product.products where product_id = any ($1::uuid[]) order by product_id for no key update
     )
     update product.products p set version = version + $2::int, revision = revision + 1 from subject
     where p.product_id = subject.product_id
     returning p.product_id as "productId", p.status, p.version, p.revision,
       array(select v.sku from product.variants v where v.product_id = p.product_id order by v.position) as skus`,
    [productIds, versions],
  )
  for (const { productId, status, revision, skus } of rows)
    tx.emit(ProductChanged, { productId, status, skus }, { version: revision })
  return rows
}
