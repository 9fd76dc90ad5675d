import { SearchRefreshRequested, type search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'

export const rebuild: Handles<typeof search.operations.rebuild> = async (_input, ctx) => {
  await ctx.transaction(async (tx) => {
    tx.audit({ subject: 'search:index', before: null, after: { rebuild: 'requested' } })
    tx.emit(SearchRefreshRequested, { what: 'documents' }, { version: 1 })
  })
  return null
}
