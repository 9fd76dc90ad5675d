import type { RequestOf } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { Actor } from '@stoa/runtime'
import { v7 } from 'uuid'

export type NewProductInput = RequestOf<typeof product.operations.create>
export type NewVariantInput = NewProductInput['variants'][number]

let count = 0

/** The input of `create` for a product with one variant at 10.00 EUR, unlike any other in this process. */
export const aProduct = (fields: Partial<NewProductInput> = {}): NewProductInput => {
  count += 1
  return { name: `Product ${count}`, variants: [aVariant()], ...fields }
}

export const aVariant = (fields: Partial<NewVariantInput> = {}): NewVariantInput => {
  count += 1
  return { sku: `SKU-${count}`, prices: [{ amountMinor: 1000, currency: 'EUR' }], ...fields }
}

/** A member of staff who may read and write the catalogue. */
export const aMerchant = (permissions = ['product:read', 'product:write']): Actor => ({
  kind: 'staff',
  id: v7(),
  sessionId: v7(),
  permissions,
})
