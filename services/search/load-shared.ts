import { SearchRefreshRequested } from '@stoa/contracts/search'
import type { Context } from './context.ts'
import type { SharedCatalogue } from './shared-catalogue.ts'

/** Nobody has filled the index that all share: asked for once in so long by each process. */
const ASK_EVERY_MS = 30_000

/** Rejects until the index answers, so that it is tried again. */
export async function loadShared(ctx: Context, shared: SharedCatalogue): Promise<void> {
  if (await shared.load(ctx)) return
  const { rebuilds, catalogue } = ctx.resources
  const now = performance.now()
  if (rebuilds.askedAt === undefined || now - rebuilds.askedAt > ASK_EVERY_MS) {
    rebuilds.askedAt = now
    const { replicaId } = catalogue
    await ctx.transaction(async (tx) =>
      tx.emit(SearchRefreshRequested, { what: 'documents', replicaId }, { version: 1 }),
    )
  }
  throw new Error('the shared search index is being filled')
}
