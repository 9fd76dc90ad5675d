import { Id } from '@stoa/contracts/text'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { carryOutRefund } from '../refunding.ts'

/** Makes a refund that was set aside and whose caller gave up or died. Tried for about three days. */
export const finishRefund = job({
  name: 'finish-refund',
  input: z.strictObject({ refundId: Id }),
  handle: async ({ refundId }, ctx: Context) => {
    await carryOutRefund(ctx, refundId)
  },
})
