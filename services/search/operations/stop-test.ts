import { Rejection } from '@stoa/contract'
import { type RankingTest, SearchSettingsChanged, type search } from '@stoa/contracts/search'
import type { z } from 'zod'
import type { Handles } from '../context.ts'
import { TEST_JSON } from '../ranking-tests.ts'

export const stopTest: Handles<typeof search.operations.stopTest> = async ({ testId }, ctx) =>
  ctx.transaction(async (tx) => {
    const stopped = await tx.query(
      `update search.tests set status = 'stopped', stopped_at = now(), version = version + 1
       where test_id = $1 and status = 'running' returning version`,
      [testId],
    )
    const [row] = await tx.query<{ test: z.output<typeof RankingTest> }>(
      `select ${TEST_JSON} as test from search.tests t where test_id = $1`,
      [testId],
    )
    if (!row) throw new Rejection('TEST_NOT_FOUND')
    const { status, version } = row.test
    tx.audit({
      subject: `search:test:${testId}`,
      version,
      before: { status: stopped.length > 0 ? 'running' : status },
      after: { status },
    })
    if (stopped.length > 0) tx.emit(SearchSettingsChanged, { test: null }, { version })
    return row.test
  })
