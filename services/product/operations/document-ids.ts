import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'

const PAGE = `
  select json_build_object('items', coalesce(json_agg(product_id order by product_id), '[]'))::text as json
  from (
    select product_id from product.products
    where product_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000') and status = 'published'
    order by product_id limit $2) page`

export const documentIds: Handles<typeof product.operations.documentIds> = async (
  { after, limit },
  { query },
) => {
  const [row] = await query<{ json: string }>(PAGE, [after ?? null, limit])
  return new JsonText(row!.json)
}
