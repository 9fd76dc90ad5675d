import { setTimeout as sleep } from 'node:timers/promises'
import { AttributeChanged, CategoryChanged } from '@stoa/contracts/product'
import { SearchRefreshRequested, SearchSettingsChanged } from '@stoa/contracts/search'
import { everywhere } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { unlessLost } from '../lost-index.ts'

/** A rebuild of a million products, and as much again. */
const TIMEOUT_MS = 400_000
/**
 * What a rebuild takes, four times, passes before the next one that nobody asked for: an import that defines attributes all along
 * spends at most a fifth of its time on them.
 */
const REST = 4

/** What changes many products at once: a category's name or place brings its products again; what is built into the index rebuilds it. */
export const followStructure = everywhere({
  name: 'follow-structure',
  hears: [CategoryChanged, AttributeChanged, SearchSettingsChanged, SearchRefreshRequested],
  // However many there are, one reading answers them all: an import defines thousands of attributes.
  limit: 500,
  timeoutMs: TIMEOUT_MS,
  handle: async (facts, ctx: Context) => {
    const { catalogue, rebuilds, holds } = ctx.resources
    if (!holds) return
    if (rebuilds.lost) {
      catalogue.reopen()
      await catalogue.load(ctx)
      rebuilds.lost = undefined
      // What changed meanwhile may have been put before the index was told how it is built.
      if (catalogue.outdated) await catalogue.rebuild(ctx)
      return
    }
    await catalogue.loaded(ctx.signal)
    const asked = facts.some(
      ({ type, payload }) =>
        type === 'search.refresh-requested' &&
        payload.what === 'documents' &&
        // Whoever asks by his own name misses the index that all share.
        payload.replicaId === undefined,
    )
    await unlessLost(ctx, () => follow(ctx, asked))
  },
})

async function follow(ctx: Context, asked: boolean): Promise<void> {
  const { catalogue, rebuilds } = ctx.resources
  await catalogue.configure(ctx)
  if (asked || catalogue.outdated) {
    if (!asked) await sleep(Math.max(0, rebuilds.restUntil - performance.now()), undefined, ctx)
    const startedAt = performance.now()
    await catalogue.rebuild(ctx)
    rebuilds.restUntil = performance.now() + REST * (performance.now() - startedAt)
  } else await catalogue.refreshCategories(ctx)
}
