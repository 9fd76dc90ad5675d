import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRejection, type Rejection } from '@stoa/contract'
import { payment } from '@stoa/contracts/payment'
import { eventually } from '@stoa/testing'
import { v7 } from 'uuid'
import { anOpening, confirm, paymentRow, startPaymentHost } from './testing.ts'

const refused = (promise: Promise<unknown>, operation: 'cancel' | 'create', code: string) =>
  assert.rejects(promise, (error) => {
    assert.ok(isRejection(error, payment.operations[operation], code as never), String(error))
    return true
  })

test('a cancelled payment cannot be paid at Stripe any more, and is announced once', async () => {
  await using shop = await startPaymentHost()
  const opening = anOpening()
  const { orderId } = opening
  const { clientSecret } = await shop.payments.create(opening)
  assert.deepEqual(await shop.payments.cancel({ orderId }), { cancelled: true })
  assert.deepEqual(await shop.payments.cancel({ orderId }), { cancelled: true })
  await assert.rejects(confirm(shop, clientSecret, 'pm_card_visa'), /canceled/)
  await refused(shop.payments.create(opening), 'create', 'PAYMENT_CANCELLED')
  await eventually(async () => assert.equal((await shop.control('GET', 'deliveries')).items.length, 1))
  assert.deepEqual(await shop.announced(), ['payment.cancelled'])
})

test('an order whose payment was never opened can be cancelled, and then has none', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const orderId = v7()
  assert.deepEqual(await shop.payments.cancel({ orderId }), { cancelled: true })
  assert.deepEqual(await shop.payments.cancel({ orderId }), { cancelled: true })
  await refused(shop.payments.create(anOpening({ orderId })), 'create', 'PAYMENT_CANCELLED')
  assert.deepEqual(await shop.announced(), ['payment.cancelled'])
  assert.deepEqual(await shop.staff.listForOrder({ orderId }), { items: [] })
  assert.equal((await shop.control('GET', 'counters')).calls, 0)
})

test('a paid order is not cancelled', async () => {
  await using shop = await startPaymentHost()
  const opening = anOpening()
  const { clientSecret } = await shop.payments.create(opening)
  await confirm(shop, clientSecret, 'pm_card_visa')
  await eventually(async () => assert.equal((await paymentRow(shop, opening.orderId)).status, 'succeeded'))
  await refused(shop.payments.cancel({ orderId: opening.orderId }), 'cancel', 'ALREADY_PAID')
})

test('money that we had not heard of is found by cancelling, and announced', async () => {
  await using shop = await startPaymentHost({ webhooks: false })
  const opening = anOpening()
  const { clientSecret } = await shop.payments.create(opening)
  await confirm(shop, clientSecret, 'pm_card_visa')
  await refused(shop.payments.cancel({ orderId: opening.orderId }), 'cancel', 'ALREADY_PAID')
  assert.equal((await paymentRow(shop, opening.orderId)).status, 'succeeded')
  assert.deepEqual(await shop.announced(), ['payment.succeeded'])
})

test('when Stripe is away nothing is promised, and the payment stays as it was', async () => {
  await using shop = await startPaymentHost()
  const opening = anOpening()
  await shop.payments.create(opening)
  await shop.control('POST', 'faults', { fail: { kind: 503, count: 3 } })
  await refused(shop.payments.cancel({ orderId: opening.orderId }), 'cancel', 'GATEWAY_UNAVAILABLE')
  assert.equal((await paymentRow(shop, opening.orderId)).status, 'pending')
  assert.deepEqual(await shop.payments.cancel({ orderId: opening.orderId }), { cancelled: true })
})

test('opening and cancelling at once: the payment is refused or cancelled, and can never be paid', async () => {
  await using shop = await startPaymentHost()
  for (const latencyMs of [0, 20, 60]) {
    await shop.control('POST', 'faults', { latencyMs })
    await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const opening = anOpening()
        const opened = shop.payments.create(opening).then(
          ({ clientSecret }) => clientSecret,
          (error: Rejection) => {
            assert.equal(error.code, 'PAYMENT_CANCELLED')
            return undefined
          },
        )
        await new Promise((resolve) => setTimeout(resolve, index * 10))
        assert.deepEqual(await shop.payments.cancel({ orderId: opening.orderId }), { cancelled: true })
        const clientSecret = await opened
        if (clientSecret) await assert.rejects(confirm(shop, clientSecret, 'pm_card_visa'), /canceled/)
        assert.equal((await paymentRow(shop, opening.orderId)).status, 'cancelled')
      }),
    )
  }
  const intents = (await shop.control('GET', 'payment_intents')).data as { status: string }[]
  assert.deepEqual(new Set(intents.map(({ status }) => status)), new Set(['canceled']))
  const announced = await shop.announced()
  assert.equal(announced.filter((name) => name === 'payment.cancelled').length, 18)
  assert.equal(announced.length, 18)
})

test('paying and cancelling at once: one of them wins, on both sides alike', async () => {
  await using shop = await startPaymentHost()
  for (let round = 0; round < 6; round += 1) {
    const opening = anOpening()
    const { clientSecret } = await shop.payments.create(opening)
    const [paid, cancelled] = await Promise.allSettled([
      confirm(shop, clientSecret, 'pm_card_visa'),
      shop.payments.cancel({ orderId: opening.orderId }),
    ])
    assert.notEqual(paid.status, cancelled.status)
    const status = paid.status === 'fulfilled' ? 'succeeded' : 'cancelled'
    await eventually(async () => assert.equal((await paymentRow(shop, opening.orderId)).status, status))
  }
})
