import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { sweepGatewayEvents } from '../payments.ts'

/** A million events a run, in bites that lock nobody out for long. */
const MAX_BITES = 100

/** Retention: webhook events go after 30 days. */
export const sweep = job({
  name: 'sweep',
  input: z.strictObject({}),
  cron: '17 3 * * *',
  handle: async (_, ctx: Context) => {
    for (let bite = 0; bite < MAX_BITES; bite += 1) if ((await sweepGatewayEvents(ctx.query)) === 0) return
  },
})
