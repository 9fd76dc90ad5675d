import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { advance, type OrderFact, type OrderState } from './order-lifecycle.ts'
import { anOrderState } from './testing.ts'

const paymentId = '019a0000-0000-7000-8000-000000000001'
const paid = (stock: 'held' | 'lapsed' | 'taken' | 'refused' = 'held'): OrderFact => ({
  type: 'paid',
  paymentId,
  stock,
})
const declined = (message = 'No funds.'): OrderFact => ({ type: 'declined', message })
const ended = (reason: 'expired' | 'requested' | 'superseded' | 'payment-refused'): OrderFact => ({
  type: 'ended',
  reason,
})
const calledOff: OrderFact = { type: 'called-off' }

const pending = anOrderState()
const failed = anOrderState({ status: 'payment_failed', paymentProblem: 'No funds.' })
const confirmed = anOrderState({ status: 'confirmed', paymentId })
const cancelled = anOrderState({ status: 'cancelled', cancelReason: 'expired' })
const refunded = anOrderState({ ...cancelled, paymentId, refundDue: true })

const given = (order: OrderState) => ({
  when: (fact: OrderFact) => ({
    goes: (changes: Partial<OrderState>, ...announce: unknown[]) =>
      assert.deepEqual(advance(order, fact), { kind: 'move', order: { ...order, ...changes }, announce }),
    reserves: (attempt: number) => assert.deepEqual(advance(order, fact), { kind: 'reserve', attempt }),
    staysAsItIs: () => assert.equal(advance(order, fact), undefined),
  }),
})

const OVER = { type: 'cancelled', wasConfirmed: false }
const REFUND = { type: 'refund-due' }
const CONFIRMED = { type: 'confirmed' }

describe('a pending order', () => {
  it('is confirmed when it is paid in time', () =>
    given(pending).when(paid()).goes({ status: 'confirmed', paymentId }, CONFIRMED))
  it('asks for stock again when it is paid so late that its own may be gone', () =>
    given(pending).when(paid('lapsed')).reserves(2))
  it('is confirmed when there was stock again', () =>
    given(pending).when(paid('taken')).goes({ status: 'confirmed', paymentId, attempt: 2 }, CONFIRMED))
  it('is cancelled and refunded when there was none', () =>
    given(pending)
      .when(paid('refused'))
      .goes({ status: 'cancelled', cancelReason: 'out-of-stock', paymentId, refundDue: true }, OVER, REFUND))
  it('gives its stock back when the card is declined, and says why', () =>
    given(pending)
      .when(declined())
      .goes(
        { status: 'payment_failed', paymentProblem: 'No funds.' },
        { type: 'payment-failed', attempt: 1 },
      ))
  for (const reason of ['expired', 'requested', 'superseded', 'payment-refused'] as const)
    it(`ends when nobody can pay it any more: ${reason}`, () =>
      given(pending).when(ended(reason)).goes({ status: 'cancelled', cancelReason: reason }, OVER))
  it('cannot be called off as if it were paid', () => given(pending).when(calledOff).staysAsItIs())
})

describe('an order whose card was declined', () => {
  it('asks for stock again when another card pays it, whatever the clock says', () => {
    given(failed).when(paid()).reserves(2)
    given(failed).when(paid('lapsed')).reserves(2)
    given({ ...failed, attempt: 2 })
      .when(paid())
      .reserves(3)
  })
  it('is confirmed when there was stock', () =>
    given(failed)
      .when(paid('taken'))
      .goes({ status: 'confirmed', paymentProblem: null, paymentId, attempt: 2 }, CONFIRMED))
  it('is cancelled and refunded when there was none', () =>
    given(failed)
      .when(paid('refused'))
      .goes({ status: 'cancelled', cancelReason: 'out-of-stock', paymentId, refundDue: true }, OVER, REFUND))
  it('shows the newest reason when it is declined again, and announces nothing: its stock is back already', () => {
    given(failed).when(declined('Stolen card.')).goes({ paymentProblem: 'Stolen card.' })
    given(failed).when(declined()).staysAsItIs()
  })
  it('ends when its time is over', () =>
    given(failed).when(ended('expired')).goes({ status: 'cancelled', cancelReason: 'expired' }, OVER))
})

describe('a confirmed order', () => {
  for (const fact of [paid(), paid('lapsed'), paid('taken'), paid('refused'), declined(), ended('expired')])
    it(`stays so, whatever comes late or twice: ${JSON.stringify(fact)}`, () =>
      given(confirmed).when(fact).staysAsItIs())
  it('that is called off is cancelled, and its money goes back', () =>
    given(confirmed)
      .when(calledOff)
      .goes(
        { status: 'cancelled', cancelReason: 'requested', refundDue: true },
        { type: 'cancelled', wasConfirmed: true },
        REFUND,
      ))
})

describe('a cancelled order', () => {
  it('that is paid after all asks for the refund, once', () => {
    for (const stock of ['held', 'lapsed', 'taken', 'refused'] as const) {
      given(cancelled).when(paid(stock)).goes({ paymentId, refundDue: true }, REFUND)
      given(refunded).when(paid(stock)).staysAsItIs()
    }
  })
  for (const fact of [declined(), ended('requested'), calledOff])
    it(`stays so: ${fact.type}`, () => {
      given(cancelled).when(fact).staysAsItIs()
      given(refunded).when(fact).staysAsItIs()
    })
})
