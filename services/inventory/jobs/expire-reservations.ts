import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { expireReservations } from '../reservations.ts'

/** Keeps each statement, and the locks that it holds, short. */
const BATCH = 500
/** 50,000 a minute; what is left comes a minute later, and counts as available until then. */
const MAX_BATCHES = 100

/** Gives back what orders hold that were not paid in time. */
export const expireReservationsJob = job({
  name: 'expire-reservations',
  cron: '* * * * *',
  input: z.object({}),
  handle: async (_input, ctx: Context) => {
    let total = 0
    for (let batch = 0; batch < MAX_BATCHES && !ctx.signal.aborted; batch += 1) {
      const expired = await ctx.transaction((tx) => expireReservations(tx, { limit: BATCH }))
      total += expired
      if (expired < BATCH) break
    }
    if (total > 0) ctx.log.info({ expired: total }, 'gave back what unpaid orders held')
  },
})
