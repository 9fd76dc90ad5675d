import { SearchRefreshRequested } from '@stoa/contracts/search'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'

/** Sales grow old and queries become popular: every process counts them anew, hourly. */
export const refreshSignals = job({
  name: 'refresh-signals',
  cron: '7 * * * *',
  input: z.object({}),
  handle: (_input, ctx: Context) =>
    ctx.transaction(async (tx) => tx.emit(SearchRefreshRequested, { what: 'signals' }, { version: 1 })),
})
