import { Rejection } from '@stoa/contract'
import { ApiKeyRevoked, type auth } from '@stoa/contracts/auth'
import { closeApiKey, readApiKey, recordedApiKey } from '../api-keys.ts'
import type { Handles } from '../context.ts'

export const revokeApiKey: Handles<typeof auth.operations.revokeApiKey> = async ({ apiKeyId }, ctx) => {
  const before = await readApiKey(ctx.query, apiKeyId)
  if (!before) throw new Rejection('UNKNOWN_API_KEY')
  if (before.revokedAt !== null) return null
  await ctx.transaction(async (tx) => {
    const after = await closeApiKey(tx.query, apiKeyId)
    tx.audit({
      subject: `api-key:${apiKeyId}`,
      ...(after && { version: after.version }),
      before: recordedApiKey(before),
      after: recordedApiKey(after ?? before),
    })
    if (after) tx.emit(ApiKeyRevoked, { apiKeyId }, { version: after.version })
  })
  return null
}
