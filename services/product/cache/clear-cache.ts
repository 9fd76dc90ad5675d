import { invalidInput } from '@stoa/contract'
import { CacheCleared, type cacheOperations } from '@stoa/contracts/product-cache'
import type { Handles } from '../context.ts'

export const clearCache: Handles<typeof cacheOperations.clearCache> = async (input, ctx) => {
  const { address, tag, all } = input
  if ([address, tag, all].filter((field) => field !== undefined).length !== 1)
    throw invalidInput({ field: 'address', message: 'or tag or all must be given, and only one of them' })
  if (address !== undefined && !address.startsWith('/'))
    throw invalidInput({ field: 'address', message: 'must be a path' })
  const what = { path: address ?? null, tag: tag ?? null, all: all ?? false }
  await ctx.transaction(async (tx) => {
    tx.audit({ subject: 'cache', before: null, after: what })
    // Nothing is kept of it: the moment is version enough, in seconds.
    tx.emit(CacheCleared, what, { version: Math.floor(ctx.now().getTime() / 1000) })
  })
  return null
}
