import { iso } from './settings.ts'

/** SQL for the JSON of a ranking test of `search.tests t`, with what came of each ranking. */
export const TEST_JSON = `json_build_object('testId', t.test_id, 'name', t.name, 'status', t.status,
  'sharePercent', t.share_percent, 'ranking', t.ranking, 'startedAt', ${iso('t.started_at')}, 'stoppedAt', ${iso('t.stopped_at')},
  'version', t.version, 'results', (
    select json_agg(json_build_object('variant', v.variant, 'searches', coalesce(r.searches, 0),
      'zeroResults', coalesce(r.zero_results, 0), 'clicks', coalesce(r.clicks, 0), 'conversions', coalesce(r.conversions, 0))
      order by v.variant desc)
    from (values ('default'), ('challenger')) v (variant)
    left join search.test_results r on r.test_id = t.test_id and r.variant = v.variant))`
