import { Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { adminProductJson } from '../products.ts'

export const getForStaff: Handles<typeof product.operations.getForStaff> = async (
  { productId },
  { query },
) => {
  const json = await adminProductJson(query, productId)
  if (json === undefined) throw new Rejection('PRODUCT_NOT_FOUND')
  return new JsonText(json)
}
