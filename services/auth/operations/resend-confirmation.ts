import { Rejection } from '@stoa/contract'
import { type auth, EmailConfirmationRequested } from '@stoa/contracts/auth'
import { countAttempt, limits } from '../attempts.ts'
import type { Handles } from '../context.ts'
import { nextVersionOfUnconfirmed } from '../users.ts'

/** Nothing happens for an address that is confirmed already. */
export const resendConfirmation: Handles<typeof auth.operations.resendConfirmation> = async (_, ctx) => {
  const { actor, newId: requestId } = ctx
  if (actor.kind !== 'customer') throw new Rejection('FORBIDDEN')
  await countAttempt(ctx.query, limits.mail(actor.email, ctx))
  await ctx.transaction(async (tx) => {
    const version = await nextVersionOfUnconfirmed(tx.query, actor.id)
    if (version !== undefined)
      tx.emit(EmailConfirmationRequested, { userId: actor.id, requestId }, { version })
  })
  return null
}
