import { search } from '@stoa/contracts/search'
import { defineService } from '@stoa/runtime'
import { config, needs, openResources } from './context.ts'
import { forgetOldRecords } from './jobs/forget-old-records.ts'
import { refreshSignals } from './jobs/refresh-signals.ts'
import { analytics } from './operations/analytics.ts'
import { changeRule } from './operations/change-rule.ts'
import { changeSettings } from './operations/change-settings.ts'
import { createRule } from './operations/create-rule.ts'
import { deleteRule } from './operations/delete-rule.ts'
import { explain } from './operations/explain.ts'
import { getRule } from './operations/get-rule.ts'
import { getSettings } from './operations/get-settings.ts'
import { listRules } from './operations/list-rules.ts'
import { listSettings } from './operations/list-settings.ts'
import { listTests } from './operations/list-tests.ts'
import { query } from './operations/query.ts'
import { rebuild } from './operations/rebuild.ts'
import { repeated } from './operations/repeated.ts'
import { rollBackSettings } from './operations/roll-back-settings.ts'
import { startTest } from './operations/start-test.ts'
import { status } from './operations/status.ts'
import { statusForStaff } from './operations/status-for-staff.ts'
import { stopTest } from './operations/stop-test.ts'
import { suggest } from './operations/suggest.ts'
import { track } from './operations/track.ts'
import { feedIndex } from './reactions/feed-index.ts'
import { feedStructure } from './reactions/feed-structure.ts'
import { followCatalogue } from './reactions/follow-catalogue.ts'
import { followSettings } from './reactions/follow-settings.ts'
import { followStructure } from './reactions/follow-structure.ts'
import { recordSalesReaction } from './reactions/record-sales.ts'

export default defineService({
  contract: search,
  needs,
  config,
  migrations: new URL('./migrations/', import.meta.url),
  resources: openResources,
  operations: {
    query,
    suggest,
    track,
    getSettings,
    changeSettings,
    listSettings,
    rollBackSettings,
    listRules,
    getRule,
    createRule,
    changeRule,
    deleteRule,
    explain,
    listTests,
    startTest,
    stopTest,
    analytics,
    rebuild,
    statusForStaff,
    status,
    repeated,
  },
  reactions: [
    followCatalogue,
    followSettings,
    followStructure,
    feedIndex,
    feedStructure,
    recordSalesReaction,
  ],
  jobs: [refreshSignals, forgetOldRecords],
})
