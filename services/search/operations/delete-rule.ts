import { SearchSettingsChanged, type search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { readRule } from '../rules.ts'
import { readTest } from '../settings.ts'

export const deleteRule: Handles<typeof search.operations.deleteRule> = async ({ ruleId }, ctx) => {
  const before = await readRule(ctx.query, ruleId)
  if (!before) return null
  const test = await readTest(ctx.query)
  await ctx.transaction(async (tx) => {
    await tx.query('delete from search.rules where rule_id = $1', [ruleId])
    tx.audit({ subject: `search:rule:${ruleId}`, before, after: null })
    tx.emit(SearchSettingsChanged, { test }, { version: before.version + 1 })
  })
  return null
}
