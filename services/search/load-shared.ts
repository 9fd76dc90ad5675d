import { SearchRefreshRequested } from '@stoa/contracts/search'
import type { Context } from './context.ts'
import { missedChanges } from './missed-changes.ts'
import type { SharedCatalogue } from './shared-catalogue.ts'

/**
 * Nobody has filled the index that all share, or it was built by another version or under other settings, or what was told while it was not
 * in use is missing: asked for once in so long by each process.
 */
const ASK_EVERY_MS = 30_000

/** Rejects until the index answers, so that it is tried again. */
export async function loadShared(ctx: Context, shared: SharedCatalogue): Promise<void> {
  const { filled, outdated } = await shared.load(ctx)
  const { rebuilds, catalogue } = ctx.resources
  if (filled && !outdated && (await missedChanges(ctx.query)) === undefined) {
    rebuilds.askedAt = undefined
    return
  }
  const now = performance.now()
  if (rebuilds.askedAt === undefined || now - rebuilds.askedAt > ASK_EVERY_MS) {
    rebuilds.askedAt = now
    const { replicaId } = catalogue
    await ctx.transaction(async (tx) =>
      tx.emit(SearchRefreshRequested, { what: 'documents', replicaId }, { version: 1 }),
    )
  }
  if (!filled) throw new Error('the shared search index is being filled')
}

/** Of a process that does not reach the shared index, or not any more. */
const TRY_EVERY_MS = 2_000

/**
 * Tries again unless somebody has lately, where this process does not have the index, or where nobody has built another one yet: a process of
 * the version before this one hears that it was asked for and sees no reason. Nobody need wait for it.
 */
export async function retryShared(ctx: Context, shared: SharedCatalogue): Promise<void> {
  if (shared.ready && !shared.outdated) return
  const everyMs = shared.ready ? ASK_EVERY_MS : TRY_EVERY_MS
  if (performance.now() - shared.triedAt < everyMs) return
  shared.triedAt = performance.now()
  await loadShared(ctx, shared).catch(() => {})
}
