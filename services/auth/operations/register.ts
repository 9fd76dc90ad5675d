import { Rejection } from '@stoa/contract'
import { type auth, UserRegistered } from '@stoa/contracts/auth'
import { answerSession } from '../answer-session.ts'
import { limits } from '../attempts.ts'
import type { Context, Handles } from '../context.ts'
import { hashNewPassword, provesPassword } from '../credentials.ts'
import { isRegistrationKey, newRefreshToken, openAccount, openSession } from '../sessions.ts'
import { countAndFindByEmail, type UserRow } from '../users.ts'

export const register: Handles<typeof auth.operations.register> = async (input, ctx) => {
  const { email, password, name, idempotencyKey } = input
  const limited = limits.register(email, ctx)
  const holder = await countAndFindByEmail(ctx.query, limited, email)
  if (holder) return repeat(holder, input, ctx)

  const passwordHash = await hashNewPassword({ password, field: 'password' }, ctx)
  const refreshToken = newRefreshToken()
  const userId = ctx.newId
  const opened = await ctx.transaction(async (tx) => {
    const account = { userId, email, name, passwordHash, idempotencyKey, refreshToken }
    const created = await openAccount(tx.query, account)
    if (created) tx.emit(UserRegistered, { userId }, { version: 1 })
    return created
  })
  if (opened) return answerSession({ user: opened, sessionId: opened.sessionId, refreshToken }, ctx)

  // Somebody was faster: perhaps the same request, sent twice.
  const faster = await countAndFindByEmail(ctx.query, [], email)
  if (!faster) throw new Error('the account that was in the way is gone')
  return repeat(faster, input, ctx)
}

/** A session again for who repeats a registration, with the same key and password; a refusal for anybody else. */
async function repeat(
  user: UserRow,
  { password, idempotencyKey }: { password: string; idempotencyKey: string },
  ctx: Context,
) {
  if (!isRegistrationKey(user, idempotencyKey) || !(await provesPassword(user, password, ctx)))
    throw new Rejection('EMAIL_TAKEN')
  const refreshToken = newRefreshToken()
  const sessionId = await openSession(ctx.query, { user, limits: [], refreshToken })
  return answerSession({ user, sessionId, refreshToken }, ctx)
}
