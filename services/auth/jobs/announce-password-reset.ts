import { PasswordResetRequested } from '@stoa/contracts/auth'
import { Email, Id } from '@stoa/contracts/text'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { openPasswordReset } from '../password-resets.ts'

/** Looks up whose address it is, if anybody's, out of sight of who asked. Runs twice without asking for a second mail. */
export const announcePasswordReset = job({
  name: 'announce-password-reset',
  input: z.strictObject({ requestId: Id, email: Email }),
  handle: async ({ requestId, email }, ctx: Context) => {
    await ctx.transaction(async (tx) => {
      const opened = await openPasswordReset(tx.query, { requestId, email })
      if (opened)
        tx.emit(PasswordResetRequested, { userId: opened.userId, requestId }, { version: opened.version })
    })
  },
})
