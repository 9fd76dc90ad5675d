import { type auth, SessionEnded } from '@stoa/contracts/auth'
import type { Handles } from '../context.ts'
import { forgetSession } from '../known-session.ts'
import { endSession } from '../sessions.ts'

/** Says nothing about the token: who has it knows enough, and who guesses learns nothing. */
export const logout: Handles<typeof auth.operations.logout> = async ({ refreshToken }, ctx) => {
  const ended = await ctx.transaction(async (tx) => {
    const ended = await endSession(tx.query, refreshToken)
    if (ended) tx.emit(SessionEnded, ended, { version: 1 })
    return ended
  })
  if (ended) await forgetSession(ctx, ended)
  return null
}
