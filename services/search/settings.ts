import type { Rule, SearchRanking, SearchSettings } from '@stoa/contracts/search'
import type { Query } from '@stoa/runtime'
import type { CategoryTree } from './category-tree.ts'
import type { MerchandisingRule as EngineRule } from './engines/engine.ts'
import { defaultRanking } from './ranking/default-settings.ts'

/** What a shop begins with, and whatever it has not changed. */
export const defaultSettings: SearchSettings = {
  language: 'en',
  synonyms: [],
  ranking: withoutVersion(defaultRanking),
}

export type VersionedSettings = SearchSettings & { readonly version: number }
export type RunningTest = {
  readonly testId: string
  readonly sharePercent: number
  readonly ranking: SearchRanking
}

/** All that decides how search answers, as it stands in the tables. */
export type SearchState = {
  readonly settings: VersionedSettings
  readonly rules: readonly EngineRule[]
  readonly ruleNames: ReadonlyMap<string, string>
  readonly test: RunningTest | null
  readonly popularQueries: readonly { readonly query: string; readonly count: number }[]
}

/** Searches of the last 30 days that make a query popular: below that it may be one person's. */
const POPULAR = 10
const MAX_POPULAR = 5_000

/** In one statement: all parts are of one moment. */
export async function readState(query: Query, tree: CategoryTree): Promise<SearchState> {
  const [row] = await query<StateRow>(READ_STATE)
  const { version, content, rules, test, popular } = row!
  return {
    settings: { ...defaultSettings, ...content, version },
    rules: (rules ?? []).flatMap((rule) => engineRule(rule, tree)),
    ruleNames: new Map((rules ?? []).map(({ ruleId, name }) => [ruleId, name])),
    test,
    popularQueries: popular ?? [],
  }
}

type StateRow = {
  version: number
  content: Partial<SearchSettings> | null
  rules: Rule[] | null
  test: RunningTest | null
  popular: { query: string; count: number }[] | null
}

/** SQL for the JSON of a rule of `search.rules r`. */
export const RULE_JSON = `json_build_object('ruleId', r.rule_id, 'version', r.version, 'name', r.name, 'query', r.query,
  'category', r.category, 'action', r.action, 'productIds', r.product_ids, 'brands', r.brands, 'categories', r.categories,
  'factor', r.factor, 'startsAt', ${iso('r.starts_at')}, 'endsAt', ${iso('r.ends_at')}, 'updatedAt', ${iso('r.updated_at')})`

export function iso(column: string): string {
  return `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

const READ_STATE = `
select s.version, s.content,
  (select json_agg(${RULE_JSON} order by r.rule_id) from search.rules r where r.ends_at is null or r.ends_at > now()) as rules,
  (select json_build_object('testId', t.test_id, 'sharePercent', t.share_percent, 'ranking', t.ranking)
    from search.tests t where t.status = 'running') as test,
  (select json_agg(json_build_object('query', query, 'count', count)) from (
    select query, sum(searches)::int as count from search.query_days
    where day > (now() at time zone 'utc')::date - 30
    group by query having sum(searches) >= ${POPULAR} and sum(zero_results) * 2 < sum(searches)
    order by count desc, query limit ${MAX_POPULAR}) p) as popular
from search.settings s order by s.version desc limit 1`

/** None when it names a category that is no longer there: a rule never means more than it says. */
function engineRule(rule: Rule, tree: CategoryTree): EngineRule[] {
  const pathOf = (slug: string) => tree.pathOf(slug)?.join('/')
  const when = rule.category === null ? undefined : pathOf(rule.category)
  if (rule.category !== null && when === undefined) return []
  const categories = rule.categories.flatMap((slug) => pathOf(slug) ?? [])
  if (categories.length < rule.categories.length && categories.length === 0) return []
  return [
    {
      ruleId: rule.ruleId,
      when: {
        ...(rule.query !== null && { query: rule.query }),
        ...(when !== undefined && { category: when }),
      },
      action: rule.action,
      products:
        rule.productIds.length > 0
          ? { ids: rule.productIds }
          : {
              filters: {
                ...(rule.brands.length > 0 && { brands: rule.brands }),
                ...(categories.length > 0 && { categories }),
              },
            },
      factor: rule.factor,
      ...(rule.startsAt !== null && { from: rule.startsAt }),
      ...(rule.endsAt !== null && { until: rule.endsAt }),
    },
  ]
}

function withoutVersion({ version: _, ...ranking }: typeof defaultRanking): SearchRanking {
  return ranking
}

type SettingsRow = { readonly version: number; readonly content: Partial<SearchSettings> | null }

export async function currentSettings(query: Query): Promise<VersionedSettings> {
  const [row] = await query<SettingsRow>(
    'select version, content from search.settings order by version desc limit 1',
  )
  return filled(row!)
}

export async function settingsOf(query: Query, version: number): Promise<VersionedSettings | undefined> {
  const [row] = await query<SettingsRow>('select version, content from search.settings where version = $1', [
    version,
  ])
  return row && filled(row)
}

const filled = ({ version, content }: SettingsRow): VersionedSettings => ({
  ...defaultSettings,
  ...content,
  version,
})

/** The test that runs, as events tell it. */
export async function readTest(query: Query): Promise<{ testId: string; sharePercent: number } | null> {
  const [row] = await query<{ testId: string; sharePercent: number }>(
    `select test_id as "testId", share_percent as "sharePercent" from search.tests where status = 'running'`,
  )
  return row ?? null
}
