import { SearchRefreshRequested } from '@stoa/contracts/search'
import type { Context } from './context.ts'
import { EngineLost } from './engines/engine.ts'

/** Between two calls for help: a load of a large catalogue takes as long. */
const ASK_EVERY_MS = 30_000

/** Does work on the index; when that is lost, help is asked for and nothing is left of the work: everything is read again. */
export async function unlessLost(ctx: Context, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(await isLostIndex(error, ctx))) throw error
  }
}

/** Whether an error says that this process has lost its index. If so, everything is to be read again: into a new one. */
export async function isLostIndex(error: unknown, ctx: Context): Promise<boolean> {
  if (!(error instanceof EngineLost)) return false
  const { rebuilds, catalogue } = ctx.resources
  const { replicaId } = catalogue
  const now = performance.now()
  if (rebuilds.lost && now - rebuilds.lost.askedAt < ASK_EVERY_MS) return true
  rebuilds.lost = { askedAt: now }
  ctx.log.error({ err: error }, 'the search index is lost and will be read again')
  await ctx.transaction(async (tx) =>
    tx.emit(SearchRefreshRequested, { what: 'documents', replicaId }, { version: 1 }),
  )
  return true
}
