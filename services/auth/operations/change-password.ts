import { invalidInput, Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import { limits } from '../attempts.ts'
import type { Handles } from '../context.ts'
import { hashNewPassword, provesPassword } from '../credentials.ts'
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
  const replaced = await replacePassword(ctx.query, {
    user,
    sessionId: session.sessionId,
    passwordHash,
    limits: limited,
  })
  // Another change came first: the current password is another one by now.
  if (!replaced) throw new Rejection('WRONG_CREDENTIALS')
  return null
}
