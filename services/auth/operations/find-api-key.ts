import type { auth } from '@stoa/contracts/auth'
import { findBySecret } from '../api-keys.ts'
import type { Handles } from '../context.ts'

export const findApiKey: Handles<typeof auth.operations.findApiKey> = async ({ digest }, ctx) => {
  const found = await findBySecret(ctx.query, digest)
  return { found: found ? { ...found, validUntil: found.validUntil.toISOString() } : null }
}
