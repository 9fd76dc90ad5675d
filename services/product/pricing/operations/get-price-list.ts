import { Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { Handles } from '../../context.ts'
import { findPriceList } from '../price-lists.ts'

export const getPriceList: Handles<typeof product.operations.getPriceList> = async ({ priceListId }, ctx) => {
  const list = await findPriceList(ctx.query, priceListId)
  if (!list) throw new Rejection('PRICE_LIST_NOT_FOUND')
  ctx.setHeader('etag', `"${list.version}"`)
  return list
}
