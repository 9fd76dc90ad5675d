import { randomBytes } from 'node:crypto'
import { Rejection } from '@stoa/contract'
import { type auth, CredentialsChanged } from '@stoa/contracts/auth'
import { revokeApiKeysOf } from '../api-keys.ts'
import type { Handles } from '../context.ts'
import { hashNewPassword } from '../credentials.ts'
import { forgetSessionsOf } from '../known-session.ts'
import { oneTimePassword as passwordFrom } from '../password.ts'
import { putStaff } from '../staff.ts'

export const addStaff: Handles<typeof auth.operations.addStaff> = async ({ email, role }, ctx) => {
  const oneTimePassword = passwordFrom(randomBytes(20))
  const passwordHash = await hashNewPassword({ password: oneTimePassword, field: 'password' }, ctx)
  const newId = ctx.newId
  const userId = await ctx.transaction(async (tx) => {
    const put = await putStaff(tx.query, { userId: newId, email, role, passwordHash })
    if (!put) throw new Rejection('EMAIL_TAKEN')
    tx.audit({ subject: `user:${put.userId}`, before: put.before, after: { role, disabled: false } })
    const { userId, credentialsVersion, version } = put
    if (put.before) {
      tx.emit(CredentialsChanged, { userId, credentialsVersion, keptSessionId: null }, { version })
      // One that was issued while the account was being disabled.
      await revokeApiKeysOf(tx, userId)
    }
    return put.userId
  })
  await forgetSessionsOf(ctx, userId)
  return { userId, oneTimePassword }
}
