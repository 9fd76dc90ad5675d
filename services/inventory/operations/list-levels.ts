import { invalidInput } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'

/** By SKU, then by warehouse. A page's `next` is `<sku>:<warehouse>` of its last level. */
export const listLevels: Handles<typeof inventory.operations.listLevels> = async (input, ctx) => {
  const [sku, warehouse] = input.after === undefined ? ['', ''] : cursorOf(input.after)
  const values: unknown[] = [sku, warehouse, input.limit]
  let filter = ''
  if (input.sku !== undefined) filter += ` and l.sku = $${values.push(input.sku)}`
  if (input.warehouse !== undefined) filter += ` and l.warehouse = $${values.push(input.warehouse)}`
  const [row] = await ctx.query<{ text: string }>(listOf(filter), values)
  return new JsonText(row!.text)
}

/** Four texts in all, one for each set of filters, so that each is planned for the index that it needs. */
const listOf = (filter: string) => `
with page as (
  select l.*, row_number() over (order by l.sku, l.warehouse) as place
  from (
    select * from inventory.levels l
    where (l.sku, l.warehouse) > ($1::text, $2::text)${filter}
    order by l.sku, l.warehouse limit $3::int + 1) l
)
select json_build_object(
  'items', coalesce((select json_agg(json_build_object('warehouse', warehouse, 'sku', sku, 'available', available,
    'reserved', reserved, 'damaged', damaged, 'reorderPoint', reorder_point) order by place)
    from page where place <= $3::int), '[]'),
  'next', (select sku || ':' || warehouse from page
    where place = $3::int and exists (select from page where place > $3::int)))::text as text`

function cursorOf(after: string): [sku: string, warehouse: string] {
  const parts = /^([A-Za-z0-9._/-]{1,64}):([a-z0-9-]{1,40})$/.exec(after)
  if (!parts) throw invalidInput({ field: 'after', message: 'must be the `next` of the page before' })
  return [parts[1]!, parts[2]!]
}
