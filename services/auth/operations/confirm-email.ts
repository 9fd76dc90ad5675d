import { Rejection } from '@stoa/contract'
import { type auth, EmailConfirmed } from '@stoa/contracts/auth'
import type { Handles } from '../context.ts'
import { forgetSessionsOf } from '../known-session.ts'
import { confirmAddress } from '../users.ts'

export const confirmEmail: Handles<typeof auth.operations.confirmEmail> = async ({ token }, ctx) => {
  const link = await ctx.resources.mailLinks.read(token, 'confirm-email', ctx.now())
  if (!link) throw new Rejection('INVALID_TOKEN')
  const { userId } = link
  await ctx.transaction(async (tx) => {
    const version = await confirmAddress(tx.query, userId)
    if (version !== undefined) tx.emit(EmailConfirmed, { userId }, { version })
  })
  await forgetSessionsOf(ctx, userId)
  return null
}
