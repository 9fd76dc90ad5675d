import { isDeepStrictEqual } from 'node:util'
import { invalidInput, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { MAX_PRICE_LIST_ENTRIES } from '@stoa/contracts/product-pricing'
import type { Handles } from '../../context.ts'
import { bringPrices, lockProducts } from '../bring-prices.ts'
import { entryFaults, unknownSkuFaults } from '../price-list-faults.ts'
import {
  findListedBySku,
  type ListedVariant,
  lockPriceList,
  overfullVariants,
  priceListSubject,
  type Tier,
  writeEntries,
} from '../price-lists.ts'

export const putPriceListEntries: Handles<typeof product.operations.putPriceListEntries> = async (
  { priceListId, entries },
  ctx,
) => {
  const faults = entryFaults(entries)
  if (faults.length > 0) throw invalidInput(...faults)
  const wanted = new Map(entries.map(({ sku, tiers }) => [sku, ascending(tiers)]))
  return ctx.transaction(async (tx) => {
    const list = await lockPriceList(tx.query, priceListId)
    if (!list) throw new Rejection('PRICE_LIST_NOT_FOUND')
    const known = await findListedBySku(tx.query, { priceListId, skus: [...wanted.keys()] })
    const unknown = unknownSkuFaults(entries, new Set(known.map(({ sku }) => sku)))
    if (unknown.length > 0) throw invalidInput(...unknown)

    const before = known.filter(({ sku, tiers }) => !isDeepStrictEqual(tiers, wanted.get(sku)))
    const after = before.map((variant) => ({ ...variant, tiers: wanted.get(variant.sku)! }))
    const entryCount = list.entryCount + stepsOf(after) - stepsOf(before)
    if (entryCount > MAX_PRICE_LIST_ENTRIES) throw new Rejection('TOO_MANY_ENTRIES', { skus: [] })
    if (before.length > 0) {
      const productIds = [...new Set(before.map(({ productId }) => productId))]
      await lockProducts(tx.query, productIds)
      await writeEntries(tx.query, { priceListId, entryCount }, after)
      const skus = await overfullVariants(
        tx.query,
        after.map(({ variantId }) => variantId),
      )
      if (skus.length > 0) throw new Rejection('TOO_MANY_ENTRIES', { skus })
      await bringPrices(tx, productIds)
    }
    tx.audit({ subject: priceListSubject(list.priceListId), before: bySku(before), after: bySku(after) })
    return { changed: before.length, entryCount }
  })
}

const ascending = (tiers: readonly Tier[]): Tier[] => tiers.toSorted((a, b) => a.minQuantity - b.minQuantity)

const stepsOf = (variants: readonly ListedVariant[]): number =>
  variants.reduce((sum, { tiers }) => sum + tiers.length, 0)

/** For the audit: `{ "entries": { "MUG": [[1, 900], [10, 800]] } }`. */
const bySku = (variants: readonly ListedVariant[]) => ({
  entries: Object.fromEntries(
    variants.map(({ sku, tiers }) => [
      sku,
      tiers.map(({ minQuantity, amountMinor }) => [minQuantity, amountMinor]),
    ]),
  ),
})
