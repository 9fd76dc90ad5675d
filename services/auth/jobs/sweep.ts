import { job } from '@stoa/runtime'
import { z } from 'zod'
import { sweepApiKeys } from '../api-keys.ts'
import { sweepAttempts } from '../attempts.ts'
import type { Context } from '../context.ts'
import { sweepPasswordResets } from '../password-resets.ts'
import { sweepSessions } from '../sessions.ts'

/** A million rows of each table a run, in bites that lock nobody out for long. */
const MAX_BITES = 100

/** Retention: what has lost its meaning goes. */
export const sweep = job({
  name: 'sweep',
  input: z.strictObject({}),
  cron: '23 * * * *',
  handle: async (_, ctx: Context) => {
    for (const bite of [sweepAttempts, sweepSessions, sweepPasswordResets, sweepApiKeys])
      for (let bites = 0; bites < MAX_BITES; bites += 1) if ((await bite(ctx.query)) === 0) break
  },
})
