import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '@stoa/testing'
import { anOpening, confirm, paymentRow, startPaymentHost } from './testing.ts'

test('payment republishes what each payment’s status was announced as, and neither pending ones nor refunds', async () => {
  await using shop = await startPaymentHost()
  const [paid, declined, ended, waiting] = [anOpening(), anOpening(), anOpening(), anOpening()]
  const opened = []
  for (const opening of [paid, declined, ended, waiting]) opened.push(await shop.payments.create(opening))
  const is = (orderId: string, status: string) =>
    eventually(async () => assert.equal((await paymentRow(shop, orderId)).status, status))
  await confirm(shop, opened[0]!.clientSecret, 'pm_card_visa')
  await is(paid.orderId, 'succeeded')
  await confirm(shop, opened[1]!.clientSecret, 'pm_card_visa_chargeDeclined')
  await is(declined.orderId, 'failed')
  await shop.payments.cancel({ orderId: ended.orderId })
  const toldBefore = await shop.loggedEvents()
  await shop.staff.refund(
    { paymentId: opened[0]!.paymentId, reason: 'goodwill' },
    { idempotencyKey: paid.orderId },
  )
  await eventually(async () => assert.ok((await shop.announced()).includes('payment.refunded')))
  const before = (await shop.loggedEvents()).length
  assert.equal(await shop.host.background!.republish('payment'), 1)
  const bare = (events: typeof toldBefore) => events.map(({ name, payload }) => ({ name, payload }))
  const told = (await shop.loggedEvents()).slice(before)
  assert.deepEqual(
    told.map(({ name }) => name),
    ['payment.succeeded', 'payment.failed', 'payment.cancelled'],
  )
  assert.deepEqual(bare(told), bare(toldBefore), 'the very same facts')
  assert(told.every(({ version }, n) => version >= toldBefore[n]!.version))
  assert.equal((await paymentRow(shop, waiting.orderId)).status, 'pending')
})
