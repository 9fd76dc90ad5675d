import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyRefund } from './apply-refund.ts'
import type { PaymentState, RefundSnapshot, RefundState } from './payment-state.ts'

const PAYMENT_ID = '0198f3a0-0000-7000-8000-000000000001'

const aPayment = (given: Partial<PaymentState> = {}): PaymentState => ({
  paymentId: PAYMENT_ID,
  orderId: '0198f3a0-0000-7000-8000-000000000002',
  orderNumber: 'S-1',
  status: 'succeeded',
  amountMinor: 1000,
  currency: 'EUR',
  gatewayReference: 'pi_1',
  capturedMinor: 1000,
  refundingMinor: 0,
  refundedMinor: 0,
  failure: null,
  failedAt: null,
  ...given,
})

const aRefund = (status: RefundState['status']): RefundState => ({
  refundId: '0198f3a0-0000-7000-8000-000000000003',
  paymentId: PAYMENT_ID,
  amountMinor: 400,
  status,
  origin: 'staff',
  reason: 'Scratched',
  gatewayReference: null,
  problem: null,
  createdAt: new Date(0),
})

const told = (status: RefundSnapshot['status'], given: Partial<RefundSnapshot> = {}): RefundSnapshot => ({
  reference: 're_1',
  paymentReference: 'pi_1',
  refundId: undefined,
  amountMinor: 400,
  currency: 'EUR',
  status,
  problem: null,
  ...given,
})

test('a refund that went through moves from promised to refunded, and is booked and announced', () => {
  const outcome = applyRefund(aPayment({ refundingMinor: 400 }), aRefund('pending'), told('succeeded'))
  assert.deepEqual([outcome?.refundingMinor, outcome?.refundedMinor, outcome?.announced], [0, 400, true])
  assert.deepEqual(outcome?.entries, [
    { kind: 'refunded', debit: 'sales_returns', credit: 'gateway_clearing', amountMinor: 400 },
  ])
})

test('a refund that failed frees what was promised, and people are told', () => {
  const outcome = applyRefund(aPayment({ refundingMinor: 400 }), aRefund('pending'), told('failed'))
  assert.deepEqual([outcome?.refundingMinor, outcome?.refundedMinor, outcome?.announced], [0, 0, false])
  assert.deepEqual(outcome?.entries, [])
  assert.ok(outcome?.alarm)
})

test('a refund that bounces after it was confirmed is reversed in the books', () => {
  const outcome = applyRefund(aPayment({ refundedMinor: 400 }), aRefund('succeeded'), told('failed'))
  assert.equal(outcome?.refundedMinor, 0)
  assert.deepEqual(outcome?.entries, [
    { kind: 'refunded', debit: 'gateway_clearing', credit: 'sales_returns', amountMinor: 400 },
  ])
})

test('what is told twice, or late, changes nothing', () => {
  const paid = aPayment({ refundedMinor: 400 })
  assert.equal(applyRefund(paid, aRefund('succeeded'), told('succeeded')), undefined)
  assert.equal(applyRefund(paid, aRefund('succeeded'), told('pending')), undefined)
  assert.equal(applyRefund(aPayment(), aRefund('failed'), told('succeeded')), undefined)
  const known = { ...aRefund('pending'), gatewayReference: 're_1' }
  assert.equal(applyRefund(aPayment({ refundingMinor: 400 }), known, told('pending')), undefined)
})

test('a refund made in the dashboard enters the books', () => {
  const done = applyRefund(aPayment(), undefined, told('succeeded'))
  assert.deepEqual([done?.refundedMinor, done?.refund.origin, done?.entries.length], [400, 'gateway', 1])
  const begun = applyRefund(aPayment(), undefined, told('pending'))
  assert.deepEqual([begun?.refundingMinor, begun?.refundedMinor, begun?.entries.length], [400, 0, 0])
})

test('one that is more than what is left is not believed yet', () => {
  assert.throws(
    () => applyRefund(aPayment({ refundingMinor: 700 }), undefined, told('succeeded')),
    /does not fit/,
  )
})

test('what was given back of a mistaken charge was never in the books', () => {
  assert.equal(applyRefund(aPayment({ capturedMinor: 0 }), undefined, told('succeeded')), undefined)
})
