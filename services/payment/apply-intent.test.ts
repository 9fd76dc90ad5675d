import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AMOUNT_MISMATCH, applyIntent, assumedPayment, UNPAID } from './apply-intent.ts'
import type { IntentSnapshot, PaymentState, Status } from './payment-state.ts'

const PAYMENT_ID = '0198f3a0-0000-7000-8000-000000000001'
const ORDER_ID = '0198f3a0-0000-7000-8000-000000000002'
const decline = (attempt: string) => ({ code: 'insufficient_funds', message: 'Not enough.', attempt })

const aPayment = (given: Partial<PaymentState> = {}): PaymentState => ({
  paymentId: PAYMENT_ID,
  orderId: ORDER_ID,
  orderNumber: 'S-1',
  status: 'pending',
  amountMinor: 1000,
  currency: 'EUR',
  gatewayReference: 'pi_1',
  capturedMinor: 0,
  refundingMinor: 0,
  refundedMinor: 0,
  failure: null,
  failedAt: null,
  ...given,
})

const anIntent = (given: Partial<IntentSnapshot> = {}): IntentSnapshot => ({
  reference: 'pi_1',
  paymentId: PAYMENT_ID,
  orderId: ORDER_ID,
  status: 'succeeded',
  received: { amountMinor: 1000, currency: 'EUR' },
  failure: null,
  at: undefined,
  ...given,
})

const declined = (attempt: string, at?: Date) =>
  anIntent({ status: 'failed', received: undefined, failure: decline(attempt), at })
const cancelled = anIntent({ status: 'cancelled', received: undefined })

test('a paid intent makes an unpaid payment succeeded, and books what was authorised and captured', () => {
  for (const status of UNPAID) {
    const outcome = applyIntent(aPayment({ status }), anIntent())
    assert.equal(outcome?.status, 'succeeded')
    assert.equal(outcome?.fact, 'succeeded')
    assert.equal(outcome?.capturedMinor, 1000)
    assert.deepEqual(
      outcome?.entries.map(({ kind, amountMinor }) => [kind, amountMinor]),
      [
        ['authorised', 1000],
        ['captured', 1000],
      ],
    )
  }
})

test('money that came for a cancelled payment is not denied', () => {
  assert.equal(applyIntent(aPayment({ status: 'cancelled' }), anIntent())?.fact, 'succeeded')
})

test('nothing changes a payment that succeeded', () => {
  const paid = aPayment({ status: 'succeeded', capturedMinor: 1000 })
  for (const intent of [anIntent(), declined('ch_1'), cancelled])
    assert.equal(applyIntent(paid, intent), undefined)
})

test('a cancelled payment is not failed afterwards, nor cancelled twice', () => {
  const ended = aPayment({ status: 'cancelled' })
  assert.equal(applyIntent(ended, declined('ch_1')), undefined)
  assert.equal(applyIntent(ended, cancelled), undefined)
})

test('the same try fails once; another try fails again', () => {
  const failed = aPayment({ status: 'failed', failure: decline('ch_1') })
  assert.equal(applyIntent(failed, declined('ch_1')), undefined)
  assert.equal(applyIntent(failed, declined('ch_2'))?.fact, 'failed')
})

test('an older failure that comes late changes nothing', () => {
  const failed = aPayment({ status: 'failed', failure: decline('ch_2'), failedAt: new Date(2000) })
  assert.equal(applyIntent(failed, declined('ch_1', new Date(1000))), undefined)
  assert.equal(applyIntent(failed, declined('ch_3', new Date(2000)))?.fact, 'failed')
})

test('an intent that waits changes nothing', () => {
  for (const status of ['open', 'requires_action', 'processing'] as const)
    assert.equal(applyIntent(aPayment(), anIntent({ status, received: undefined })), undefined)
})

for (const received of [
  { amountMinor: 999, currency: 'EUR' },
  { amountMinor: 1000, currency: 'USD' },
  undefined,
])
  test(`${received?.amountMinor} ${received?.currency} for 1000 EUR never confirms: it ends and goes back, once`, () => {
    const outcome = applyIntent(aPayment(), anIntent({ received }))
    assert.equal(outcome?.status, 'cancelled')
    assert.equal(outcome?.fact, 'cancelled')
    assert.equal(outcome?.giveBack, true)
    assert.equal(outcome?.failure?.code, AMOUNT_MISMATCH)
    assert.deepEqual(outcome?.entries, [])
    const ended = aPayment({ status: 'cancelled', failure: outcome?.failure ?? null })
    assert.equal(applyIntent(ended, anIntent({ received })), undefined)
  })

test('what is assumed of a paid intent decides as the row itself would, pending or failed', () => {
  const assumed = assumedPayment(anIntent())
  assert.ok(assumed)
  const rows = UNPAID.map((status: Status) =>
    aPayment({ status, ...(status === 'failed' ? { failure: decline('ch_1'), failedAt: new Date(1) } : {}) }),
  )
  for (const row of rows) assert.deepEqual(applyIntent(assumed, anIntent()), applyIntent(row, anIntent()))
})

test('nothing is assumed of an intent that is not paid, or does not say whose it is', () => {
  const doubtful: Partial<IntentSnapshot>[] = [
    { status: 'failed' },
    { paymentId: undefined },
    { orderId: undefined },
    { received: undefined },
  ]
  for (const doubt of doubtful) assert.equal(assumedPayment(anIntent(doubt)), undefined)
})
