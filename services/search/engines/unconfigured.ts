import { defaultRanking } from '../ranking/default-settings.ts'
import type { EngineSettings } from './engine.ts'

/** What an engine answers by before it is configured. */
export const unconfigured: EngineSettings = {
  version: 0,
  language: 'en',
  attributes: [],
  synonyms: [],
  rankings: { default: defaultRanking },
  rules: [],
  popularQueries: [],
}
