import { Rejection } from '@stoa/contract'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { findPayment, takeUnfinished } from '../payments.ts'
import { takeLingeringRefunds, takeUnaskedRefunds } from '../refunds.ts'
import { compare } from './compare-payment.ts'
import { finishRefund } from './finish-refund.ts'

/** In five minutes, one after the other at some 300 ms each, with room to spare; the rest is due in the next run. */
const BATCH = 100

/**
 * Payments that stay unfinished for 10 minutes and refunds that linger for an hour are looked up at the gateway: a webhook may have been
 * lost. Refunds that have not reached it within an hour are made now: their job may have been given up.
 */
export const reconcile = job({
  name: 'reconcile',
  input: z.strictObject({}),
  cron: '*/5 * * * *',
  maxAttempts: 1,
  handle: async (_, ctx: Context) => {
    await makeUnaskedRefunds(ctx)
    const unfinished = (await takeUnfinished(ctx.query, BATCH)).map(({ paymentId }) => paymentId)
    for (const paymentId of [...unfinished, ...(await takeLingeringRefunds(ctx.query, BATCH))]) {
      const payment = await findPayment(ctx.query, paymentId)
      if (!payment) continue
      try {
        await compare(ctx, payment)
      } catch (error) {
        // The others would fare no better; each is due again later.
        if (error instanceof Rejection && error.code === 'GATEWAY_UNAVAILABLE') {
          ctx.log.warn({ paymentId }, 'reconciliation stopped: the gateway does not answer')
          return
        }
        ctx.log.error({ err: error, paymentId }, 'a payment could not be compared with the gateway')
      }
    }
  },
})

/** Under the key of the job that should have made it: one that still waits is brought forward. */
async function makeUnaskedRefunds(ctx: Context): Promise<void> {
  const refundIds = await takeUnaskedRefunds(ctx.query, BATCH)
  if (refundIds.length === 0) return
  await ctx.transaction(async (tx) => {
    for (const refundId of refundIds) tx.schedule(finishRefund, { refundId }, { key: `refund:${refundId}` })
  })
}
