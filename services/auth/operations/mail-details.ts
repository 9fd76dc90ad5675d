import { Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import type { Handles } from '../context.ts'
import type { MailLink } from '../mail-links.ts'
import { findForMail, type UserRow } from '../users.ts'

/** The token is null where there is nothing left to do: a confirmed address, a request that was answered or overtaken. */
export const mailDetails: Handles<typeof auth.operations.mailDetails> = async (
  { userId, purpose, requestId },
  ctx,
) => {
  const user = await findForMail(ctx.query, { userId, requestId })
  if (!user || user.disabled || (purpose === 'password-reset' && user.resetOpen === null))
    throw new Rejection('UNKNOWN_USER')
  const link = linkFor(user, purpose, requestId)
  return {
    email: user.email,
    name: user.name,
    token: link ? await ctx.resources.mailLinks.sign(link, ctx.now()) : null,
  }
}

function linkFor(
  user: UserRow & { resetOpen: boolean | null },
  purpose: 'welcome' | 'confirm-email' | 'password-reset',
  requestId: string | undefined,
): MailLink | undefined {
  if (purpose !== 'password-reset')
    return user.emailVerified ? undefined : { purpose: 'confirm-email', userId: user.userId }
  return user.resetOpen && requestId !== undefined ? { purpose, userId: user.userId, requestId } : undefined
}
