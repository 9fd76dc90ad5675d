import { invalidInput } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { Handles } from '../../context.ts'
import { currencyFaults, moment, periodFaults } from '../price-list-faults.ts'
import {
  assertRoom,
  findPriceList,
  insertPriceList,
  priceListFields,
  priceListSubject,
} from '../price-lists.ts'
import { scheduleBoundaries } from '../settle-price-list.ts'

export const createPriceList: Handles<typeof product.operations.createPriceList> = async (input, ctx) => {
  const faults = [...currencyFaults(input.currency), ...periodFaults(input)]
  if (faults.length > 0) throw invalidInput(...faults)
  const list = {
    ...input,
    startsAt: moment(input.startsAt),
    endsAt: moment(input.endsAt),
    priceListId: ctx.newId,
  }
  return ctx.transaction(async (tx) => {
    await assertRoom(tx.query, list)
    await insertPriceList(tx.query, list)
    const created = (await findPriceList(tx.query, list.priceListId))!
    scheduleBoundaries(tx, created)
    tx.audit({
      subject: priceListSubject(created.priceListId),
      version: created.version,
      before: null,
      after: { ...priceListFields(created), currency: created.currency },
    })
    tx.answer(created)
    return created
  })
}
