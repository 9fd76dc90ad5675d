import { LevelsChanged, MAX_CHANGED_SKUS, StockLow } from '@stoa/contracts/inventory'
import type { Tx } from '@stoa/runtime'
import { fallsLow } from './plan.ts'
import type { ChangedLevel } from './reservations.ts'

/** Announces what can be bought no longer as before, and each level that fell to its reorder point, with the change that did it. */
export function announceLevels(tx: Tx<unknown>, levels: readonly ChangedLevel[]): void {
  for (const { warehouse, sku, version, before, after } of levels)
    if (fallsLow(before, after))
      tx.emit(
        StockLow,
        { warehouse, sku, available: after.available, reorderPoint: after.reorderPoint! },
        { version },
      )
  const changed = levels.filter(({ before, after }) => before.available !== after.available)
  announceSkus(tx, changed)
}

/** One event for many SKUs: whoever hears it reads what is available now. */
export function announceSkus(
  tx: Tx<unknown>,
  levels: readonly { readonly sku: string; readonly version: number }[],
): void {
  const skus = [...new Set(levels.map(({ sku }) => sku))]
  for (let at = 0; at < skus.length; at += MAX_CHANGED_SKUS)
    tx.emit(
      LevelsChanged,
      { skus: skus.slice(at, at + MAX_CHANGED_SKUS) },
      { version: Math.max(...levels.map(({ version }) => version)) },
    )
}
