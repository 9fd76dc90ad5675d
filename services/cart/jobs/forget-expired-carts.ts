import { job } from '@stoa/runtime'
import { z } from 'zod'
import { forgetExpired } from '../carts.ts'
import type { Context } from '../context.ts'

const BITE_SIZE = 2_000
/** 400,000 carts an hour, in bites that lock nobody out for long. */
const MAX_BITES = 200

/** Retention: carts that nobody has touched for 30 days, and a day after they were ordered or merged. */
export const forgetExpiredCarts = job({
  name: 'forget-expired-carts',
  input: z.strictObject({}),
  cron: '23 * * * *',
  handle: async (_, ctx: Context) => {
    for (let bite = 0; bite < MAX_BITES && !ctx.signal.aborted; bite += 1)
      if ((await forgetExpired(ctx.query, BITE_SIZE)) < BITE_SIZE) return
  },
})
