import { Rejection } from '@stoa/contract'
import { Id } from '@stoa/contracts/text'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'

/** Pays back in full what the gateway took by mistake. It was never in the books. */
export const giveBack = job({
  name: 'give-back',
  input: z.strictObject({ paymentId: Id, reference: z.string() }),
  handle: async ({ paymentId, reference }, ctx: Context) => {
    try {
      await ctx.resources.gateway.refund(
        {
          key: `give-back-${paymentId}`,
          paymentReference: reference,
          refundId: undefined,
          amount: undefined,
        },
        ctx.signal,
      )
    } catch (error) {
      if (!(error instanceof Rejection) || error.code !== 'GATEWAY_REFUSED') throw error
      ctx.log.error(
        { paymentId, refused: error.data },
        'a mistaken charge was not paid back: do it in the gateway’s dashboard',
      )
    }
  },
})
