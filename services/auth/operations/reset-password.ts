import { Rejection } from '@stoa/contract'
import { type auth, CredentialsChanged, EmailConfirmed } from '@stoa/contracts/auth'
import { limits } from '../attempts.ts'
import type { Handles } from '../context.ts'
import { hashNewPassword, provesPassword } from '../credentials.ts'
import { forgetSessionsOf } from '../known-session.ts'
import { countAndFindPasswordReset, usePasswordReset } from '../password-resets.ts'

export const resetPassword: Handles<typeof auth.operations.resetPassword> = async (
  { token, password },
  ctx,
) => {
  const link = await ctx.resources.mailLinks.read(token, 'password-reset', ctx.now())
  if (!link) throw new Rejection('INVALID_TOKEN')
  const reset = await countAndFindPasswordReset(ctx.query, limits.resetPassword(ctx), link)
  if (!reset) throw new Rejection('INVALID_TOKEN')
  if (!reset.open) {
    // A repetition after a lost answer: what was wanted is the case.
    if (reset.justUsed && (await provesPassword(reset.user, password, ctx))) return null
    throw new Rejection('INVALID_TOKEN')
  }
  const passwordHash = await hashNewPassword({ password, field: 'password' }, ctx)
  const { requestId } = link
  const account = limits.login(reset.user.email, ctx).filter(({ kind }) => kind === 'login')
  const used = await ctx.transaction(async (tx) => {
    const changed = await usePasswordReset(tx.query, { requestId, passwordHash, limits: account })
    if (!changed) return undefined
    const { userId, credentialsVersion, version, confirmed } = changed
    tx.emit(CredentialsChanged, { userId, credentialsVersion, keptSessionId: null }, { version })
    if (confirmed) tx.emit(EmailConfirmed, { userId }, { version })
    return changed
  })
  if (!used) throw new Rejection('INVALID_TOKEN')
  await forgetSessionsOf(ctx, used.userId)
  return null
}
