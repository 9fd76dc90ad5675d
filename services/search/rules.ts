import { invalidInput } from '@stoa/contract'
import type { Rule } from '@stoa/contracts/search'
import type { Query } from '@stoa/runtime'
import { RULE_JSON } from './settings.ts'

export type RuleContent = Omit<Rule, 'ruleId' | 'version' | 'updatedAt'>

/** Refuses a rule that would say nothing, or two things. */
export function checkRule(rule: RuleContent): void {
  const byKind = rule.brands.length + rule.categories.length > 0
  if (rule.productIds.length > 0 === byKind)
    throw invalidInput({
      field: 'productIds',
      message: byKind
        ? 'cannot stand together with brands or categories'
        : 'or brands or categories must say which products are meant',
    })
  if (new Set(rule.productIds).size < rule.productIds.length)
    throw invalidInput({ field: 'productIds', message: 'must not name a product twice' })
  if (rule.startsAt !== null && rule.endsAt !== null && Date.parse(rule.endsAt) <= Date.parse(rule.startsAt))
    throw invalidInput({ field: 'endsAt', message: 'must be later than startsAt' })
}

export async function readRule(query: Query, ruleId: string): Promise<Rule | undefined> {
  const [row] = await query<{ rule: Rule }>(
    `select ${RULE_JSON} as rule from search.rules r where rule_id = $1`,
    [ruleId],
  )
  return row?.rule
}

/** Undefined when there are `max` already; what stands under the id already is left as it is. */
export async function insertRule(
  query: Query,
  { ruleId, max, ...rule }: RuleContent & { readonly ruleId: string; readonly max: number },
): Promise<Rule | undefined> {
  const [row] = await query<{ rule: Rule }>(
    `with added as (
       insert into search.rules (rule_id, name, query, category, action, product_ids, brands, categories, factor, starts_at, ends_at)
       select $1, $2, $3, $4, $5, $6::uuid[], $7::text[], $8::text[], $9, $10, $11
       where (select count(*) from search.rules) < $12
       on conflict (rule_id) do nothing returning *
     )
     select ${RULE_JSON} as rule from added r
     union all select ${RULE_JSON} from search.rules r where r.rule_id = $1`,
    [...values(ruleId, rule), max],
  )
  return row?.rule
}

/** Undefined when it is not there in this version. */
export async function updateRule(
  query: Query,
  { ruleId, version, ...rule }: RuleContent & { readonly ruleId: string; readonly version: number },
): Promise<Rule | undefined> {
  const [row] = await query<{ rule: Rule }>(
    `update search.rules r set version = r.version + 1, name = $2, query = $3, category = $4, action = $5,
       product_ids = $6::uuid[], brands = $7::text[], categories = $8::text[], factor = $9, starts_at = $10, ends_at = $11,
       updated_at = now()
     where rule_id = $1 and version = $12 returning ${RULE_JSON} as rule`,
    [...values(ruleId, rule), version],
  )
  return row?.rule
}

const values = (ruleId: string, rule: RuleContent): unknown[] => [
  ruleId,
  rule.name,
  rule.query,
  rule.category,
  rule.action,
  rule.productIds,
  rule.brands,
  rule.categories,
  rule.factor,
  rule.startsAt,
  rule.endsAt,
]
