import type { search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { readSearchId } from '../search-id.ts'

export const repeated: Handles<typeof search.operations.repeated> = async ({ items }, ctx) => {
  const day = ctx.now().toISOString().slice(0, 10)
  for (const { searchId, times } of items) {
    const answered = readSearchId(ctx.resources.secret, searchId, ctx.now())
    if (typeof answered === 'string' || answered.page !== 'first') continue
    const { query, testId, variant, found } = answered
    ctx.resources.recorder.count(
      { day, query, testId, variant },
      { searches: times, zeroResults: found ? 0 : times },
    )
  }
  return null
}
