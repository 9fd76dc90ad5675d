import { AttributeChanged, CategoryChanged } from '@stoa/contracts/product'
import { SearchRefreshRequested, SearchSettingsChanged } from '@stoa/contracts/search'
import { everywhere } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { unlessLost } from '../lost-index.ts'

/** Answers by the settings, rules, categories and attributes of now. Its own place in the log: a long rebuild holds up none of them. */
export const followSettings = everywhere({
  name: 'follow-settings',
  hears: [SearchSettingsChanged, SearchRefreshRequested, AttributeChanged, CategoryChanged],
  // However many there are, one reading answers them all: an import defines thousands of attributes.
  limit: 500,
  handle: (facts, ctx: Context) =>
    unlessLost(ctx, async () => {
      const { catalogue, holds, shared } = ctx.resources
      if (holds) await catalogue.configure(ctx)
      if (
        holds &&
        facts.some((fact) => fact.type === 'search.refresh-requested' && fact.payload.what === 'signals')
      )
        await catalogue.refreshSales(ctx)
      if (shared) await shared.configure(ctx)
    }),
})
