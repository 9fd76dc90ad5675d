import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { sweepNotifications } from '../notifications.ts'

/** A million rows a run, in bites that lock nobody out for long. */
const MAX_BITES = 100

/** Retention: what was sent is known for `RETENTION_DAYS`. */
export const sweep = job({
  name: 'sweep',
  input: z.strictObject({}),
  cron: '37 3 * * *',
  handle: async (_, ctx: Context) => {
    for (let bite = 0; bite < MAX_BITES; bite += 1) if ((await sweepNotifications(ctx.query)) === 0) return
  },
})
