import { invalidInput } from '@stoa/contract'
import type { search } from '@stoa/contracts/search'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30
/** A year and a day, leap years included: one row per day travels. */
const MAX_DAYS = 367
/** Nothing was counted before; the year 0 is none to PostgreSQL. */
const FIRST_DAY = '2000-01-01'

export const analytics: Handles<typeof search.operations.analytics> = async (input, ctx) => {
  for (const field of ['from', 'to'] as const)
    if (input[field] !== undefined && input[field] < FIRST_DAY)
      throw invalidInput({ field, message: `must not be before ${FIRST_DAY}` })
  await ctx.resources.recorder.flush()
  const to = input.to ?? ctx.now().toISOString().slice(0, 10)
  const from = input.from ?? new Date(Date.parse(to) - (DEFAULT_DAYS - 1) * DAY_MS).toISOString().slice(0, 10)
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1
  if (days < 1) throw invalidInput({ field: 'from', message: 'must not be later than to' })
  if (days > MAX_DAYS)
    throw invalidInput({ field: 'from', message: `must be at most ${MAX_DAYS} days before to` })
  const [row] = await ctx.query<{ json: string }>(REPORT, [from, to, input.limit])
  return new JsonText(row!.json)
}

const REPORT = `
with asked as materialized (
  select query, sum(searches)::int as searches, sum(zero_results)::int as zero_results, sum(clicks)::int as clicks,
    sum(conversions)::int as conversions
  from search.query_days where day between $1::date and $2::date group by query
),
list_top as (
  select query, searches, clicks, conversions from asked where searches > 0 order by searches desc, query limit $3
),
list_zero as (
  select query, zero_results from asked where zero_results > 0 order by zero_results desc, query limit $3
),
list_failing as (
  select query, searches, clicks from asked
  where searches >= 5 and zero_results * 2 < searches and clicks * 20 < searches order by searches desc, query limit $3
),
list_reformulations as (
  select from_query, to_query, sum(times)::int as times from search.reformulation_days
  where day between $1::date and $2::date group by from_query, to_query
  order by times desc, from_query, to_query limit $3
)
select json_build_object(
  'from', $1::date, 'to', $2::date,
  'days', coalesce((select json_agg(json_build_object('day', day, 'searches', searches, 'zeroResults', zero_results,
      'clicks', clicks, 'conversions', conversions) order by day)
    from search.days where day between $1::date and $2::date), '[]'),
  'clicksByPosition', coalesce((select json_agg(json_build_object('position', position, 'clicks', clicks) order by position)
    from (select position, sum(clicks)::int as clicks from search.position_days
      where day between $1::date and $2::date group by position) p), '[]'),
  'topQueries', coalesce((select json_agg(json_build_object('query', query, 'searches', searches, 'clicks', clicks,
      'conversions', conversions) order by searches desc, query) from list_top), '[]'),
  'zeroResultQueries', coalesce((select json_agg(json_build_object('query', query, 'searches', zero_results)
      order by zero_results desc, query) from list_zero), '[]'),
  'failingQueries', coalesce((select json_agg(json_build_object('query', query, 'searches', searches, 'clicks', clicks)
      order by searches desc, query) from list_failing), '[]'),
  'suggestedSynonyms', coalesce((select json_agg(json_build_object('from', from_query, 'to', to_query, 'times', times)
      order by times desc, from_query, to_query) from list_reformulations), '[]')
)::text as json`
