import { invalidInput, Rejection } from '@stoa/contract'
import { type auth, CredentialsChanged } from '@stoa/contracts/auth'
import { limits } from '../attempts.ts'
import type { Handles } from '../context.ts'
import { hashNewPassword, provesPassword } from '../credentials.ts'
import { forgetSessionsOf } from '../known-session.ts'
import { signedIn } from '../signed-in.ts'
import { countAndFindSignedIn, replacePassword } from '../users.ts'

export const changePassword: Handles<typeof auth.operations.changePassword> = async (
  { currentPassword, newPassword },
  ctx,
) => {
  const session = signedIn(ctx)
  if (currentPassword === newPassword)
    throw invalidInput({ field: 'newPassword', message: 'must differ from the current one' })
  const limited = limits.changePassword(session.userId, ctx)
  const user = await countAndFindSignedIn(ctx.query, limited, session)
  if (!user) throw new Rejection('SIGNED_OUT')
  if (!(await provesPassword(user, currentPassword, ctx))) {
    // A repetition after a lost answer: what was wanted is the case.
    if (await provesPassword(user, newPassword, ctx)) return null
    throw new Rejection('WRONG_CREDENTIALS')
  }
  const passwordHash = await hashNewPassword({ password: newPassword, field: 'newPassword' }, ctx)
  const { sessionId } = session
  const replaced = await ctx.transaction(async (tx) => {
    const changed = await replacePassword(tx.query, { user, sessionId, passwordHash, limits: limited })
    if (changed)
      tx.emit(CredentialsChanged, { ...changed, keptSessionId: sessionId }, { version: changed.version })
    return changed
  })
  // Another change came first: the current password is another one by now.
  if (!replaced) throw new Rejection('WRONG_CREDENTIALS')
  await forgetSessionsOf(ctx, session.userId)
  return null
}
