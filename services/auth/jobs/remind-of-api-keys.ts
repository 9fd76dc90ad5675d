import { ApiKeyRotationDue } from '@stoa/contracts/auth'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import { takeReminders } from '../api-keys.ts'
import type { Context } from '../context.ts'

/** Members of staff of one transaction, and transactions of one run. */
const BITE = 100
const MAX_BITES = 100

/** Daily, so that everybody hears a month after their own key was made, and once a month after that. Runs twice without a second mail. */
export const remindOfApiKeys = job({
  name: 'remind-of-api-keys',
  input: z.strictObject({}),
  cron: '7 8 * * *',
  handle: async (_, ctx: Context) => {
    for (let bites = 0; bites < MAX_BITES; bites += 1) {
      const taken = await ctx.transaction(async (tx) => {
        const due = await takeReminders(tx.query, BITE)
        for (const { userId } of due) tx.emit(ApiKeyRotationDue, { userId }, { version: 1 })
        return due.length
      })
      if (taken < BITE) return
    }
  },
})
