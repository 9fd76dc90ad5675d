import { AttributeChanged, CategoryChanged } from '@stoa/contracts/product'
import { SearchRefreshRequested, SearchSettingsChanged } from '@stoa/contracts/search'
import { projection } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { forgetMissedChanges, missedChanges } from '../missed-changes.ts'

/**
 * A rebuild of 200 million products: a cluster on two cores took 2,300 a second. Nothing hangs for so long: each call of it has a bound of its
 * own. What changes is brought meanwhile.
 */
const TIMEOUT_MS = 24 * 3_600_000

/** For an index that all processes share, what `follow-structure` does for one of a process's own: once for all of them. */
export const feedStructure = projection({
  name: 'feed-structure',
  hears: [CategoryChanged, AttributeChanged, SearchSettingsChanged, SearchRefreshRequested],
  limit: 500,
  timeoutMs: TIMEOUT_MS,
  handle: async (facts, ctx: Context) => {
    const { shared } = ctx.resources
    if (!shared) return
    const outdated = await shared.configure(ctx)
    const asked = facts.flatMap((fact) => (fact.type === 'search.refresh-requested' ? [fact.payload] : []))
    const missed = asked.length > 0 ? await missedChanges(ctx.query) : undefined
    // Of a process that found the index empty: others may have asked the same.
    const first = asked.some(({ what, replicaId }) => what === 'documents' && replicaId !== undefined)
    const wanted = asked.some(({ what, replicaId }) => what === 'documents' && replicaId === undefined)
    if (outdated || wanted || missed !== undefined || (first && !(await shared.engine.complete()))) {
      const replaced = await shared.rebuild(ctx)
      if (replaced && missed !== undefined) await forgetMissedChanges(ctx.query, missed)
    } else if (facts.some(({ type }) => type === 'product.category-changed'))
      await shared.refreshCategories(ctx)
    if (asked.some(({ what }) => what === 'signals')) await shared.refreshSales(ctx)
  },
})
