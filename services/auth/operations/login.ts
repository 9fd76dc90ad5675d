import { Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import { answerSession } from '../answer-session.ts'
import { limits } from '../attempts.ts'
import type { Handles } from '../context.ts'
import { provesPassword } from '../credentials.ts'
import { newRefreshToken, openSession } from '../sessions.ts'
import { countAndFindByEmail } from '../users.ts'

/** The same statement and the same hash whether or not there is an account, so that neither answer nor time tells. */
export const login: Handles<typeof auth.operations.login> = async ({ email, password }, ctx) => {
  const limited = limits.login(email, ctx)
  const user = await countAndFindByEmail(ctx.query, limited, email)
  const proved = await provesPassword(user, password, ctx)
  if (!user || !proved) throw new Rejection('WRONG_CREDENTIALS')

  const refreshToken = newRefreshToken()
  const sessionId = await openSession(ctx.query, { user, limits: limited, refreshToken })
  return answerSession({ user, sessionId, refreshToken }, ctx)
}
