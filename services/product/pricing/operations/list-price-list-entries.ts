import { invalidInput, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { Id } from '@stoa/contracts/text'
import type { Handles } from '../../context.ts'
import { findListed, findPriceList } from '../price-lists.ts'

export const listPriceListEntries: Handles<typeof product.operations.listPriceListEntries> = async (
  { priceListId, after, limit },
  { query },
) => {
  if (after !== undefined && !Id.safeParse(after).success)
    throw invalidInput({ field: 'after', message: 'must be the `next` of a page' })
  if (!(await findPriceList(query, priceListId))) throw new Rejection('PRICE_LIST_NOT_FOUND')
  const listed = await findListed(query, { priceListId, after, limit: limit + 1 })
  const page = listed.slice(0, limit)
  return {
    items: page.map(({ sku, variantId, tiers }) => ({ sku, variantId, tiers: [...tiers] })),
    next: listed.length > limit ? page.at(-1)!.variantId : null,
  }
}
