import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import { CATEGORIES_JSON } from '../categories.ts'
import type { Handles } from '../context.ts'

export const categories: Handles<typeof product.operations.categories> = async (_, { query }) => {
  const [row] = await query<{ json: string }>(CATEGORIES_JSON)
  return new JsonText(row!.json)
}
