import type { inventory } from '@stoa/contracts/inventory'
import type { Handles } from '../context.ts'

export const listWarehouses: Handles<typeof inventory.operations.listWarehouses> = async (_input, ctx) => ({
  items: await ctx.query<{ warehouse: string; name: string; priority: number }>(
    'select warehouse, name, priority from inventory.warehouses order by priority, warehouse limit 500',
  ),
})
