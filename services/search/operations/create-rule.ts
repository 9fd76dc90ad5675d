import { Rejection } from '@stoa/contract'
import { MAX_RULES, SearchSettingsChanged, type search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { checkRule, insertRule } from '../rules.ts'
import { readTest } from '../settings.ts'

export const createRule: Handles<typeof search.operations.createRule> = async (input, ctx) => {
  checkRule(input)
  const ruleId = ctx.newId
  const test = await readTest(ctx.query)
  return ctx.transaction(async (tx) => {
    const rule = await insertRule(tx.query, { ...input, ruleId, max: MAX_RULES })
    if (!rule) throw new Rejection('TOO_MANY_RULES')
    tx.audit({ subject: `search:rule:${ruleId}`, version: rule.version, before: null, after: rule })
    tx.emit(SearchSettingsChanged, { test }, { version: rule.version })
    tx.answer(rule)
    ctx.setHeader('etag', `"${rule.version}"`)
    return rule
  })
}
