import { invalidInput } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { Id } from '@stoa/contracts/text'
import type { Handles } from '../../context.ts'
import { findPriceLists } from '../price-lists.ts'

export const listPriceLists: Handles<typeof product.operations.listPriceLists> = async (
  { currency, after, limit },
  { query },
) => {
  if (after !== undefined && !Id.safeParse(after).success)
    throw invalidInput({ field: 'after', message: 'must be the `next` of a page' })
  const items = await findPriceLists(query, { currency, before: after, limit: limit + 1 })
  const page = items.slice(0, limit)
  return { items: page, next: items.length > limit ? page.at(-1)!.priceListId : null }
}
