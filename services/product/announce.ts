import { ProductChanged } from '@stoa/contracts/product'
import type { Tx } from '@stoa/runtime'
import type { AdminProduct } from './products.ts'

/** Says that a product is now as it is here. */
export const announce = (
  tx: Tx,
  {
    productId,
    status,
    version,
    variants,
  }: Pick<AdminProduct, 'productId' | 'status' | 'version' | 'variants'>,
): void => tx.emit(ProductChanged, { productId, status, skus: variants.map(({ sku }) => sku) }, { version })
