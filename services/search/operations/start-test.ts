import { Rejection } from '@stoa/contract'
import { type RankingTest, SearchSettingsChanged, type search } from '@stoa/contracts/search'
import type { z } from 'zod'
import type { Handles } from '../context.ts'
import { TEST_JSON } from '../ranking-tests.ts'

export const startTest: Handles<typeof search.operations.startTest> = async (input, ctx) => {
  const { name, sharePercent, ranking } = input
  const testId = ctx.newId
  return ctx.transaction(async (tx) => {
    await tx.query(
      `insert into search.tests (test_id, name, status, share_percent, ranking) values ($1, $2, 'running', $3, $4::jsonb)
       on conflict do nothing`,
      [testId, name, sharePercent, JSON.stringify(ranking)],
    )
    const [row] = await tx.query<{ test: z.output<typeof RankingTest> }>(
      `select ${TEST_JSON} as test from search.tests t where test_id = $1`,
      [testId],
    )
    if (!row) throw new Rejection('TEST_RUNNING')
    tx.audit({ subject: `search:test:${testId}`, version: 1, before: null, after: input })
    tx.emit(SearchSettingsChanged, { test: { testId, sharePercent } }, { version: 1 })
    tx.answer(row.test)
    return row.test
  })
}
