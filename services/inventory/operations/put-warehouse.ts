import { Rejection } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import type { Handles } from '../context.ts'

/** Everyone reads them all, and the choice of a warehouse looks at each. */
const MAX_WAREHOUSES = 500

type Warehouse = { warehouse: string; name: string; priority: number }

export const putWarehouse: Handles<typeof inventory.operations.putWarehouse> = async (input, ctx) => {
  await ctx.transaction(async (tx) => {
    // One writer at a time, so that the bound is one; readers and stock go on.
    await tx.query('lock table inventory.warehouses in share row exclusive mode')
    const [row] = await tx.query<{ before: Warehouse | null; after: Warehouse | null }>(PUT, [
      input.warehouse,
      input.name,
      input.priority,
      MAX_WAREHOUSES,
    ])
    const { before, after } = row!
    if (!after) throw new Rejection('TOO_MANY_WAREHOUSES')
    tx.audit({ subject: `warehouse:${input.warehouse}`, before, after })
  })
  ctx.resources.known.clear()
  return input
}

const PUT = `
with before as (
  select warehouse, name, priority from inventory.warehouses where warehouse = $1
),
after as (
  insert into inventory.warehouses (warehouse, name, priority)
  select $1, $2, $3::int
  where exists (select from before) or (select count(*) from inventory.warehouses) < $4::int
  on conflict (warehouse) do update set name = excluded.name, priority = excluded.priority
  returning warehouse, name, priority
)
select (select to_json(b) from before b) as before, (select to_json(a) from after a) as after`
