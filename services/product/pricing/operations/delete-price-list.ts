import { Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { Handles } from '../../context.ts'
import { findPriceList, markDeleted, priceListFields, priceListSubject, stale } from '../price-lists.ts'
import { scheduleSettling } from '../settle-price-list.ts'

export const deletePriceList: Handles<typeof product.operations.deletePriceList> = async (input, ctx) => {
  const { priceListId, version: expectedVersion } = input
  const before = await findPriceList(ctx.query, priceListId)
  // A repetition, or an id that never was: there is no such list, as asked.
  if (!before) return null
  const isDeleted = await ctx.transaction(async (tx) => {
    const version = await markDeleted(tx.query, { priceListId, expectedVersion })
    if (version === undefined) return false
    scheduleSettling(tx, before.priceListId)
    tx.audit({
      subject: priceListSubject(before.priceListId),
      version,
      before: { ...priceListFields(before), currency: before.currency },
      after: null,
    })
    return true
  })
  if (isDeleted) return null
  const refusal = await stale(ctx.query, { priceListId, readVersion: expectedVersion })
  if (refusal instanceof Rejection && refusal.code === 'PRICE_LIST_NOT_FOUND') return null
  throw refusal
}
