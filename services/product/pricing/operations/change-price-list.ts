import { isDeepStrictEqual } from 'node:util'
import { invalidInput, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { Handles } from '../../context.ts'
import { moment, periodFaults } from '../price-list-faults.ts'
import {
  assertRoom,
  findPriceList,
  type PriceListFields,
  priceListFields,
  priceListSubject,
  stale,
  updatePriceList,
} from '../price-lists.ts'
import { scheduleBoundaries, scheduleSettling } from '../settle-price-list.ts'

export const changePriceList: Handles<typeof product.operations.changePriceList> = async (input, ctx) => {
  const { priceListId, version: expectedVersion } = input
  const before = await findPriceList(ctx.query, priceListId)
  if (!before) throw new Rejection('PRICE_LIST_NOT_FOUND')
  const old = priceListFields(before)
  const fields: PriceListFields = {
    name: input.name ?? old.name,
    customerGroup: input.customerGroup === undefined ? old.customerGroup : input.customerGroup,
    priority: input.priority ?? old.priority,
    startsAt: input.startsAt === undefined ? old.startsAt : input.startsAt,
    endsAt: input.endsAt === undefined ? old.endsAt : input.endsAt,
  }
  const faults = periodFaults(fields)
  if (faults.length > 0) throw invalidInput(...faults)
  const next = { ...fields, startsAt: moment(fields.startsAt), endsAt: moment(fields.endsAt) }
  // A repetition after a lost answer.
  if (isDeepStrictEqual(old, next)) {
    ctx.setHeader('etag', `"${before.version}"`)
    return before
  }
  const readVersion = expectedVersion
  if (before.version !== expectedVersion) throw await stale(ctx.query, { priceListId, readVersion })

  const settling = !isDeepStrictEqual({ ...old, name: '' }, { ...next, name: '' })
  const changed = await ctx.transaction(async (tx) => {
    if (next.endsAt !== old.endsAt) await assertRoom(tx.query, { ...before, ...next })
    const after = await updatePriceList(tx.query, { priceListId, expectedVersion, settling }, next)
    if (!after) return undefined
    if (settling) scheduleSettling(tx, after.priceListId)
    scheduleBoundaries(tx, after, old)
    tx.audit({
      subject: priceListSubject(after.priceListId),
      version: after.version,
      before: old,
      after: next,
    })
    return after
  })
  if (!changed) throw await stale(ctx.query, { priceListId, readVersion })
  ctx.setHeader('etag', `"${changed.version}"`)
  return changed
}
