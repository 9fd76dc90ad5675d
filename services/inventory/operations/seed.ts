import type { inventory } from '@stoa/contracts/inventory'
import { announceSkus } from '../announce-levels.ts'
import type { Handles } from '../context.ts'

/** A warehouse or level that is there already stays as it is. */
export const seed: Handles<typeof inventory.operations.seed> = async ({ warehouse, lines }, ctx) => {
  await ctx.transaction(async (tx) => {
    const opened = await tx.query<{ sku: string; version: number }>(SEED, [
      warehouse.warehouse,
      warehouse.name,
      warehouse.priority,
      JSON.stringify(lines),
    ])
    announceSkus(tx, opened)
  })
  ctx.resources.known.clear()
  return null
}

const SEED = `
with warehouse as (
  insert into inventory.warehouses (warehouse, name, priority) values ($1, $2, $3::int)
  on conflict (warehouse) do nothing
),
opened as (
  insert into inventory.levels (warehouse, sku, available, reorder_point)
  select $1, l.sku, l.quantity, l."reorderPoint"
  from jsonb_to_recordset($4::jsonb) as l (sku text, quantity bigint, "reorderPoint" bigint)
  order by l.sku
  on conflict (warehouse, sku) do nothing
  returning warehouse, sku, available, version
),
ledger as (
  insert into inventory.movements (warehouse, sku, kind, available_delta, reason)
  select warehouse, sku, 'received', available, 'first stock' from opened where available > 0
)
select sku, version::int from opened where available > 0`
