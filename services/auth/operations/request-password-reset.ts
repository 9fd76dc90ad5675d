import type { auth } from '@stoa/contracts/auth'
import { countAttempt, limits } from '../attempts.ts'
import type { Handles } from '../context.ts'
import { announcePasswordReset } from '../jobs/announce-password-reset.ts'

/** Only notes the wish. Whether there is an account is looked up by a job, so nothing that the caller can measure depends on it. */
export const requestPasswordReset: Handles<typeof auth.operations.requestPasswordReset> = async (
  { email },
  ctx,
) => {
  await countAttempt(ctx.query, limits.mail(email, ctx))
  const requestId = ctx.newId
  await ctx.transaction(async (tx) => tx.schedule(announcePasswordReset, { requestId, email }))
  return null
}
