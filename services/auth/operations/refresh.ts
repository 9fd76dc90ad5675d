import { Rejection } from '@stoa/contract'
import { type auth, SessionEnded } from '@stoa/contracts/auth'
import { answerSession } from '../answer-session.ts'
import type { Handles } from '../context.ts'
import { forgetSession } from '../known-session.ts'
import { exchangeRefreshToken, newRefreshToken, revokeSession } from '../sessions.ts'

export const refresh: Handles<typeof auth.operations.refresh> = async ({ refreshToken: presented }, ctx) => {
  const refreshToken = newRefreshToken()
  const exchange = await exchangeRefreshToken(ctx.query, { presented, next: refreshToken })
  if (exchange.outcome === 'rotated') return answerSession({ ...exchange, refreshToken }, ctx)

  if (exchange.outcome === 'reused') {
    const { sessionId, user } = exchange
    await ctx.transaction(async (tx) => {
      const ended = await revokeSession(tx.query, sessionId)
      if (ended) tx.emit(SessionEnded, ended, { version: 1 })
    })
    await forgetSession(ctx, { userId: user.userId, sessionId })
    ctx.log.warn(
      { sessionId, userId: user.userId },
      'a refresh token was used again: it may have been stolen, so its session has ended',
    )
  }
  throw new Rejection('INVALID_REFRESH_TOKEN')
}
