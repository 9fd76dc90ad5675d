import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { SOLD_DAYS } from '../records.ts'

const BATCH = 5_000
/** A million rows of a table a night. */
const MAX_BATCHES = 200

/** What goes when. Queries are words of people: they stay a month. Totals say nothing of anyone. */
const RETENTION = [
  ['query_days', `day < (now() at time zone 'utc')::date - 30`],
  ['reformulation_days', `day < (now() at time zone 'utc')::date - 30`],
  ['marks', `marked_at < now() - interval '7 days'`],
  ['sold', `day < (now() at time zone 'utc')::date - ${SOLD_DAYS}`],
  ['position_days', `day < (now() at time zone 'utc')::date - 731`],
  ['days', `day < (now() at time zone 'utc')::date - 731`],
  ['replicas', `seen_at < now() - interval '1 day'`],
  ['rules', `ends_at < now() - interval '90 days'`],
  ['settings', 'version < (select max(version) - 1000 from search.settings)'],
] as const

export const forgetOldRecords = job({
  name: 'forget-old-records',
  cron: '47 2 * * *',
  input: z.object({}),
  handle: async (_input, ctx: Context) => {
    for (const [table, old] of RETENTION) {
      for (let batch = 0; batch < MAX_BATCHES && !ctx.signal.aborted; batch += 1) {
        const rows = await ctx.query(
          `delete from search.${table} where ctid = any (array(select ctid from search.${table} where ${old} limit ${BATCH})) returning 1`,
        )
        if (rows.length < BATCH) break
      }
    }
  },
})
