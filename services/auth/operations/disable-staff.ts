import { Rejection } from '@stoa/contract'
import { type auth, CredentialsChanged } from '@stoa/contracts/auth'
import { revokeApiKeysOf } from '../api-keys.ts'
import type { Handles } from '../context.ts'
import { forgetSessionsOf } from '../known-session.ts'
import { closeStaff } from '../staff.ts'

export const disableStaff: Handles<typeof auth.operations.disableStaff> = async ({ email }, ctx) => {
  const userId = await ctx.transaction(async (tx) => {
    const closed = await closeStaff(tx.query, email)
    if (!closed) throw new Rejection('UNKNOWN_USER')
    const { userId, credentialsVersion, version, before } = closed
    tx.emit(CredentialsChanged, { userId, credentialsVersion, keptSessionId: null }, { version })
    if (!before.disabled)
      tx.audit({ subject: `user:${userId}`, before, after: { ...before, disabled: true } })
    await revokeApiKeysOf(tx, userId)
    return userId
  })
  await forgetSessionsOf(ctx, userId)
  return null
}
