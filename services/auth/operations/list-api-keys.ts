import { invalidInput } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import { Id } from '@stoa/contracts/text'
import { listApiKeyRows, toApiKey } from '../api-keys.ts'
import type { Handles } from '../context.ts'

export const listApiKeys: Handles<typeof auth.operations.listApiKeys> = async ({ after, limit }, ctx) => {
  if (after !== undefined && !Id.safeParse(after).success)
    throw invalidInput({ field: 'after', message: 'is not the `next` of a page' })
  const found = await listApiKeyRows(ctx.query, { after, limit: limit + 1 })
  const items = found.slice(0, limit).map(toApiKey)
  return { items, next: found.length > limit ? (items.at(-1)?.apiKeyId ?? null) : null }
}
