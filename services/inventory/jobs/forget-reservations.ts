import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { forgetReservations } from '../reservations.ts'

const BATCH = 5_000
/** A million a night. */
const MAX_BATCHES = 200

/** Retention: a closed reservation is deleted 90 days after its order was placed. The ledger keeps what happened. */
export const forgetReservationsJob = job({
  name: 'forget-reservations',
  cron: '17 3 * * *',
  input: z.object({}),
  handle: async (_input, ctx: Context) => {
    for (let batch = 0; batch < MAX_BATCHES && !ctx.signal.aborted; batch += 1)
      if ((await forgetReservations(ctx.query, { limit: BATCH })) < BATCH) break
  },
})
