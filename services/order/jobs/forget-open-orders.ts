import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { forgetOpenOrders as forget } from '../orders.ts'

const BITE_SIZE = 2_000
/** 400,000 orders a night, in bites that lock nobody out for long. */
const MAX_BITES = 200

/** Retention: which order a cart became is forgotten after 60 days; by then the cart itself is. */
export const forgetOpenOrders = job({
  name: 'forget-open-orders',
  input: z.strictObject({}),
  cron: '37 2 * * *',
  handle: async (_, ctx: Context) => {
    for (let bite = 0; bite < MAX_BITES && !ctx.signal.aborted; bite += 1)
      if ((await forget(ctx.query, BITE_SIZE)) < BITE_SIZE) return
  },
})
