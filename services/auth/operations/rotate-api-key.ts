import { Rejection } from '@stoa/contract'
import { ApiKeyRotated, type auth } from '@stoa/contracts/auth'
import { changedSince } from '@stoa/runtime'
import { newApiKeySecret, readApiKey, recordedApiKey, replaceSecret, toApiKey } from '../api-keys.ts'
import type { Handles } from '../context.ts'
import { checkGrantable } from '../grantable.ts'

export const rotateApiKey: Handles<typeof auth.operations.rotateApiKey> = async (input, ctx) => {
  const { apiKeyId, version } = input
  const before = await readApiKey(ctx.query, apiKeyId)
  if (!before) throw new Rejection('UNKNOWN_API_KEY')
  const issuedBy = checkGrantable(ctx, before.permissions)
  const secret = newApiKeySecret()
  const subject = `api-key:${apiKeyId}`
  const row = await ctx.transaction(async (tx) => {
    const after = await replaceSecret(tx.query, { ...input, issuedBy, secret })
    if (!after) return undefined
    tx.emit(ApiKeyRotated, { apiKeyId }, { version: after.version })
    tx.audit({
      subject,
      version: after.version,
      before: recordedApiKey(before),
      after: recordedApiKey(after),
    })
    return after
  })
  if (!row) {
    const now = await readApiKey(ctx.query, apiKeyId)
    if (!now) throw new Rejection('UNKNOWN_API_KEY')
    if (now.revokedAt !== null) throw new Rejection('API_KEY_REVOKED')
    const changed = await changedSince(ctx.query, { schema: 'auth', subject, version })
    throw new Rejection('STALE', { version: now.version, changed })
  }
  ctx.setHeader('etag', `"${row.version}"`)
  return { apiKey: toApiKey(row), secret }
}
