import { Rejection } from '@stoa/contract'
import { SearchSettingsChanged, type search } from '@stoa/contracts/search'
import { changedSince } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { checkRule, readRule, updateRule } from '../rules.ts'
import { readTest } from '../settings.ts'

export const changeRule: Handles<typeof search.operations.changeRule> = async (input, ctx) => {
  checkRule(input)
  const subject = `search:rule:${input.ruleId}`
  const before = await readRule(ctx.query, input.ruleId)
  if (!before) throw new Rejection('RULE_NOT_FOUND')
  const test = await readTest(ctx.query)
  const rule = await ctx.transaction(async (tx) => {
    const after = await updateRule(tx.query, input)
    if (!after) return undefined
    tx.audit({ subject, version: after.version, before, after })
    tx.emit(SearchSettingsChanged, { test }, { version: after.version })
    return after
  })
  if (!rule) {
    const now = await readRule(ctx.query, input.ruleId)
    if (!now) throw new Rejection('RULE_NOT_FOUND')
    const changed = await changedSince(ctx.query, { schema: 'search', subject, version: input.version })
    throw new Rejection('STALE', { version: now.version, changed })
  }
  ctx.setHeader('etag', `"${rule.version}"`)
  return rule
}
