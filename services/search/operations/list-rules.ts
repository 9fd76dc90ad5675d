import { invalidInput } from '@stoa/contract'
import type { Rule, search } from '@stoa/contracts/search'
import { Id } from '@stoa/contracts/text'
import type { Handles } from '../context.ts'
import { RULE_JSON } from '../settings.ts'

export const listRules: Handles<typeof search.operations.listRules> = async ({ limit, after }, ctx) => {
  if (after !== undefined && !Id.safeParse(after).success)
    throw invalidInput({ field: 'after', message: 'must be the `next` of a page' })
  const rows = await ctx.query<{ rule: Rule }>(
    `select ${RULE_JSON} as rule from search.rules r
     where rule_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') order by rule_id desc limit $2 + 1`,
    [after ?? null, limit],
  )
  const items = rows.slice(0, limit).map(({ rule }) => rule)
  return { items, next: rows.length > limit ? items.at(-1)!.ruleId : null }
}
