import { isDeepStrictEqual } from 'node:util'
import { MAX_PRICE_LIST_ENTRIES } from '@stoa/contracts/product-pricing'
import type { Tx } from '@stoa/runtime'
import { bringPrices, lockProducts } from '../pricing/bring-prices.ts'
import { currencyFaults, moment, periodFaults } from '../pricing/price-list-faults.ts'
import {
  assertRoom,
  findListedBySku,
  findPriceList,
  insertPriceList,
  lockPriceList,
  overfullVariants,
  priceListFields,
  updatePriceList,
  writeEntries,
} from '../pricing/price-lists.ts'
import { scheduleBoundaries, scheduleSettling } from '../pricing/settle-price-list.ts'
import type { ItemOf } from './item.ts'
import type { Outcome, ReadOf } from './outcome.ts'

/** Price lists one by one, and the steps of each list together. */
export async function settlePrices(
  tx: Tx,
  reads: readonly ReadOf<'price-list' | 'list-prices'>[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = reads.map(() => ({ outcome: 'unchanged' }))
  const steps = new Map<string, { index: number; item: ItemOf<'list-prices'> }[]>()
  for (const [index, { item }] of reads.entries()) {
    if (item.kind === 'price-list') outcomes[index] = await settleList(tx, item)
    else steps.set(item.priceListId, [...(steps.get(item.priceListId) ?? []), { index, item }])
  }
  for (const [priceListId, rows] of steps) await settleSteps(tx, priceListId, rows, outcomes)
  return outcomes
}

async function settleList(tx: Tx, item: ItemOf<'price-list'>): Promise<Outcome> {
  const { kind: _, ...given } = item
  const list = { ...given, startsAt: moment(item.startsAt), endsAt: moment(item.endsAt) }
  const [fault] = [...currencyFaults(list.currency), ...periodFaults(list)]
  if (fault) return { outcome: 'refused', refused: { field: fault.field, reason: fault.message } }
  await assertRoom(tx.query, list)
  const before = await lockPriceList(tx.query, list.priceListId)
  if (!before) {
    await insertPriceList(tx.query, list)
    const created = await findPriceList(tx.query, list.priceListId)
    // The id of one that was deleted is not given again.
    if (!created)
      return { outcome: 'refused', refused: { field: 'key', reason: 'is that of a deleted list' } }
    scheduleBoundaries(tx, created)
    return { outcome: 'created' }
  }
  if (before.currency !== list.currency)
    return { outcome: 'refused', refused: { field: 'currency', reason: `must stay ${before.currency}` } }
  const { priceListId, currency: _currency, ...fields } = list
  if (isDeepStrictEqual(priceListFields(before), fields)) return { outcome: 'unchanged' }
  const changed = await updatePriceList(
    tx.query,
    { priceListId, expectedVersion: before.version, settling: true },
    fields,
  )
  scheduleSettling(tx, priceListId)
  if (changed) scheduleBoundaries(tx, changed)
  return { outcome: 'changed' }
}

async function settleSteps(
  tx: Tx,
  priceListId: string,
  rows: readonly { index: number; item: ItemOf<'list-prices'> }[],
  outcomes: Outcome[],
): Promise<void> {
  const refuse = (index: number, field: string, reason: string) => {
    outcomes[index] = { outcome: 'refused', refused: { field, reason } }
  }
  const list = await lockPriceList(tx.query, priceListId)
  if (!list) {
    for (const { index } of rows) refuse(index, 'key', 'there is no such price list')
    return
  }
  const known = new Map(
    (await findListedBySku(tx.query, { priceListId, skus: rows.map(({ item }) => item.sku) })).map((one) => [
      one.sku,
      one,
    ]),
  )
  const wanted = new Map<string, { index: number; tiers: ItemOf<'list-prices'>['tiers'] }>()
  for (const { index, item } of rows) {
    const tiers = item.tiers.toSorted((a, b) => a.minQuantity - b.minQuantity)
    if (!known.has(item.sku)) refuse(index, 'sku', `there is no variant ${item.sku}`)
    else if (tiers.some((tier, at) => tiers[at - 1]?.minQuantity === tier.minQuantity))
      refuse(index, 'prices', 'has two prices from the same quantity on')
    else wanted.set(item.sku, { index, tiers })
  }
  const before = [...wanted].flatMap(([sku, { tiers }]) => {
    const variant = known.get(sku)!
    return isDeepStrictEqual(variant.tiers, tiers) ? [] : [variant]
  })
  if (before.length === 0) return
  const after = before.map((variant) => ({ ...variant, tiers: wanted.get(variant.sku)!.tiers }))
  const count = (variants: readonly { tiers: readonly unknown[] }[]) =>
    variants.reduce((sum, { tiers }) => sum + tiers.length, 0)
  const entryCount = list.entryCount + count(after) - count(before)
  if (entryCount > MAX_PRICE_LIST_ENTRIES) {
    for (const { sku } of after)
      refuse(wanted.get(sku)!.index, 'key', `a list has at most ${MAX_PRICE_LIST_ENTRIES} prices`)
    return
  }
  const productIds = [...new Set(before.map(({ productId }) => productId))]
  await lockProducts(tx.query, productIds)
  await writeEntries(tx.query, { priceListId, entryCount }, after)
  const [overfull] = await overfullVariants(
    tx.query,
    after.map(({ variantId }) => variantId),
  )
  // The whole batch is written or none of it: this is rare enough to end the run with words.
  if (overfull !== undefined)
    throw new Error(`${overfull} would have more prices over all lists than one variant may`)
  await bringPrices(tx, productIds)
  for (const { sku, tiers } of before)
    outcomes[wanted.get(sku)!.index] = { outcome: tiers.length === 0 ? 'created' : 'changed' }
}
