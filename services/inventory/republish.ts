import { MAX_CHANGED_SKUS } from '@stoa/contracts/inventory'
import type { Tx } from '@stoa/runtime'
import { announceSkus } from './announce-levels.ts'

/**
 * Names every SKU that has a level, an event per page: whoever hears it reads what is available now. Nothing is locked for it, or checkouts
 * would wait: a change that commits meanwhile announces itself under a higher version. That a level is low is said once, and not again.
 */
export async function republish(after: string | undefined, tx: Tx<unknown>): Promise<string | undefined> {
  const levels = await tx.query<{ sku: string; version: number }>(
    `select sku, max(version) as version from inventory.levels where sku > $1 group by sku order by sku limit ${MAX_CHANGED_SKUS}`,
    [after ?? ''],
  )
  announceSkus(tx, levels)
  return levels.length === MAX_CHANGED_SKUS ? levels.at(-1)!.sku : undefined
}
