import { Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import { readApiKey, toApiKey } from '../api-keys.ts'
import type { Handles } from '../context.ts'

export const getApiKey: Handles<typeof auth.operations.getApiKey> = async ({ apiKeyId }, ctx) => {
  const row = await readApiKey(ctx.query, apiKeyId)
  if (!row) throw new Rejection('UNKNOWN_API_KEY')
  ctx.setHeader('etag', `"${row.version}"`)
  return toApiKey(row)
}
