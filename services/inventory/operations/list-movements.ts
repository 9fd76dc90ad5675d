import { invalidInput } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import { Id } from '@stoa/contracts/text'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'

/** A page's `next` is the id of its last movement; ids grow with time. */
export const listMovements: Handles<typeof inventory.operations.listMovements> = async (input, ctx) => {
  if (input.after !== undefined && !Id.safeParse(input.after).success)
    throw invalidInput({ field: 'after', message: 'must be the `next` of the page before' })
  const [row] = await ctx.query<{ text: string }>(LIST, [input.sku, input.after ?? LAST_ID, input.limit])
  return new JsonText(row!.text)
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

const LIST = `
with page as (
  select m.*, row_number() over (order by m.movement_id desc) as place
  from (
    select * from inventory.movements
    where sku = $1::text and movement_id < $2::uuid
    order by movement_id desc limit $3::int + 1) m
)
select json_build_object(
  'items', coalesce((select json_agg(json_build_object('movementId', movement_id, 'warehouse', warehouse, 'sku', sku,
    'kind', kind, 'availableDelta', available_delta, 'reservedDelta', reserved_delta, 'damagedDelta', damaged_delta,
    'reference', reference, 'reason', reason,
    'occurredAt', to_char(occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by place)
    from page where place <= $3::int), '[]'),
  'next', (select movement_id from page
    where place = $3::int and exists (select from page where place > $3::int)))::text as text`
