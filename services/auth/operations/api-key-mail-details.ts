import { Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import { findReminder } from '../api-keys.ts'
import type { Handles } from '../context.ts'

export const apiKeyMailDetails: Handles<typeof auth.operations.apiKeyMailDetails> = async (
  { userId },
  ctx,
) => {
  const reminder = await findReminder(ctx.query, userId)
  if (!reminder) throw new Rejection('UNKNOWN_USER')
  return {
    ...reminder,
    apiKeys: reminder.apiKeys.map(({ name, rotatedAt, expiresAt }) => ({
      name,
      rotatedAt: rotatedAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    })),
  }
}
