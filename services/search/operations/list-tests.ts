import { invalidInput } from '@stoa/contract'
import type { RankingTest, search } from '@stoa/contracts/search'
import { Id } from '@stoa/contracts/text'
import type { z } from 'zod'
import type { Handles } from '../context.ts'
import { TEST_JSON } from '../ranking-tests.ts'

export const listTests: Handles<typeof search.operations.listTests> = async ({ limit, after }, ctx) => {
  if (after !== undefined && !Id.safeParse(after).success)
    throw invalidInput({ field: 'after', message: 'must be the `next` of a page' })
  const rows = await ctx.query<{ test: z.output<typeof RankingTest> }>(
    `select ${TEST_JSON} as test from search.tests t
     where test_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') order by test_id desc limit $2 + 1`,
    [after ?? null, limit],
  )
  const items = rows.slice(0, limit).map(({ test }) => test)
  return { items, next: rows.length > limit ? items.at(-1)!.testId : null }
}
