import { invalidInput } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { looksLikeId } from '../slug.ts'

const page = (where: string) => `
  select json_build_object(
    'items', coalesce(json_agg(json_build_object(
      'productId', product_id, 'slug', slug, 'name', name, 'status', status, 'version', version,
      'variantCount', (
        select count(*) from product.variants v where v.product_id = page.product_id and not v.archived)
      ) order by place) filter (where place <= $2), '[]'),
    'next', case when count(*) > $2 then max(product_id::text) filter (where place = $2) end)::text as json
  from (
    select product_id, slug, name, status, version, row_number() over (order by product_id desc) as place
    from product.products
    where product_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ${where}
    order by product_id desc
    limit $2 + 1) page`

const ALL = page('')
const OF_STATUS = page('and status = $3')

export const listForStaff: Handles<typeof product.operations.listForStaff> = async (input, { query }) => {
  const { status, limit, after } = input
  if (after !== undefined && !looksLikeId(after))
    throw invalidInput({ field: 'after', message: 'must be the `next` of a page' })
  const values = [after ?? null, limit]
  const [row] =
    status === undefined
      ? await query<{ json: string }>(ALL, values)
      : await query<{ json: string }>(OF_STATUS, [...values, status])
  return new JsonText(row!.json)
}
