import type { auth } from '@stoa/contracts/auth'
import { writeUses } from '../api-keys.ts'
import type { Handles } from '../context.ts'

export const noteApiKeyUses: Handles<typeof auth.operations.noteApiKeyUses> = async ({ items }, ctx) => {
  await writeUses(ctx.query, items)
  return null
}
