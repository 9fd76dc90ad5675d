import { StockImported } from '@stoa/contracts/product-imports'
import { effect } from '@stoa/runtime'
import { announceSkus } from '../announce-levels.ts'
import type { Context } from '../context.ts'

/**
 * Stock that came with imported products goes onto the shelf of the warehouse that serves first: where none was ever counted, or
 * (`replace`) instead of what is free to sell there. The ledger says so. One statement for a list.
 */
export const shelveImportedStock = effect({
  name: 'shelve-imported-stock',
  hears: [StockImported],
  // Each names up to 500 SKUs.
  limit: 10,
  handle: async (facts, ctx: Context) => {
    // Of two that name one SKU the later one counts; a replacement is not undone by a `keep`.
    const lines = new Map<string, { sku: string; quantity: number; replace: boolean }>()
    for (const { payload } of facts)
      for (const { sku, quantity } of payload.items) {
        const replace = payload.mode === 'replace'
        if (replace || !lines.has(sku)) lines.set(sku, { sku, quantity, replace })
      }
    await ctx.transaction(async (tx) => {
      const changed = await tx.query<{ sku: string; version: number }>(SHELVE, [
        JSON.stringify([...lines.values()]),
      ])
      announceSkus(tx, changed)
    })
    ctx.resources.known.forget([...lines.keys()])
  },
})

const SHELVE = `
with line as (
  select * from jsonb_to_recordset($1::jsonb) as l (sku text, quantity bigint, replace boolean)
),
made as (
  insert into inventory.warehouses (warehouse, name, priority)
  select 'main', 'Main', 1 where not exists (select from inventory.warehouses)
  on conflict (warehouse) do nothing
  returning warehouse
),
place as (
  select coalesce((select warehouse from inventory.warehouses order by priority, warehouse limit 1), 'main') as warehouse
),
shelved as (
  insert into inventory.levels as v (warehouse, sku, available)
  select place.warehouse, line.sku, line.quantity from line, place
  where line.replace or not exists (select from inventory.levels other where other.sku = line.sku)
  order by line.sku
  on conflict (warehouse, sku) do update set available = excluded.available, version = v.version + 1
    where v.available <> excluded.available
      and excluded.sku in (select sku from line where replace)
  returning v.warehouse, v.sku, new.version as version, coalesce(old.available, 0) as before, new.available as after
),
ledger as (
  insert into inventory.movements (warehouse, sku, kind, available_delta, reason)
  select warehouse, sku, case when before = 0 then 'received' else 'adjusted' end, after - before, 'imported'
  from shelved where after <> before
)
select sku, version::int from shelved where after <> before`
