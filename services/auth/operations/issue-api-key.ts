import { Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import { insertApiKey, newApiKeySecret, recordedApiKey, toApiKey } from '../api-keys.ts'
import type { Handles } from '../context.ts'
import { checkGrantable } from '../grantable.ts'

export const issueApiKey: Handles<typeof auth.operations.issueApiKey> = async (
  { name, permissions, expiresInDays },
  ctx,
) => {
  const issuedBy = checkGrantable(ctx, permissions)
  const secret = newApiKeySecret()
  const apiKeyId = ctx.newId
  const row = await ctx.transaction(async (tx) => {
    const inserted = await insertApiKey(tx.query, {
      apiKeyId,
      name,
      permissions: [...new Set(permissions)].sort(),
      issuedBy,
      secret,
      expiresInDays,
    })
    if (!inserted) throw new Rejection('TOO_MANY_API_KEYS')
    tx.audit({
      subject: `api-key:${apiKeyId}`,
      version: inserted.version,
      before: null,
      after: recordedApiKey(inserted),
    })
    return inserted
  })
  ctx.setHeader('etag', `"${row.version}"`)
  return { apiKey: toApiKey(row), secret }
}
