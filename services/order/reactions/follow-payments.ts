import { isDeepStrictEqual } from 'node:util'
import { PaymentFailed, PaymentSucceeded } from '@stoa/contracts/payment'
import { effect } from '@stoa/runtime'
import { announce } from '../announce.ts'
import type { Context } from '../context.ts'
import { confirmLate, confirmLateKey } from '../jobs/confirm-late.ts'
import { advance, type OrderFact, type OrderState, type Step } from '../order-lifecycle.ts'
import { type Heard, hearPayments, type PaymentWord } from '../orders.ts'
import { wordsOf } from '../payment-words.ts'

/**
 * Money came, or was refused. One statement takes the usual steps of a whole list; `advance` says of each whether it was right, and what to
 * announce. A payment that must ask for stock first is handed to a job.
 */
export const followPayments = effect({
  name: 'follow-payments',
  hears: [PaymentSucceeded, PaymentFailed],
  handle: async (facts, ctx: Context) => {
    const words = wordsOf(facts)
    const heard = await ctx.transaction(async (tx) => {
      const heard = await hearPayments(tx.query, words)
      for (const one of heard) {
        const word = words.find(({ orderId }) => orderId === one.orderId)!
        const step = stepOf(one.before, word)
        assertTaken(one, step)
        if (step?.kind === 'move') for (const said of step.announce) announce(tx, one.after!, said)
        if (step?.kind === 'reserve') {
          const { orderId, paymentId } = word
          tx.schedule(confirmLate, { orderId, paymentId }, { key: confirmLateKey(orderId) })
        }
      }
      return heard
    })
    const known = new Set(heard.map(({ orderId }) => orderId))
    for (const { orderId, paymentId, type } of words)
      if (!known.has(orderId)) ctx.log.error({ orderId, paymentId, type }, 'a payment speaks of no order')
  },
})

function stepOf(before: Heard['before'], word: PaymentWord): Step | undefined {
  const fact: OrderFact =
    word.type === 'declined'
      ? { type: 'declined', message: word.message }
      : { type: 'paid', paymentId: word.paymentId, stock: before.lapsed ? 'lapsed' : 'held' }
  return advance(before, fact)
}

/** The statement and the lifecycle are two writings of one rule: where they differ nothing is committed. */
function assertTaken({ orderId, after }: Heard, step: Step | undefined): void {
  const wanted = step?.kind === 'move' ? step.order : undefined
  if (!isDeepStrictEqual(wanted && pick(wanted), after && pick(after)))
    throw new Error(`order ${orderId} did not go where its lifecycle leads`)
}

const pick = ({ status, cancelReason, paymentProblem, paymentId, attempt, refundDue }: OrderState) => ({
  status,
  cancelReason,
  paymentProblem,
  paymentId,
  attempt,
  refundDue,
})
