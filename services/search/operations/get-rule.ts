import { Rejection } from '@stoa/contract'
import type { search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { readRule } from '../rules.ts'

export const getRule: Handles<typeof search.operations.getRule> = async ({ ruleId }, ctx) => {
  const rule = await readRule(ctx.query, ruleId)
  if (!rule) throw new Rejection('RULE_NOT_FOUND')
  ctx.setHeader('etag', `"${rule.version}"`)
  return rule
}
