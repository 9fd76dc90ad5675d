import { Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { adminProductJson } from '../products.ts'
import { etag } from '../stale.ts'

export const getForStaff: Handles<typeof product.operations.getForStaff> = async (
  { productId },
  { query, setHeader },
) => {
  const found = await adminProductJson(query, productId)
  if (!found) throw new Rejection('PRODUCT_NOT_FOUND')
  setHeader('etag', etag(found.version))
  return new JsonText(found.json)
}
