import { StockLow } from '@stoa/contracts/inventory'
import type { Tx } from '@stoa/runtime'
import { fallsLow } from './plan.ts'
import type { ChangedLevel } from './reservations.ts'

/** Announces each level that fell to its reorder point, with the change that made it fall. */
export function announceLow(tx: Tx<unknown>, levels: readonly ChangedLevel[]): void {
  for (const { warehouse, sku, version, before, after } of levels)
    if (fallsLow(before, after))
      tx.emit(
        StockLow,
        { warehouse, sku, available: after.available, reorderPoint: after.reorderPoint! },
        { version },
      )
}
